//! The proxy that the environment configures for a request.
//!
//! hyper-util matches hosts and parses URLs. This module adds errors for URLs that hyper-util would
//! ignore, ports in `NO_PROXY`, and the rule for loopback addresses.

use std::fmt;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use sso_types::Environment;

use super::build_error::BuildError;
use super::no_proxy::NoProxy;
use crate::endpoint::is_loopback;
use crate::{BoxError, ProxyProblem, TransportError};

/// The proxy configuration of a client; no proxy by default.
///
/// It applies only to `https`, since plain `http` is only sent to this machine. So `HTTP_PROXY` has
/// no effect. This also protects a CGI program, whose clients can set that variable ("httpoxy").
#[derive(Debug, Default)]
pub(super) struct Proxies {
    https: Option<Configured>,
    no_proxy: NoProxy,
}

/// A proxy and the variable that names it.
#[derive(Debug, Clone)]
struct Configured {
    variable: &'static str,
    intercept: Intercept,
}

/// The proxy of one request.
pub(super) struct Proxy {
    variable: &'static str,
    /// Scheme, host and port.
    pub(super) uri: Uri,
    /// The value of `Proxy-Authorization`.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxies {
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, BuildError> {
        let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let no_proxy = match environment.var("no_proxy")? {
            Some(list) => Some(list),
            None => environment.var("NO_PROXY")?,
        };
        Ok(Self {
            https: configured(environment, &names)?,
            no_proxy: NoProxy::new(no_proxy.unwrap_or_default()),
        })
    }

    /// Returns the proxy for a request to `uri`, if there is one.
    pub(super) fn of(&self, uri: &Uri) -> Option<Proxy> {
        if uri.scheme_str() != Some("https") {
            return None;
        }
        let configured = self.https.as_ref()?;
        let proxy = configured.intercept.uri();
        // A proxy on another machine would connect to its own loopback address.
        let unreachable =
            uri.host().is_some_and(is_loopback) && !proxy.host().is_some_and(is_loopback);
        if unreachable || self.no_proxy.contains(uri) {
            return None;
        }
        Some(Proxy {
            variable: configured.variable,
            uri: proxy.clone(),
            authorization: configured.intercept.basic_auth().cloned(),
        })
    }
}

impl Proxy {
    /// Returns the error for a request to `service` that failed because of this proxy.
    pub(super) fn error(
        &self,
        service: &Uri,
        problem: ProxyProblem,
        status: Option<u16>,
        source: Option<BoxError>,
    ) -> TransportError {
        TransportError::Proxy {
            proxy: self.url(),
            variable: self.variable.to_owned(),
            host: service.host().unwrap_or_default().to_owned(),
            problem,
            status,
            source: source.map(Into::into),
        }
    }

    /// The URL of the proxy: scheme, host and port, without credentials.
    fn url(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}")
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (set by {})", self.url(), self.variable)
    }
}

