//! Copies of the user's config files without the credentials of the default profile.
//!
//! For an AWS SDK, the credentials of `[default]` take precedence over a container credentials endpoint.

use std::io;
use std::path::Path;

use sso_config::{Document, EditError, FileKind, SectionKind};

/// The properties of a profile from which an SDK gets credentials, and the options of these properties.
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

/// Reads a config file of the user. Returns an empty text if it does not exist.
pub(super) fn read(path: &Path) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Returns the text of a file without the credentials of the default profile. Everything else is
/// unchanged.
pub(super) fn without_default_credentials(file: FileKind, text: &str) -> String {
    let mut document = Document::parse(file, text);
    for key in CREDENTIAL_KEYS {
        document.remove(SectionKind::Profile, "default", key);
    }
    document.to_string()
}

/// Returns the text of a config file with one more property in the default profile.
pub(super) fn with_default_property(
    text: &str,
    key: &str,
    value: &str,
) -> Result<String, EditError> {
    let mut document = Document::parse(FileKind::Config, text);
    document.set(SectionKind::Profile, "default", key, value)?;
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&without_default_credentials(FileKind::Config, text));
    }

    #[test]
    fn only_the_credentials_of_the_default_profile_are_removed() {
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
    fn continuation_lines_are_removed_with_their_property() {
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
            assert_eq!(without_default_credentials(FileKind::Config, text), text);
        }
        let with_bom = "\u{feff}[default]\r\nrole_arn = r\r\nregion = x\r\n";
        assert!(!without_default_credentials(FileKind::Config, with_bom).contains("role_arn"));
    }

    #[test]
    fn in_the_credentials_file_the_section_profile_default_is_not_the_default_profile() {
        let text = "[default]\naws_access_key_id = AKIA\n[profile default]\nrole_arn = kept\n";
        assert_eq!(
            without_default_credentials(FileKind::Credentials, text),
            "[default]\n[profile default]\nrole_arn = kept\n"
        );
    }

    #[test]
    fn a_property_is_added_to_the_default_section_or_a_new_one() {
        let check = |text, expected| {
            assert_eq!(with_default_property(text, "a", "1 2"), Ok::<String, _>(expected));
        };
        check("", "[default]\na = 1 2\n".to_owned());
        check("[default]\nb = 2\n", "[default]\nb = 2\na = 1 2\n".to_owned());
        check("[profile x]\nb = 2", "[profile x]\nb = 2\n\n[default]\na = 1 2\n".to_owned());
        assert!(with_default_property("", "a", "1\n2").is_err());
    }
}
