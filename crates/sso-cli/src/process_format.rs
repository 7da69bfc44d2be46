//! Credentials in the format of `credential_process`: one JSON object.
//!
//! Source: "Process credential provider" of the AWS SDKs and Tools Reference Guide.

use std::io;

use serde::Serialize;
use sso_types::{AccountId, Credentials};
use zeroize::Zeroizing;

use crate::printable::escape_json;
use crate::times::whole_seconds;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Process<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

/// Returns the JSON object and a line feed. The result is secret.
pub(crate) fn render(credentials: &Credentials) -> Zeroizing<String> {
    secret_json(&Process {
        version: 1,
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.secret_access_key().expose_secret(),
        session_token: credentials.session_token().expose_secret(),
        expiration: whole_seconds(credentials.expires_at()),
        account_id: credentials.account_id().map(AccountId::as_str),
    })
}

/// Returns a JSON object of strings and numbers, and a line feed. The result is secret.
pub(crate) fn secret_json(value: &impl Serialize) -> Zeroizing<String> {
    // Strings and numbers always serialize.
    let mut length = Length(1);
    let _ = serde_json::to_writer(&mut length, value);
    // Reserves the whole length: growing would leave copies of secrets in memory.
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    let _ = serde_json::to_writer(&mut *json, value);
    json.push(b'\n');
    // serde_json writes UTF-8, so this does not copy.
    let json = Zeroizing::new(String::from_utf8(std::mem::take(&mut *json)).unwrap_or_default());
    escape_json(&json).map_or(json, Zeroizing::new)
}

/// A writer that counts bytes.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sso_types::{SecretAccessKey, SessionToken};

    use super::*;

    #[test]
    fn keys_are_in_the_documented_order() {
        let credentials = Credentials::new(
            "AKID",
            SecretAccessKey::new("a\"b"),
            SessionToken::new("t/+="),
            "2026-01-01T00:00:00.999Z".parse().unwrap(),
        );
        assert_eq!(
            *render(&credentials),
            "{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"a\\\"b\",\
             \"SessionToken\":\"t/+=\",\"Expiration\":\"2026-01-01T00:00:00Z\"}\n"
        );
        let credentials = credentials.with_account_id("012345678901".parse().unwrap());
        assert!(render(&credentials).ends_with(",\"AccountId\":\"012345678901\"}\n"));
    }

    #[test]
    fn the_buffer_does_not_grow_while_secrets_are_written() {
        for length in [1, 1_000, 100_000] {
            let credentials = Credentials::new(
                "AKID",
                SecretAccessKey::new("\"\\\n\u{1}"),
                SessionToken::new("ü\"".repeat(length)),
                jiff::Timestamp::UNIX_EPOCH,
            );
            let printed = render(&credentials);
            assert_eq!(printed.capacity(), printed.len());
        }
    }
}