/// Parses the first of these variables that is set.
fn configured(
    environment: &Environment,
    variables: &[&'static str],
) -> Result<Option<Configured>, BuildError> {
    for &variable in variables {
        if let Some(url) = environment.var(variable)? {
            let intercept = parse(url).map_err(|reason| BuildError::Proxy { variable, reason })?;
            return Ok(Some(Configured { variable, intercept }));
        }
    }
    Ok(None)
}

/// Parses the URL of a proxy. An invalid URL must be an error, since hyper-util would ignore it and
/// connect directly.
fn parse(url: &str) -> Result<Intercept, &'static str> {
    let intercept = Matcher::builder()
        .all(url.trim())
        .build()
        .intercept(&Uri::from_static("https://any.invalid"))
        .ok_or("it is not the URL of a proxy, such as http://proxy.example.com:3128")?;
    let uri = intercept.uri();
    if uri.scheme_str().is_some_and(|scheme| scheme.starts_with("socks")) {
        return Err("SOCKS proxies are not supported; use an HTTP proxy");
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err("it has no host");
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // User and password end at the first @. If the password contained an @, its rest would become
    // part of the host, and be shown in errors.
    if authority.contains('@') {
        return Err("its user or password holds an @; write that as %40");
    }
    // A URL's authority ends at the first of these characters. If the password contained one, the
    // user would become the host, and the beginning of the password the port.
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    if after_scheme.split_once(['/', '?', '#']).is_some_and(|(_, rest)| rest.contains('@')) {
        return Err("its user or password holds a /, ? or #; write that as %2F, %3F or %23");
    }
    let after_host = authority.rsplit(']').next().unwrap_or_default();
    if after_host.contains(':') && uri.port_u16().is_none() {
        return Err("its port is not a number up to 65535");
    }
    Ok(intercept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&str, &str)], url: &'static str) -> Result<Option<String>, BuildError> {
        let environment: Environment = variables.iter().copied().collect();
        let proxies = Proxies::from_environment(&environment)?;
        Ok(proxies
            .of(&Uri::from_static(url))
            .map(|proxy| format!("{} {}", proxy.variable, proxy.uri)))
    }

    const SERVICE: &str = "https://portal.sso.us-east-1.amazonaws.com/x";

    #[test]
    fn lower_case_and_https_proxy_take_precedence() {
        let through = |variables: &[(&str, &str)]| proxy(variables, SERVICE).unwrap();
        assert_eq!(through(&[]), None);
        assert_eq!(
            through(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")]).unwrap(),
            "https_proxy http://b:2/"
        );
        assert_eq!(
            through(&[("HTTPS_PROXY", "a:1"), ("ALL_PROXY", "http://b:2")]).unwrap(),
            "HTTPS_PROXY http://a:1/"
        );
        assert_eq!(through(&[("ALL_PROXY", "https://b")]).unwrap(), "ALL_PROXY https://b/");
        assert_eq!(through(&[("HTTP_PROXY", "http://a:1")]), None);
        assert_eq!(through(&[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "amazonaws.com")]), None);
        assert!(through(&[("HTTPS_PROXY", "http://a%2Fb:c%23d@a:1/")]).is_some());
        assert!(through(&[("HTTPS_PROXY", "a"), ("no_proxy", "x"), ("NO_PROXY", "*")]).is_some());
    }

    #[test]
    fn a_loopback_address_is_reached_only_through_a_loopback_proxy() {
        let local = "https://127.0.0.1:4566/x";
        assert_eq!(proxy(&[("HTTPS_PROXY", "http://proxy.example:1")], local).unwrap(), None);
        assert_eq!(proxy(&[("HTTPS_PROXY", "http://10.0.0.1:1")], local).unwrap(), None);
        assert!(proxy(&[("HTTPS_PROXY", "http://[::1]:1")], local).unwrap().is_some());
        assert!(proxy(&[("HTTPS_PROXY", "http://127.0.0.1:1")], SERVICE).unwrap().is_some());
    }

    #[test]
    fn plain_http_never_uses_a_proxy() {
        for variable in ["http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            for local in ["http://127.0.0.1:4566/x", "http://localhost/x", "http://[::1]/x"] {
                let through = proxy(&[(variable, "http://127.0.0.1:1")], local).unwrap();
                assert_eq!(through, None, "{variable} {local}");
            }
        }
        // A variable without an effect is not checked.
        assert_eq!(proxy(&[("HTTP_PROXY", "socks5://x")], SERVICE).unwrap(), None);
    }

    #[test]
    fn an_invalid_proxy_url_is_an_error_that_does_not_show_it() {
        for (value, reason) in [
            ("http://MARK proxy", "it is not the URL"),
            ("ftp://MARK", "it is not the URL"),
            ("http://", "it is not the URL"),
            ("/MARK", "it is not the URL"),
            ("socks5://MARK:1080", "SOCKS"),
            ("http://user:pa@MARK@proxy:3128", "write that as %40"),
            ("http://user:MARK@proxy:99999", "its port"),
            ("http://user:12#MARK@proxy:3128", "write that as %2F"),
            ("http://user:12/MARK@proxy:3128", "write that as %2F"),
            ("http://user:12?MARK@proxy:3128", "write that as %2F"),
        ] {
            let error = proxy(&[("HTTPS_PROXY", value)], SERVICE).unwrap_err().to_string();
            assert!(error.contains("HTTPS_PROXY") && error.contains(reason), "{value}: {error}");
            assert!(!error.contains("MARK"), "{error}");
        }
    }
}
