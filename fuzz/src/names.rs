//! Regions, account IDs, role names, session names and start URLs: an accepted name can be sent safely.

use std::fmt::Display;
use std::sync::{Arc, Mutex};

use http::Uri;
use sso_cache::{CacheKey, role_cache_key};
use sso_http::{Endpoint, EndpointVariant, GetRoleCredentials, Portal};
use sso_types::{AccessToken, AccountId, NameError, Region, RoleName, SessionName, StartUrl};
use tower::Service as _;

use super::Verdict;
use super::answer::{Answer, at_once};
use super::leak::shown;

/// The domains of AWS's own hosts.
const SUFFIXES: [&str; 16] = [
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
    "amazonwebservices.eu",
    "amazonwebservices.com.cn",
];

pub fn check(input: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(input) else { return Verdict::Refused };
    let region = taken(text, Region::new(text));
    let account_id = taken(text, AccountId::new(text));
    let role_name = taken(text, RoleName::new(text));
    let session = taken(text, SessionName::new(text));
    let start_url = taken(text, StartUrl::new(text));
    if let Some(region) = &region {
        hosts(region);
    }
    let (Some(account_id), Some(role_name), Some(session), Some(start_url)) =
        (account_id, role_name, session, start_url)
    else {
        assert!(region.is_none(), "{text:?} is a region and no name");
        return Verdict::Refused;
    };
    assert!(!text.is_empty() && !text.contains(char::is_control));
    for key in [CacheKey::for_session(&session), CacheKey::for_start_url(&start_url)] {
        let is_sha1 = |name: &str| {
            name.len() == 40 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        assert!(key.file_name().strip_suffix(".json").is_some_and(is_sha1), "{key:?}");
        assert!(is_sha1(&role_cache_key(&account_id, &role_name, &key)), "{key:?}");
    }
    sent(account_id, role_name, text);
    Verdict::Accepted
}

fn taken<T: Display>(text: &str, name: Result<T, NameError>) -> Option<T> {
    match name {
        Ok(name) => {
            assert_eq!(name.to_string(), text, "names are kept byte for byte");
            Some(name)
        }
        Err(error) => {
            shown(&error);
            None
        }
    }
}

/// Checks that requests go to AWS for every region.
fn hosts(region: &Region) {
    for (fips, dual_stack) in [(false, false), (true, false), (false, true), (true, true)] {
        let variant = EndpointVariant::default().with_fips(fips).with_dual_stack(dual_stack);
        let endpoints = [
            ("portal.sso", Endpoint::portal(region, variant)),
            ("oidc", Endpoint::oidc(region, variant)),
        ];
        for (service, endpoint) in endpoints {
            let uri: Uri = endpoint.url().parse().expect("an endpoint is a URL");
            assert_eq!(uri.scheme_str(), Some("https"));
            assert_eq!(uri.host(), Some(endpoint.host()));
            let rest = endpoint.host().strip_prefix(service).expect("the service's host");
            let rest = rest.strip_prefix("-fips").unwrap_or(rest);
            let rest = rest.strip_prefix('.').and_then(|rest| rest.strip_prefix(region.as_str()));
            let suffix = rest.and_then(|rest| rest.strip_prefix('.'));
            assert!(suffix.is_some_and(|it| SUFFIXES.contains(&it)), "{endpoint:?}");
        }
    }
}

/// Checks that a name arrives unchanged, as one value of the query.
fn sent(account_id: AccountId, role_name: RoleName, text: &str) {
    let asked: Arc<Mutex<Vec<Uri>>> = Arc::default();
    let region = Region::new("eu-central-1").expect("a region");
    let mut portal = Portal::new(Answer::new(b"x 500").service(&asked), region);
    let operation = GetRoleCredentials::new(AccessToken::new("t"), account_id, role_name);
    at_once(portal.call(operation)).expect_err("500 is not a success");
    let asked = asked.lock().expect("the lock is not poisoned");
    let [uri] = asked.as_slice() else {
        assert!(text.len() > 10_000, "not sent: {text:?}");
        return;
    };
    assert_eq!(uri.path(), "/federation/credentials");
    let values: Vec<_> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').map(|(name, value)| (name, decoded(value))))
        .collect();
    let text = text.as_bytes().to_owned();
    assert_eq!(values, [Some(("role_name", text.clone())), Some(("account_id", text))]);
}

/// Percent-decoding (RFC 3986 section 2.1).
fn decoded(value: &str) -> Vec<u8> {
    let mut bytes = value.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte.unwrap_or(b'?')).to_digit(16);
            let (high, low) = (digit(bytes.next()), digit(bytes.next()));
            let number = high.zip(low).map(|(high, low)| 16 * high + low);
            number.and_then(|number| u8::try_from(number).ok()).expect("two hex digits")
        } else {
            byte
        });
    }
    decoded
}
