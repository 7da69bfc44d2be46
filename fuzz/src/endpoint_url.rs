//! Endpoint URLs that a user configured: a token goes to the named host and to no other.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use http::Uri;
use http::uri::Authority;
use sso_http::{CreateToken, Endpoint, GetRoleCredentials, Oidc, Portal};
use sso_types::{AccessToken, AccountId, ClientSecret, RefreshToken, RoleName};
use tower::Service as _;

use super::Verdict;
use super::answer::{Answer, at_once};
use super::leak::{MARK, shown};

const ORIGIN: &str = "a fuzz target";

pub fn check(input: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(input) else { return Verdict::Refused };
    let endpoint = match text
        .parse::<Endpoint>()
        .map(|it| it.with_origin(ORIGIN))
        .map_err(|it| it.with_origin(ORIGIN))
    {
        Ok(endpoint) => endpoint,
        Err(error) => {
            let shown = shown(&error);
            assert!(shown.contains(ORIGIN) && !shown.contains(MARK), "{shown}");
            return Verdict::Refused;
        }
    };
    let url = endpoint.url();
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    assert_eq!(authority, endpoint.host());
    assert!(!authority.is_empty() && !path.ends_with('/'), "{url:?}");
    let strange = |c: char| c.is_control() || c.is_whitespace() || "@?#\\".contains(c);
    assert!(!authority.contains(strange), "{url:?}");
    assert!(!path.contains(|c: char| c.is_control() || "?# ".contains(c)), "{url:?}");
    match scheme {
        "https" => {}
        "http" => assert!(is_this_machine(authority), "{url:?} shows the token to the network"),
        _ => panic!("{url:?}"),
    }
    assert!(text.len() >= url.len() && text.to_lowercase().contains(&authority.to_lowercase()));
    let again =
        url.parse::<Endpoint>().expect("an endpoint's URL can be set again").with_origin(ORIGIN);
    assert_eq!(again, endpoint);
    asks_there(&endpoint, scheme, authority, path);
    Verdict::Accepted
}

fn asks_there(endpoint: &Endpoint, scheme: &str, authority: &str, path: &str) {
    let answer = Answer::new(b"x 500");
    let asked: Arc<Mutex<Vec<Uri>>> = Arc::default();
    let role_credentials = GetRoleCredentials::new(
        AccessToken::new("t"),
        AccountId::new("1&role_name=x").expect("an account id"),
        RoleName::new("../a?b#c").expect("a role name"),
    );
    let portal =
        Portal::with_endpoint(answer.service(&asked), endpoint.clone()).call(role_credentials);
    at_once(portal).expect_err("500 is not a success");
    let refresh = CreateToken::refresh_token("c", ClientSecret::new("s"), RefreshToken::new("r"));
    let oidc = Oidc::with_endpoint(answer.service(&asked), endpoint.clone()).call(refresh);
    at_once(oidc).expect_err("500 is not a success");
    let operations = [
        ("/federation/credentials", "role_name=..%2Fa%3Fb%23c&account_id=1%26role_name%3Dx"),
        ("/token", ""),
    ];
    let asked = asked.lock().expect("the lock is not poisoned");
    // If the URL and the operation's path are too long together, no request is sent.
    if asked.len() < operations.len() {
        assert!(endpoint.url().len() > 60_000, "not sent to {endpoint:?}");
        return;
    }
    for (uri, (operation, query)) in asked.iter().zip(operations) {
        assert_eq!(uri.scheme_str(), Some(scheme));
        assert_eq!(uri.authority().map(Authority::as_str), Some(authority));
        assert_eq!(uri.path(), format!("{path}{operation}"));
        assert_eq!(uri.query().unwrap_or_default(), query);
    }
}

/// Parses the host as the standard library does, not as a resolver would.
fn is_this_machine(authority: &str) -> bool {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let address = bracketed.split(']').next().unwrap_or_default();
        return address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    }
    let host = authority.split(':').next().unwrap_or_default();
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}
