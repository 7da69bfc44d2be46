//! The AWS CLI's cache file of role credentials is read and written again without loss.

use serde_json::Value;
use sso_cache::{CachedToken, RoleCredentialsFile};
use sso_types::Credentials;

use super::Verdict;
use super::leak::{MARK, assert_hidden, shown};
use super::token_file::{as_written, without_bom};
use super::token_timestamp::token_file;

pub fn check(input: &[u8]) -> Verdict {
    let value = serde_json::from_slice(without_bom(input)).unwrap_or(Value::Null);
    // With escapes, one name can occur in two spellings. It is undefined which of them counts.
    let expected = Expected::of(&value).filter(|_| !input.contains(&b'\\'));
    let credentials = match RoleCredentialsFile::parse(input) {
        Ok(credentials) => credentials,
        Err(error) => {
            let shown = shown(&error);
            assert!(expected.is_none(), "another parser reads it: {shown}");
            assert!(!shown.contains(MARK), "{shown}");
            return Verdict::Refused;
        }
    };
    let secret = credentials.secret_access_key().expose_secret();
    let session_token = credentials.session_token().expose_secret();
    if let Some(expected) = expected {
        assert_eq!(credentials.access_key_id(), expected.access_key_id);
        assert_eq!(secret, expected.secret_access_key);
        assert_eq!(session_token, expected.session_token);
    }
    let text = String::from_utf8_lossy(input);
    assert_hidden(secret, &text, &format!("{credentials:?}"));
    assert_hidden(session_token, &text, &format!("{credentials:?}"));
    written_again(&credentials);
    Verdict::Accepted
}

fn written_again(credentials: &Credentials) {
    let written = RoleCredentialsFile::to_json(credentials);
    let again = RoleCredentialsFile::parse(&written).expect("what is written can be read");
    let rounded = Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key().clone(),
        credentials.session_token().clone(),
        as_written(credentials.expires_at()),
    );
    let rounded = match credentials.account_id() {
        Some(account_id) => rounded.with_account_id(account_id.clone()),
        None => rounded,
    };
    assert!(again == rounded, "{again:?} was {credentials:?}");
    assert_eq!(
        *RoleCredentialsFile::to_json(&again),
        *written,
        "what is read is written as it was"
    );
}

/// The file as another JSON parser reads it.
struct Expected<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
}

impl<'a> Expected<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        let field = |name: &str| {
            value.get("Credentials")?.get(name)?.as_str().filter(|text| !text.is_empty())
        };
        // Timestamps are parsed as in token files.
        CachedToken::parse(&token_file(field("Expiration")?)).ok()?;
        Some(Self {
            access_key_id: field("AccessKeyId")?,
            secret_access_key: field("SecretAccessKey")?,
            session_token: field("SessionToken")?,
        })
    }
}
