//! Parses and writes the JSON in which the AWS CLI caches role credentials.

use sso_types::{AccountId, Credentials, SecretAccessKey, SessionToken};
use zeroize::Zeroizing;

use crate::object::{self, Member};
use crate::{ParseError, timestamp};

/// Parses `{"ProviderType":"sso","Credentials":{…}}`. Ignores other members, and an account id that
/// is not valid.
///
/// Like the AWS CLI, does not check `ProviderType`: older entries have none, and no other kind of
/// credentials uses a file of this name.
pub(crate) fn parse(bytes: &[u8]) -> Result<Credentials, ParseError> {
    let (text, before) = object::text(bytes)?;
    let file = object::members(text, before)?;
    let members = match value(&file, "Credentials") {
        None => return Err(ParseError::Missing { field: "Credentials" }),
        Some("null") => return Err(ParseError::Null { field: "Credentials" }),
        Some(object) if object.starts_with('{') => object::members(object, 0)?,
        Some(other) => {
            let (expected, found) = ("an object", object::kind(other));
            return Err(ParseError::WrongType { field: "Credentials", expected, found });
        }
    };
    let needed = |field| object::required_string(field, value(&members, field));
    let access_key_id = needed("AccessKeyId")?;
    let secret_access_key = SecretAccessKey::new(needed("SecretAccessKey")?);
    let session_token = SessionToken::new(needed("SessionToken")?);
    let expires_at = timestamp::parse(&needed("Expiration")?)
        .ok_or(ParseError::Timestamp { field: "Expiration" })?;
    let credentials = Credentials::new(access_key_id, secret_access_key, session_token, expires_at);
    let account_id = value(&members, "AccountId")
        .and_then(object::string)
        .and_then(|account_id| AccountId::new(account_id).ok());
    Ok(match account_id {
        Some(account_id) => credentials.with_account_id(account_id),
        None => credentials,
    })
}

/// Returns `true` if this is a cache entry from an SSO login.
pub(crate) fn is_sso(bytes: &[u8]) -> Result<bool, ParseError> {
    let (text, before) = object::text(bytes)?;
    let file = object::members(text, before)?;
    Ok(value(&file, "ProviderType") == Some("\"sso\"") && value(&file, "Credentials").is_some())
}

/// Returns the name of the sso-session that the credentials came from, if this crate recorded it.
pub(crate) fn session_name(bytes: &[u8]) -> Result<Option<String>, ParseError> {
    let (text, before) = object::text(bytes)?;
    let file = object::members(text, before)?;
    Ok(value(&file, "SessionName").and_then(object::string))
}

