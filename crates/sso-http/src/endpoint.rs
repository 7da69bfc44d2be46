//! The base URL of a service, derived from a region or configured.

mod partition;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use http::Uri;
use sso_types::{Region, StartUrl};

/// The base URL of the SSO portal or of SSO OIDC, and the setting that it comes from.
///
/// An endpoint is derived from a region, or parsed from a URL that overrides the region's endpoint.
/// Such a URL must be `https`, because an access token must not cross a network unencrypted. `http`
/// is allowed only for this machine (`localhost`, 127.0.0.0/8, `[::1]`). The path of the URL is
/// prepended to the paths of the operations. A URL with user information, a query or a fragment is
/// an error.
///
/// ```
/// use sso_http::Endpoint;
///
/// let endpoint: Endpoint = "http://localhost:4566".parse()?;
/// let endpoint = endpoint.with_origin("AWS_ENDPOINT_URL (environment)");
/// # Ok::<(), sso_http::EndpointError>(())
/// ```
///
/// Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Arc<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    /// Scheme, authority and path, without a slash at the end.
    base: String,
    /// The position of host and port in `base`.
    authority: std::ops::Range<usize>,
    /// `true` if the endpoint is not the region's.
    is_override: bool,
    /// The setting that the endpoint comes from.
    origin: Option<String>,
}

/// The variant of a region's endpoint, as selected by AWS's settings `use_fips_endpoint` and
/// `use_dualstack_endpoint`. By default, neither is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct EndpointVariant {
    /// The endpoint with FIPS 140 validated cryptography.
    pub fips: bool,
    /// The endpoint that supports both IPv6 and IPv4.
    pub dual_stack: bool,
}

impl EndpointVariant {
    /// Selects the endpoint with FIPS 140 validated cryptography.
    #[must_use]
    pub fn with_fips(self, fips: bool) -> Self {
        Self { fips, ..self }
    }

    /// Selects the endpoint that supports both IPv6 and IPv4.
    #[must_use]
    pub fn with_dual_stack(self, dual_stack: bool) -> Self {
        Self { dual_stack, ..self }
    }

    /// Returns the variant of the SSO OIDC endpoint for logins at `start_url` and their refreshes.
    /// It is also dual-stack if the start URL is that of a dual-stack portal.
    #[must_use]
    pub fn for_oidc(self, start_url: &StartUrl) -> Self {
        self.with_dual_stack(self.dual_stack || start_url.is_dual_stack_portal())
    }
}

/// An endpoint URL that cannot be used. The message does not contain the URL, which may contain a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint URL{} cannot be used: {reason}", set_by(origin.as_deref()))]
pub struct EndpointError {
    origin: Option<String>,
    reason: &'static str,
}

impl EndpointError {
    /// Sets the name of the setting that holds the URL. The message then contains "set by ORIGIN".
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }
}

fn set_by(origin: Option<&str>) -> String {
    origin.map_or_else(String::new, |origin| format!(" set by {origin}"))
}

impl Endpoint {
    /// Returns the SSO portal's endpoint of a region: `https://portal.sso.{region}.{suffix}`.
    pub fn portal(region: &Region, variant: EndpointVariant) -> Self {
        Self::of_region("portal.sso", region, variant)
    }

    /// Returns the SSO OIDC endpoint of a region: `https://oidc.{region}.{suffix}`.
    pub fn oidc(region: &Region, variant: EndpointVariant) -> Self {
        Self::of_region("oidc", region, variant)
    }

    /// Sets the name of the setting that overrides the region's endpoint, such as
    /// `AWS_ENDPOINT_URL (environment)`. Errors of calls to the endpoint then contain "was set by
    /// ORIGIN".
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).origin = Some(origin.into());
        self
    }

    /// The URL, without a slash at the end: `https://portal.sso.eu-central-1.amazonaws.com`.
    pub fn url(&self) -> &str {
        &self.0.base
    }

    /// The host, and the port if the URL has one.
    pub fn host(&self) -> &str {
        self.0.base.get(self.0.authority.clone()).unwrap_or_default()
    }

    /// Returns `true` if the endpoint is not the region's.
    pub fn is_override(&self) -> bool {
        self.0.is_override
    }

    /// The name of the setting, as given to [`Endpoint::with_origin`].
    pub fn origin(&self) -> Option<&str> {
        self.0.origin.as_deref()
    }

    /// Returns the URL of an operation. `path_and_query` begins with a slash and is already
    /// encoded.
    pub(crate) fn join(&self, path_and_query: &str) -> Result<Uri, http::uri::InvalidUri> {
        format!("{}{path_and_query}", self.0.base).parse()
    }

    fn of_region(service: &str, region: &Region, variant: EndpointVariant) -> Self {
        let partition = partition::of(region);
        let suffix =
            if variant.dual_stack { partition.dual_stack_dns_suffix } else { partition.dns_suffix };
        // In GovCloud the ordinary IPv4 endpoints are the FIPS endpoints, so there are none with
        // `-fips` in the name.
        let plain = partition.name == "aws-us-gov" && !variant.dual_stack;
        let fips = if variant.fips && !plain { "-fips" } else { "" };
        let authority = format!("{service}{fips}.{region}.{suffix}");
        Self::assemble("https", &authority, "", false)
    }

    fn assemble(scheme: &str, authority: &str, path: &str, is_override: bool) -> Self {
        let start = scheme.len() + "://".len();
        Self(Arc::new(Parts {
            base: format!("{scheme}://{authority}{path}"),
            authority: start..start + authority.len(),
            is_override,
            origin: None,
        }))
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(url: &str) -> Result<Self, EndpointError> {
        let uri = check(url).map_err(|reason| EndpointError { origin: None, reason })?;
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        Ok(Self::assemble(scheme, authority, uri.path().trim_end_matches('/'), true))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.0.base)
            .field("origin", &self.0.origin)
            .finish()
    }
}

