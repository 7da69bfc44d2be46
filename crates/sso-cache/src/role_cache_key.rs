//! The key under which the AWS CLI caches the credentials of one account and role.

use std::fmt::Write as _;

use sso_types::{AccountId, RoleName};

use crate::CacheKey;
use crate::cache_key::sha1_hex;

/// Returns the key of the AWS CLI and botocore for role credentials.
///
/// It is the lowercase hex SHA-1 of minified JSON with sorted keys:
/// `{"accountId":…,"roleName":…,"sessionName":…}`. For a legacy profile, `"startUrl"` replaces
/// `"sessionName"`.
///
/// ```
/// use sso_cache::{CacheKey, role_cache_key};
///
/// let key = CacheKey::for_start_url(&"https://d-92671207e4.awsapps.com/start".parse()?);
/// assert_eq!(
///     role_cache_key(&"1234567890".parse()?, &"test-role".parse()?, &key),
///     "048db75bbe50955c16af7aba6ff9c41a3131bb7e"
/// );
/// # Ok::<(), sso_types::NameError>(())
/// ```
pub fn role_cache_key(account_id: &AccountId, role_name: &RoleName, login: &CacheKey) -> String {
    // The keys must be sorted: accountId, roleName, sessionName or startUrl.
    let login_name = if login.is_session() { "sessionName" } else { "startUrl" };
    let mut json = String::with_capacity(256);
    json.push_str("{\"accountId\":");
    push_string(&mut json, account_id.as_str());
    json.push_str(",\"roleName\":");
    push_string(&mut json, role_name.as_str());
    json.push_str(",\"");
    json.push_str(login_name);
    json.push_str("\":");
    push_string(&mut json, login.as_str());
    json.push('}');
    sha1_hex(json.as_bytes())
}

/// Appends a JSON string as Python's `json.dumps` writes it, which escapes all characters but
/// printable ASCII.
pub(crate) fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `json.dumps` (sorted keys, no white space) and SHA-1.
    #[test]
    fn keys_are_those_of_the_aws_cli() {
        let account_id = "012345678901".parse().unwrap();
        let role_name = "SSOReadOnlyRole".parse().unwrap();
        let session = |name: &str| CacheKey::for_session(&name.parse().unwrap());
        let start_url = CacheKey::for_start_url(&"dev-session".parse().unwrap());
        for (login, key) in [
            (session("dev-session"), "e901ed23e122885c2e6dbfe346aa5524fe6dabbc"),
            (start_url, "4d5c259c4914b964ec6fd9c1a8d4893424e03549"),
            (session("größe 😀 \"x\" \\ /"), "5325f643cd7ef630aa6034d7fc1a2b43d13134bc"),
        ] {
            assert_eq!(role_cache_key(&account_id, &role_name, &login), key, "{login:?}");
        }
    }

    #[test]
    fn strings_are_escaped_as_python_does() {
        for (text, json) in [
            ("plain ~", r#""plain ~""#),
            ("a\"b\\c/d", r#""a\"b\\c/d""#),
            ("\u{8}\t\n\u{c}\r\u{1}\u{7f}", r#""\b\t\n\f\r\u0001\u007f""#),
            ("é", r#""\u00e9""#),
            ("日本", r#""\u65e5\u672c""#),
            ("😀", r#""\ud83d\ude00""#),
        ] {
            let mut written = String::new();
            push_string(&mut written, text);
            assert_eq!(written, json);
        }
    }
}