/// Returns the content of the file in the AWS CLI's format, with the name of the sso-session, which
/// the AWS CLI ignores. The content is secret, and is cleared from memory on drop.
pub(crate) fn to_bytes(
    credentials: &Credentials,
    session_name: Option<&str>,
) -> Zeroizing<Vec<u8>> {
    let expiration = timestamp::format(credentials.expires_at());
    let fields = [
        ("AccessKeyId", credentials.access_key_id()),
        ("SecretAccessKey", credentials.secret_access_key().expose_secret()),
        ("SessionToken", credentials.session_token().expose_secret()),
        ("Expiration", expiration.as_str()),
        ("AccountId", credentials.account_id().map_or("", AccountId::as_str)),
    ];
    let room = fields
        .iter()
        .map(|(name, value)| name.len() + object::max_string_len(value) + 4)
        .sum::<usize>();
    // Reserve the whole capacity. A buffer that grows would leave copies of the secret in memory.
    let room = room + session_name.map_or(0, |name| object::max_string_len(name) + 20) + 64;
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    out.extend_from_slice(br#"{"ProviderType":"sso","Credentials":"#);
    let mut separator = b'{';
    for (name, value) in fields {
        if name == "AccountId" && value.is_empty() {
            continue;
        }
        out.push(separator);
        object::write_string(&mut out, name);
        out.push(b':');
        object::write_string(&mut out, value);
        separator = b',';
    }
    out.push(b'}');
    if let Some(name) = session_name {
        out.extend_from_slice(br#","SessionName":"#);
        object::write_string(&mut out, name);
    }
    out.push(b'}');
    debug_assert!(out.len() <= room, "the buffer grew and left secrets in memory");
    out
}

/// Returns the value of the last member with that name.
fn value<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    let quoted = |member: &&Member<'_>| {
        member.name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name)
    };
    members.iter().rev().find(quoted).map(|member| member.value)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[test]
    fn what_the_aws_cli_writes_is_read_and_written_again() {
        let text = r#"{"ProviderType":"sso","Credentials":{"AccessKeyId":"AKID","SecretAccessKey":"a\"b","SessionToken":"t/+=","Expiration":"2026-01-01T00:00:00Z","AccountId":"012345678901"}}"#;
        let credentials = parse(text.as_bytes()).unwrap();
        assert_eq!(credentials.access_key_id(), "AKID");
        assert_eq!(credentials.secret_access_key().expose_secret(), "a\"b");
        assert_eq!(credentials.session_token().expose_secret(), "t/+=");
        assert_eq!(credentials.expires_at().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(credentials.account_id().unwrap().as_str(), "012345678901");
        assert_eq!(to_bytes(&credentials, None).as_slice(), text.as_bytes());
        assert!(is_sso(text.as_bytes()).unwrap());
        assert_eq!(session_name(text.as_bytes()).unwrap(), None);
    }

    #[test]
    fn the_session_s_name_is_recorded_beside_the_credentials() {
        let text = r#"{"ProviderType":"sso","Credentials":{"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-01-01T00:00:00Z"},"SessionName":"a \"b\" ä"}"#;
        let credentials = parse(text.as_bytes()).unwrap();
        assert_eq!(to_bytes(&credentials, Some("a \"b\" ä")).as_slice(), text.as_bytes());
        assert_eq!(session_name(text.as_bytes()).unwrap().as_deref(), Some("a \"b\" ä"));
        assert!(is_sso(text.as_bytes()).unwrap());
    }

    #[test]
    fn an_entry_without_provider_type_may_have_an_empty_account_id() {
        let text = r#"{"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-01-01T00:00:00UTC", "AccountId": ""}}"#;
        let credentials = parse(text.as_bytes()).unwrap();
        assert_eq!(credentials.account_id(), None);
        assert_eq!(parse(&to_bytes(&credentials, None)).unwrap(), credentials);
        assert!(!is_sso(text.as_bytes()).unwrap());
    }

    /// The AWS CLI parses it too. A logout reads every file of the directory, so it checks the type
    /// with [`is_sso`].
    #[test]
    fn an_entry_of_another_provider_type_is_parsed() {
        let text = r#"{"ProviderType":"assume-role","Credentials":{"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-01-01T00:00:00Z"}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap().access_key_id(), "A");
        assert!(!is_sso(text.as_bytes()).unwrap());
    }

    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&parse(text.as_bytes()).unwrap_err().to_string());
    }

    #[test]
    fn errors_name_the_wrong_field() {
        check("{}", &expect!["the field Credentials is missing"]);
        check(r#"{"Credentials":null}"#, &expect!["the field Credentials is null"]);
        check(
            r#"{"Credentials":"s"}"#,
            &expect!["the field Credentials is a string, not an object"],
        );
        check(r#"{"Credentials":{}}"#, &expect!["the field AccessKeyId is missing"]);
        check(
            r#"{"Credentials":{"AccessKeyId":"A","SecretAccessKey":""}}"#,
            &expect!["the field SecretAccessKey is empty"],
        );
        check(
            r#"{"Credentials":{"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"soon"}}"#,
            &expect!["the field Expiration is not a timestamp such as 2026-01-01T00:00:00Z"],
        );
    }
}