/// Returns `true` if the host of a URL is this machine. Uses no resolver.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || bare.unwrap_or(host).parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

fn check(url: &str) -> Result<Uri, &'static str> {
    // http::Uri accepts non-ASCII characters. They would be sent unencoded, and could control a
    // terminal that displays the URL.
    if !url.is_ascii() {
        return Err("it holds characters that must be percent-encoded");
    }
    // http::Uri drops a fragment without an error.
    if url.contains('#') {
        return Err("it has a fragment");
    }
    let uri: Uri = url.parse().map_err(|_| "it is not a URL")?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or("it has no host")?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err("it holds a user name or password");
    }
    if uri.query().is_some() {
        return Err("it has a query");
    }
    // http::Uri ignores an invalid port, so the request would be sent to the default port. Colons
    // within brackets belong to an IPv6 address.
    let after_host = authority.rsplit(']').next().unwrap_or_default();
    if after_host.contains(':') && uri.port_u16().is_none() {
        return Err("its port is not a number up to 65535");
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if is_loopback(host) => Ok(uri),
        Some("http") => Err("plain http is allowed only for this machine (localhost, 127.0.0.1, \
            [::1]), because it sends the access token unencrypted; use https"),
        _ => Err("it does not begin with https:// or http://"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overridden(url: &str) -> Result<String, String> {
        url.parse::<Endpoint>()
            .map(|endpoint| endpoint.url().to_owned())
            .map_err(|error| error.with_origin("a test").to_string())
    }

    #[test]
    fn https_urls_and_http_urls_of_this_machine_are_accepted() {
        for (url, kept) in [
            ("https://sso.example.com", "https://sso.example.com"),
            ("https://sso.example.com/", "https://sso.example.com"),
            ("https://sso.example.com:8443/base/path/", "https://sso.example.com:8443/base/path"),
            ("HTTPS://sso.example.com/a%20b", "https://sso.example.com/a%20b"),
            ("http://localhost:4566", "http://localhost:4566"),
            ("http://LOCALHOST", "http://LOCALHOST"),
            ("http://127.0.0.1:1/x", "http://127.0.0.1:1/x"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("https://example.com:65535", "https://example.com:65535"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ] {
            assert_eq!(overridden(url).as_deref(), Ok(kept), "{url}");
        }
    }

    #[test]
    fn other_urls_are_rejected_with_a_reason() {
        for (url, reason) in [
            ("", "it is not a URL"),
            ("sso.example.com", "it does not begin with https:// or http://"),
            ("/path", "it has no host"),
            ("ftp://sso.example.com", "it does not begin with https:// or http://"),
            ("https://", "it is not a URL"),
            ("https://a b", "it is not a URL"),
            ("https://example.com/\u{9b}", "it holds characters that must be percent-encoded"),
            ("https://a\r\nb", "it is not a URL"),
            ("https://example.com/#/", "it has a fragment"),
            ("https://example.com/?a=b", "it has a query"),
            ("https://user:MARK@example.com", "it holds a user name or password"),
            ("https://MARK@example.com", "it holds a user name or password"),
            ("http://localhost@evil.example", "it holds a user name or password"),
            ("https://example.com:65536", "its port is not a number up to 65535"),
            ("http://127.0.0.1:99999", "its port is not a number up to 65535"),
            ("https://example.com:8443x/base", "its port is not a number up to 65535"),
            ("https://[2001:db8::1]:x", "its port is not a number up to 65535"),
            ("https://example.com:", "its port is not a number up to 65535"),
            ("https://example.com:-1", "its port is not a number up to 65535"),
        ] {
            let error = overridden(url).unwrap_err();
            assert!(error.ends_with(reason), "{url:?}: {error}");
            assert!(error.contains("set by a test") && !error.contains("MARK"), "{error}");
        }
        for url in [
            "http://example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.1",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "http://localhost.",
        ] {
            assert!(overridden(url).unwrap_err().contains("plain http"), "{url}");
        }
    }

    #[test]
    fn an_endpoint_knows_its_host_and_setting() {
        let endpoint =
            "https://a.example:7/base".parse::<Endpoint>().unwrap().with_origin("a test");
        assert_eq!((endpoint.host(), endpoint.origin()), ("a.example:7", Some("a test")));
        assert!(endpoint.is_override());
        let unnamed: Endpoint = "https://a.example".parse().unwrap();
        assert_eq!((unnamed.origin(), unnamed.is_override()), (None, true));
        let region = Region::new("eu-central-1").unwrap();
        assert!(!Endpoint::portal(&region, EndpointVariant::default()).is_override());
        let error = "http://example.com".parse::<Endpoint>().unwrap_err().to_string();
        assert!(error.starts_with("the endpoint URL cannot be used: plain http"), "{error}");
        assert_eq!(endpoint.join("/token").unwrap(), "https://a.example:7/base/token");
    }
}
