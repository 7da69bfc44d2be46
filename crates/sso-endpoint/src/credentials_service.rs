//! Checks a request and responds to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use sso_provider::CredentialsCache;

use crate::answer::{self, Refusal};
use crate::token::AuthorizationToken;

/// The credentials to serve, by path, and the token that clients must send.
#[derive(Debug)]
pub(crate) struct CredentialsService {
    token: AuthorizationToken,
    paths: BTreeMap<String, CredentialsCache>,
}

impl CredentialsService {
    pub(crate) fn new(
        token: AuthorizationToken,
        paths: BTreeMap<String, CredentialsCache>,
    ) -> Self {
        Self { token, paths }
    }

    pub(crate) fn token(&self) -> &AuthorizationToken {
        &self.token
    }

    /// Responds to a request that arrived at `local_address`. Calls `on_authorized` if the request
    /// has the token, before waiting for credentials. Does not read the body.
    pub(crate) async fn answer<B>(
        &self,
        request: &Request<B>,
        local_address: SocketAddr,
        on_authorized: impl FnOnce(),
    ) -> Response<Full<Bytes>> {
        let credentials = match self.check(request, local_address) {
            Ok(credentials) => credentials,
            Err(refusal) => return answer::refusal(&refusal),
        };
        on_authorized();
        match credentials.retrieve().await {
            Ok(credentials) => answer::credentials(&credentials),
            Err(error) => answer::refusal(&Refusal::NoCredentials(error.into())),
        }
    }

    /// Checks the request and returns the credentials of its path. Checks the path last, so that a
    /// client without the token does not learn which paths are served.
    fn check<B>(
        &self,
        request: &Request<B>,
        local_address: SocketAddr,
    ) -> Result<&CredentialsCache, Refusal> {
        if !names_address(request, local_address) {
            return Err(Refusal::WrongHost);
        }
        if request.method() != Method::GET {
            return Err(Refusal::WrongMethod);
        }
        let token = single_header(request.headers(), &AUTHORIZATION);
        if !token.is_some_and(|token| self.token.matches(token.as_bytes())) {
            return Err(Refusal::WrongToken);
        }
        self.paths.get(request.uri().path()).ok_or(Refusal::UnknownPath)
    }
}

/// Returns `true` if the request names this address as its host. In a DNS rebinding attack, a web
/// page's host name resolves to this address, and the browser sends that name.
fn names_address<B>(request: &Request<B>, local_address: SocketAddr) -> bool {
    // On a socket for IPv6 and IPv4, the address of an IPv4 connection is `[::ffff:127.0.0.1]`.
    let canonical = SocketAddr::new(local_address.ip().to_canonical(), local_address.port());
    let addresses = [local_address.to_string(), canonical.to_string()];
    let is_address = |host: &[u8]| {
        addresses.iter().any(|address| {
            host == address.as_bytes()
                || address.strip_suffix(":80").is_some_and(|address| host == address.as_bytes())
        })
    };
    let authority = request.uri().authority();
    single_header(request.headers(), &HOST).is_some_and(|host| is_address(host.as_bytes()))
        && authority.is_none_or(|authority| is_address(authority.as_str().as_bytes()))
}

/// Returns the value of a header if it occurs exactly once.
fn single_header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_accepted(host: &str, uri: &str) -> bool {
        let request = Request::get(uri).header(HOST, host).body(()).unwrap();
        names_address(&request, "127.0.0.1:8080".parse().unwrap())
    }

    #[test]
    fn only_the_address_itself_is_accepted_as_host() {
        assert!(is_accepted("127.0.0.1:8080", "/x"));
        assert!(is_accepted("127.0.0.1:8080", "http://127.0.0.1:8080/x"));
        for host in [
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.2:8080",
            "localhost:8080",
            "evil.example:8080",
            "127.0.0.1.evil.example:8080",
            "a@127.0.0.1:8080",
            "127.0.0.1:8080,127.0.0.1:8080",
            "[::1]:8080",
            "[127.0.0.1]:8080",
            "",
        ] {
            assert!(!is_accepted(host, "/x"), "{host:?}");
        }
        assert!(!is_accepted("127.0.0.1:8080", "http://evil.example/x"));
    }

    #[test]
    fn two_host_headers_are_rejected() {
        let request = Request::get("/x").header(HOST, "127.0.0.1:1").header(HOST, "127.0.0.1:1");
        assert!(!names_address(&request.body(()).unwrap(), "127.0.0.1:1".parse().unwrap()));
    }

    #[test]
    fn a_host_without_the_default_port_and_an_ipv6_host_are_accepted() {
        let accepts = |host: &str, address: &str| {
            let request = Request::get("/x").header(HOST, host).body(()).unwrap();
            names_address(&request, address.parse().unwrap())
        };
        assert!(accepts("169.254.170.2", "169.254.170.2:80"));
        assert!(accepts("[::1]:9", "[::1]:9"));
        assert!(accepts("127.0.0.1:9", "[::ffff:127.0.0.1]:9"));
        assert!(accepts("[::ffff:127.0.0.1]:9", "[::ffff:127.0.0.1]:9"));
    }
}
