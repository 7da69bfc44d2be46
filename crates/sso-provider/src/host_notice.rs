//! The warning about a token for another host than that of the start URL.

use std::sync::atomic::{AtomicBool, Ordering};

use sso_cache::CachedToken;
use sso_types::StartUrl;

/// Records whether the warning was given.
#[derive(Debug, Default)]
pub(crate) struct HostNotice(AtomicBool);

impl HostNotice {
    /// Warns if the token is for another host. The token is used anyway, because a portal can have
    /// several host names.
    pub(crate) fn warn_once(&self, expected: &StartUrl, token: &CachedToken) {
        let Some(found) = token.start_url() else { return };
        if !host(expected.as_str()).eq_ignore_ascii_case(host(found))
            && !self.0.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "the access token is for the start URL {found:?}, which has another host than the \
                 configured {:?}",
                expected.as_str()
            );
        }
    }
}

/// Returns the host of a URL, with its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_without_path_and_fragment() {
        for (url, expected) in [
            ("https://d-1.awsapps.com/start", "d-1.awsapps.com"),
            ("https://d-1.awsapps.com/start#/", "d-1.awsapps.com"),
            ("https://d-1.awsapps.com#x", "d-1.awsapps.com"),
            ("http://localhost:8080", "localhost:8080"),
            ("d-1", "d-1"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
