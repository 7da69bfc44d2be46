//! The token file is read and written again without loss, and no error shows its content.

use std::fmt;
use std::mem::discriminant;

use jiff::{SignedDuration, Timestamp};
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use sso_cache::{CachedToken, ParseError};
use sso_types::{AccessToken, RefreshToken};

use super::Verdict;
use super::leak::{MARK, shown};

const KNOWN: [&str; 8] = [
    "accessToken",
    "expiresAt",
    "refreshToken",
    "clientId",
    "clientSecret",
    "registrationExpiresAt",
    "region",
    "startUrl",
];

/// The first second of the year 0, the earliest time that is written.
const EARLIEST: i64 = -62_167_219_200;

pub fn check(input: &[u8]) -> Verdict {
    let token = match CachedToken::parse(input) {
        Ok(token) => token,
        Err(error) => {
            refused(input, &error);
            return Verdict::Refused;
        }
    };
    assert!(!token.access_token().is_empty(), "an empty access token");
    assert!(!format!("{token:?}").contains(MARK), "{token:?}");

    let written = token.to_json();
    let again = CachedToken::parse(&written).expect("what is written can be read");
    assert_eq!(*again.to_json(), *written, "what is read is written as it was");
    assert_same(&token, &again);
    let unknown = unknown_members(without_bom(input));
    assert_eq!(unknown_members(&written), unknown, "unknown fields are kept, in their order");

    renewed(&token, &unknown);
    Verdict::Accepted
}

fn refused(input: &[u8], error: &ParseError) {
    let shown = shown(error);
    assert!(!shown.contains(MARK), "{shown}");
    let ParseError::NotJson { line, column, offset, .. } = *error else { return };
    let text = without_bom(input);
    assert!(serde_json::from_slice::<Value>(text).is_err(), "JSON after all: {shown}");
    let before_line: usize =
        text.split_inclusive(|&byte| byte == b'\n').take(line - 1).map(<[u8]>::len).sum();
    assert_eq!(offset, input.len() - text.len() + before_line + column - 1, "{shown}");
    assert!(offset <= input.len(), "{shown}");
}

/// Checks that a refresh changes only the fields that it sets.
fn renewed(token: &CachedToken, unknown: &[(String, String)]) {
    let at = Timestamp::from_second(1_800_000_000).expect("a time that jiff knows");
    let rotated = RefreshToken::new("rotated \"\u{1}\\");
    let refreshed = token.refreshed(AccessToken::new("renewed"), at, Some(rotated.clone()));
    let written = refreshed.to_json();
    let again = CachedToken::parse(&written).expect("a refreshed token can be read");
    assert_eq!(again.access_token().expose_secret(), "renewed");
    assert_eq!(again.expires_at(), at);
    assert_eq!(again.refresh_token(), Some(&rotated));
    assert_eq!(again.client_id(), token.client_id());
    assert_eq!(again.client_secret(), token.client_secret());
    assert_eq!(again.start_url(), token.start_url());
    assert_eq!(unknown_members(&written), unknown, "a refresh keeps unknown fields");
}

fn assert_same(token: &CachedToken, again: &CachedToken) {
    assert_eq!(again.access_token(), token.access_token());
    assert_eq!(again.expires_at(), as_written(token.expires_at()));
    assert_eq!(again.refresh_token(), token.refresh_token());
    assert_eq!(again.client_id(), token.client_id());
    assert_eq!(again.client_secret(), token.client_secret());
    assert_eq!(again.registration_expires_at(), token.registration_expires_at().map(as_written));
    assert_eq!(again.region(), token.region());
    assert_eq!(again.start_url(), token.start_url());
    // The last nanosecond of a second, so that rounding down changes nothing.
    let now = Timestamp::new(1_767_225_600, 999_999_999).expect("a time that jiff knows");
    match (token.refreshability(now), again.refreshability(now)) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.client_id, other.client_id);
            assert_eq!(one.refresh_token, other.refresh_token);
        }
        (Err(one), Err(other)) => assert_eq!(discriminant(&one), discriminant(&other)),
        (one, other) => panic!("refreshable before: {}, after: {}", one.is_ok(), other.is_ok()),
    }
}

/// A whole second, rounded down.
pub(crate) fn as_written(time: Timestamp) -> Timestamp {
    let part = SignedDuration::from_nanos(time.subsec_nanosecond().into());
    let whole = time - part;
    let whole = if part.is_negative() { whole - SignedDuration::from_secs(1) } else { whole };
    whole.max(Timestamp::from_second(EARLIEST).expect("a time that jiff knows"))
}

/// The unknown members, as the exact text of name and value. Names match in any letter case.
fn unknown_members(object: &[u8]) -> Vec<(String, String)> {
    let is_known = |name: &str| {
        let name = serde_json::from_str::<String>(name);
        name.is_ok_and(|name| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(&name)))
    };
    let mut members = serde_json::Deserializer::from_slice(object)
        .deserialize_map(Members)
        .expect("what was read is a JSON object");
    members.retain(|(name, _)| !is_known(name));
    members
}

pub(crate) fn without_bom(input: &[u8]) -> &[u8] {
    input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            members.push((name.get().to_owned(), value.get().to_owned()));
        }
        Ok(members)
    }
}
