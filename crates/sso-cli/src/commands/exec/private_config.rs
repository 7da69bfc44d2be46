//! Copies of the user's config files without the credentials of the default profile.
//!
//! For an AWS SDK, the credentials of `[default]` take precedence over a container credentials endpoint.

use sso_config::{Document, EditError, SectionKind};

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

/// Removes the credentials of the default profile from a copy of a file, and gives the profile a
/// `credential_process` if there is one. Everything else is unchanged.
///
/// In the AWS CLI and boto3, `[DEFAULT]` gives its keys to every section of its file. If the file
/// has a default profile, the credentials are removed there too, and this returns `true`: other profiles
/// lack them too.
pub(super) fn remove_default_credentials(
    document: &mut Document,
    credential_process: Option<&str>,
) -> Result<bool, EditError> {
    for key in CREDENTIAL_KEYS {
        document.remove(SectionKind::Profile, "default", key);
    }
    if let Some(command_line) = credential_process {
        document.set(SectionKind::Profile, "default", "credential_process", command_line)?;
    }
    let mut lacks_defaults = false;
    if document.sections().any(|section| section == (SectionKind::Profile, "default")) {
        for key in CREDENTIAL_KEYS {
            lacks_defaults |= document.remove_from_defaults(key);
        }
    }
    Ok(lacks_defaults)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use sso_config::FileKind;

    use super::*;

    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&copy(FileKind::Config, text));
    }

    fn copy(file: FileKind, text: &str) -> String {
        let mut document = Document::parse(file, text);
        remove_default_credentials(&mut document, None).unwrap();
        document.to_string()
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
            assert_eq!(copy(FileKind::Config, text), text);
        }
        let with_bom = "\u{feff}[default]\r\nrole_arn = r\r\nregion = x\r\n";
        assert!(!copy(FileKind::Config, with_bom).contains("role_arn"));
    }

    #[test]
    fn in_the_credentials_file_the_section_profile_default_is_not_the_default_profile() {
        let text = "[default]\naws_access_key_id = AKIA\n[profile default]\nrole_arn = kept\n";
        assert_eq!(
            copy(FileKind::Credentials, text),
            "[default]\n[profile default]\nrole_arn = kept\n"
        );
    }

    #[test]
    fn the_section_default_in_capitals_loses_its_credentials_if_there_is_a_default_profile() {
        let defaults = "[DEFAULT]\naws_access_key_id = AKIA\nregion = r\n";
        let check = |section: &str, process, expected: &str, lacks_defaults| {
            let text = format!("{defaults}{section}");
            let mut document = Document::parse(FileKind::Config, &text);
            let removed = remove_default_credentials(&mut document, process);
            assert_eq!((removed, document.to_string().as_str()), (Ok(lacks_defaults), expected));
        };
        check("[default]\n", None, "[DEFAULT]\nregion = r\n[default]\n", true);
        check("[profile default]\n", None, "[DEFAULT]\nregion = r\n[profile default]\n", true);
        check("[profile a]\n", None, &format!("{defaults}[profile a]\n"), false);
        let expected = "[DEFAULT]\nregion = r\n\n[default]\ncredential_process = p\n";
        check("", Some("p"), expected, true);
    }

    #[test]
    fn a_credential_process_is_added_to_the_default_section_or_a_new_one() {
        let copy = |text, process| {
            let mut document = Document::parse(FileKind::Config, text);
            remove_default_credentials(&mut document, Some(process)).map(|_| document.to_string())
        };
        for (text, expected) in [
            ("", "[default]\ncredential_process = 1 2\n"),
            ("[default]\nb = 2\n", "[default]\nb = 2\ncredential_process = 1 2\n"),
            ("[profile x]\nb = 2", "[profile x]\nb = 2\n\n[default]\ncredential_process = 1 2\n"),
        ] {
            assert_eq!(copy(text, "1 2"), Ok::<String, _>(expected.to_owned()));
        }
        assert!(copy("", "1\n2").is_err());
    }
}
