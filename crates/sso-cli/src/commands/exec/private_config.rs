//! Copies of the user's config files in which the default profile has no credentials of its own.
//!
//! An AWS SDK takes the credentials of `[default]` before it asks a container credentials endpoint.

use std::io;
use std::path::Path;

/// The properties of a profile from which an SDK gets credentials, and what belongs to them.
const CREDENTIAL_KEYS: [&str; 22] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "aws_account_id",
    "aws_credential_scope",
    "aws_credential_expiration",
    "credential_process",
    "credential_source",
    "duration_seconds",
    "external_id",
    "login_session",
    "mfa_serial",
    "role_arn",
    "role_session_name",
    "source_profile",
    "sso_account_id",
    "sso_region",
    "sso_role_name",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

/// Reads a file of the user. A missing one is empty.
pub(super) fn read(path: &Path) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Returns the text without the credentials of the default profile. Everything else stays as it is.
/// The text is that of a config file or of a credentials file.
pub(super) fn without_default_credentials(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut is_default = false;
    // The indentation of the last property, and whether that was left out.
    let mut last: Option<(usize, bool)> = None;
    for line in lines(text) {
        let content = content(line);
        if content.is_empty() || content.starts_with(['#', ';']) {
            kept.push_str(line);
            continue;
        }
        if content.starts_with('[') {
            is_default = is_default_header(content);
            last = None;
            kept.push_str(line);
            continue;
        }
        let indentation = line.len() - line.trim_start().len();
        let continued = last.filter(|(depth, _)| indentation > *depth);
        let is_left_out = match continued {
            Some((_, is_left_out)) => is_left_out,
            None => is_default && is_credential(content),
        };
        if continued.is_none() {
            last = Some((indentation, is_left_out));
        }
        if !is_left_out {
            kept.push_str(line);
        }
    }
    kept
}

/// Returns the text with one more property in the default profile.
pub(super) fn with_default_property(text: &str, property: &str) -> String {
    let mut changed = String::with_capacity(text.len() + property.len() + 16);
    let mut is_added = false;
    for line in lines(text) {
        changed.push_str(line);
        if content(line).starts_with('[') && is_default_header(content(line)) {
            if !line.ends_with(['\n', '\r']) {
                changed.push('\n');
            }
            changed.push_str(property);
            changed.push('\n');
            is_added = true;
        }
    }
    if !is_added {
        if !changed.is_empty() && !changed.ends_with(['\n', '\r']) {
            changed.push('\n');
        }
        changed.push_str("[default]\n");
        changed.push_str(property);
        changed.push('\n');
    }
    changed
}

/// The lines with their ends: LF, CRLF or a lone CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['\n', '\r'])
}

/// The line without white space around it, and without a byte order mark.
fn content(line: &str) -> &str {
    line.trim_start_matches('\u{feff}').trim()
}

/// Whether it is `[default]` or `[profile default]`, in quotes or not.
fn is_default_header(line: &str) -> bool {
    let inside = line.trim_start_matches('[');
    let name = inside.split(']').next().unwrap_or_default().trim();
    let name = match name.strip_prefix("profile") {
        Some(rest) if rest.starts_with([' ', '\t', '"', '\'']) => rest.trim(),
        _ => name,
    };
    name.trim_matches(['"', '\'']) == "default"
}

fn is_credential(line: &str) -> bool {
    let key = line.split(['=', ':']).next().unwrap_or_default().trim().to_ascii_lowercase();
    CREDENTIAL_KEYS.contains(&key.as_str())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&without_default_credentials(text));
    }

    #[test]
    fn only_the_credentials_of_the_default_profile_are_left_out() {
        check(
            "# mine\n[default]\nregion = eu-west-1\naws_access_key_id = AKIA\n\
             AWS_Secret_Access_Key: s\ns3 =\n  max_concurrent_requests = 3\nsso_session=x\n\n\
             [profile other]\naws_access_key_id = KEPT\n[ profile  \"default\" ]\nrole_arn = r\n\
             output = json\n[sso-session default]\nsso_region = us-east-1\n",
            &expect![[r#"
                # mine
                [default]
                region = eu-west-1
                s3 =
                  max_concurrent_requests = 3

                [profile other]
                aws_access_key_id = KEPT
                [ profile  "default" ]
                output = json
                [sso-session default]
                sso_region = us-east-1
            "#]],
        );
    }

    #[test]
    fn continuation_lines_go_with_their_property() {
        check(
            "[default]\n  credential_process = a\n    b\n  region = r\n  # note\n    aws_account_id = 1\n",
            &expect![[r"
                [default]
                  region = r
                  # note
                    aws_account_id = 1
            "]],
        );
    }

    #[test]
    fn a_file_without_such_credentials_is_unchanged() {
        for text in
            ["", "[default]", "\u{feff}[default]\r\nregion = r\r\n", "[profile a]\rrole_arn=x\r"]
        {
            assert_eq!(without_default_credentials(text), text);
        }
        let with_bom = "\u{feff}[default]\r\nrole_arn = r\r\nregion = x\r\n";
        assert!(!without_default_credentials(with_bom).contains("role_arn"));
    }

    #[test]
    fn a_property_is_added_to_each_default_section_or_a_new_one() {
        assert_eq!(with_default_property("", "a = 1"), "[default]\na = 1\n");
        assert_eq!(with_default_property("[default]", "a = 1"), "[default]\na = 1\n");
        assert_eq!(
            with_default_property("[default]\nb = 2\n[profile default]\n", "a = 1"),
            "[default]\na = 1\nb = 2\n[profile default]\na = 1\n"
        );
        assert_eq!(
            with_default_property("[profile x]\nb = 2", "a = 1"),
            "[profile x]\nb = 2\n[default]\na = 1\n"
        );
    }
}
