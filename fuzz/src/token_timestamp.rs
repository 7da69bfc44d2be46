//! The timestamps of a token file, in all forms that known tools have written.

use jiff::Timestamp;
use sso_cache::{CachedToken, ParseError};

use super::Verdict;
use super::leak::shown;
use super::token_file::as_written;

pub fn check(input: &[u8]) -> Verdict {
    let Ok(text) = str::from_utf8(input) else { return Verdict::Refused };
    let by_jiff = text.parse::<Timestamp>();
    let token = match CachedToken::parse(&token_file(text)) {
        Ok(token) => token,
        Err(ParseError::EmptyField { field: "expiresAt", .. }) if text.is_empty() => {
            return Verdict::Refused;
        }
        Err(error @ ParseError::Timestamp { field: "expiresAt", .. }) => {
            shown(&error);
            return Verdict::Refused;
        }
        Err(error) => panic!("{text:?} breaks the file: {error}"),
    };
    let read = token.expires_at();
    if let Ok(by_jiff) = by_jiff {
        assert_eq!(read, by_jiff, "{text:?}");
    }
    let written = token.to_json();
    let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON is written");
    let written = written["expiresAt"].as_str().expect("a string is written");
    assert_eq!(written.parse().ok(), Some(as_written(read)), "{text:?} is written as {written:?}");
    assert!(written.len() == 20 && written.ends_with('Z'), "{written:?}");
    Verdict::Accepted
}

/// A token file with that timestamp.
pub(crate) fn token_file(expires_at: &str) -> Vec<u8> {
    let file = serde_json::json!({ "accessToken": "a", "expiresAt": expires_at });
    file.to_string().into_bytes()
}
