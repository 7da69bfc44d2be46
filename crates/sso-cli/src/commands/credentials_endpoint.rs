//! The container credentials endpoint of one or more profiles, for `exec --renew` and `serve`.

use std::net::SocketAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sso_endpoint::Endpoint;

use crate::context::SelectedProfile;
use crate::failure::Failure;
use crate::stop_signals::StopSignals;

/// The variables that AWS SDKs read.
pub(super) const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
pub(super) const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
pub(super) const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// All characters but the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Starts an endpoint that serves each profile at its own path. Fails if a signal to stop arrives first.
///
/// Call [`wait_for_refresh`] in the end, also after an error.
pub(super) async fn start(
    profiles: &[SelectedProfile],
    address: SocketAddr,
    allow_non_loopback: bool,
    stop: &mut StopSignals,
) -> Result<Endpoint, Failure> {
    let mut endpoint = Endpoint::builder().allow_non_loopback(allow_non_loopback);
    for profile in profiles {
        endpoint =
            endpoint.provider(path_of(&profile.name), profile.providers.credentials_provider()?);
    }
    tokio::select! {
        endpoint = endpoint.bind(address) => endpoint.map_err(Failure::from),
        () = stop.received() => Err(Failure::EndpointInterrupted),
    }
}

/// Waits until no token is being refreshed, because interrupting a refresh could end the login.
pub(super) async fn wait_for_refresh(profiles: &[SelectedProfile]) {
    for profile in profiles {
        profile.providers.token_provider().wait_for_refresh().await;
    }
}

/// Returns the path of a profile's credentials.
pub(super) fn path_of(profile: &str) -> String {
    format!("/{}", utf8_percent_encode(profile, RESERVED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_profile_name_is_one_segment_of_a_path() {
        assert_eq!(path_of("devsso"), "/devsso");
        assert_eq!(path_of("Org/Role (prod)"), "/Org%2FRole%20%28prod%29");
        assert_eq!(path_of("ä"), "/%C3%A4");
    }
}
