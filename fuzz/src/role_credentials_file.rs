//! The AWS CLI's cache file of role credentials: read through the file system, as there is no other
//! way to it, and written again.
//!
//! Not responsible for its lock and its name.

use serde_json::Value;
use sso_cache::{CachedToken, RoleCredentialsFile, role_credentials_files};
use sso_types::Credentials;

use super::Verdict;
use super::leak::{MARK, assert_hidden, shown};
use super::token_file::{as_written, without_bom};
use super::token_timestamp::token_file;

pub fn check(input: &[u8]) -> Verdict {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("0123456789abcdef.json");
    std::fs::write(&path, input).expect("a file can be written");
    let listed = role_credentials_files(directory.path()).expect("the directory can be read");
    assert!(listed.len() <= 1, "{listed:?}");

    let value = serde_json::from_slice(without_bom(input)).unwrap_or(Value::Null);
    let expected = Expected::of(&value);
    // A broken file is looked at again after 10 ms; of those that another JSON parser finds nothing
    // in, some have to do.
    if expected.is_none() && input.iter().fold(0_u8, |sum, byte| sum ^ byte) % 32 != 0 {
        return Verdict::Refused;
    }
    let file = RoleCredentialsFile::new(&path);
    let credentials = match file.try_load() {
        Ok(credentials) => credentials,
        Err(error) => {
            let shown = shown(&error);
            assert!(
                expected.is_none() || input.contains(&b'\\'),
                "another parser reads it: {shown}"
            );
            assert!(!shown.contains(MARK), "{shown}");
            return Verdict::Refused;
        }
    };
    // With escapes a name can stand twice in two spellings, and which counts is not settled.
    if let Some(expected) = expected.filter(|_| !input.contains(&b'\\')) {
        assert_eq!(credentials.access_key_id(), expected.access_key_id);
        assert_eq!(credentials.secret_access_key().expose_secret(), expected.secret_access_key);
        assert_eq!(credentials.session_token().expose_secret(), expected.session_token);
    }
    let text = String::from_utf8_lossy(input);
    assert_hidden(
        credentials.secret_access_key().expose_secret(),
        &text,
        &format!("{credentials:?}"),
    );
    assert_hidden(credentials.session_token().expose_secret(), &text, &format!("{credentials:?}"));
    written_again(&file, &credentials);
    Verdict::Accepted
}

fn written_again(file: &RoleCredentialsFile, credentials: &Credentials) {
    file.store_unlocked(credentials).expect("the file can be replaced");
    let again = file.try_load().expect("what is written can be read");
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
    let directory = file.path().parent().expect("a file is in a directory");
    let listed = role_credentials_files(directory).expect("the directory can be read");
    assert_eq!(listed.len(), 1, "what is written is found");
}

/// What another JSON parser finds in the file.
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
        if value.get("ProviderType").is_some_and(|provider| provider != "sso") {
            return None;
        }
        // Points of time are read as those of token files are.
        CachedToken::parse(&token_file(field("Expiration")?)).ok()?;
        Some(Self {
            access_key_id: field("AccessKeyId")?,
            secret_access_key: field("SecretAccessKey")?,
            session_token: field("SessionToken")?,
        })
    }
}
