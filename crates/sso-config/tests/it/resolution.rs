//! Resolving a profile name to its settings, or to an error with the reason.

use std::error::Error;

use expect_test::{Expect, expect};
use sso_config::{SettingsError, SharedConfig, SsoProfile, SsoSession};
use sso_types::Environment;

use crate::show::parse;

pub(crate) const SESSION: &str = "
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start#/
sso_region = eu-west-1
sso_registration_scopes = sso:account:access , openid,
";

pub(crate) fn config(text: &str) -> SharedConfig {
    parse(text, "").unwrap()
}

pub(crate) fn resolve(text: &str, name: &str) -> Result<SsoProfile, SettingsError> {
    SsoProfile::resolve(&config(text), name, &Environment::default())
}

/// Checks the error of the profile `dev`, with its sources.
pub(crate) fn fails(text: &str, expected: &Expect) {
    let error = resolve(text, "dev").unwrap_err();
    expected.assert_eq(&chain(&error));
}

pub(crate) fn chain(error: &dyn Error) -> String {
    let source = error.source().map(|source| format!("\ncaused by: {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

pub(crate) fn warnings(profile: &SsoProfile) -> Vec<String> {
    profile.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn a_profile_with_a_session_is_resolved() {
    let text = format!(
        "[profile dev]\nsso_session = corp\nsso_account_id = 012345678901\n\
         sso_role_name = Admin\nregion = us-east-2\n{SESSION}"
    );
    let profile = resolve(&text, "dev").unwrap();
    assert_eq!(profile.profile_name(), "dev");
    assert_eq!(profile.sso_session().unwrap().as_str(), "corp");
    assert_eq!(profile.start_url().as_str(), "https://corp.awsapps.com/start#/");
    assert_eq!(profile.region().as_str(), "eu-west-1");
    let (account, role) = profile.role().unwrap();
    assert_eq!((account.as_str(), role.as_str()), ("012345678901", "Admin"));
    assert_eq!(profile.registration_scopes(), ["sso:account:access", "openid"]);
    assert_eq!(profile.aws_region(), Some("us-east-2"));
    assert!(profile.warnings().is_empty());
}

#[test]
fn a_legacy_profile_is_resolved() {
    let text = "[profile dev]\nsso_start_url = https://corp.awsapps.com/start/\n\
                sso_region = eu-west-1\nsso_account_id = 012345678901\nsso_role_name = Admin\n";
    let profile = resolve(text, "dev").unwrap();
    assert!(profile.sso_session().is_none());
    assert_eq!(profile.start_url().as_str(), "https://corp.awsapps.com/start/");
    assert_eq!(profile.region().as_str(), "eu-west-1");
    assert!(profile.role().is_some());
    assert!(profile.registration_scopes().is_empty());
    assert_eq!(profile.aws_region(), None);
}

#[test]
fn a_profile_without_account_and_role_is_resolved() {
    let profile = resolve(&format!("[profile dev]\nsso_session = corp\n{SESSION}"), "dev").unwrap();
    assert!(profile.role().is_none());
    assert_eq!(profile.sso_session().unwrap().as_str(), "corp");
}

#[test]
fn a_session_is_resolved_without_a_profile() {
    let session = SsoSession::resolve(&config(SESSION), "corp").unwrap();
    assert_eq!(session.name().as_str(), "corp");
    assert_eq!(session.start_url().as_str(), "https://corp.awsapps.com/start#/");
    assert_eq!(session.region().as_str(), "eu-west-1");
    assert_eq!(session.registration_scopes(), ["sso:account:access", "openid"]);
    assert!(session.warnings().is_empty());

    let fails = |text: &str, expected: &Expect| {
        let error = SsoSession::resolve(&config(text), "corp").unwrap_err();
        expected.assert_eq(&chain(&error));
    };
    fails(
        "[sso-session crop]",
        &expect![[r#"there is no [sso-session corp] in config; did you mean "crop"?"#]],
    );
    fails(
        "[sso-session other]",
        &expect![
            "there is no [sso-session corp] in config; add that section, or run `ssocreds configure`"
        ],
    );
    fails(
        "[sso-session corp]",
        &expect![
            "the session lacks sso_start_url, sso_region in [sso-session corp], config line 1; add them"
        ],
    );
    fails(
        "[sso-session corp]\nsso_region = eu-west-1",
        &expect!["the session lacks sso_start_url in [sso-session corp], config line 1; add it"],
    );
    fails(
        "[sso-session corp]\nsso_region = EU\nsso_start_url = https://x",
        &expect![[r#"
        sso_region of [sso-session corp] cannot be used, config line 2; correct it there
        caused by: "EU" is not a usable region: only lower-case letters, digits and hyphens are allowed"#]],
    );
}

#[test]
fn equal_values_in_profile_and_session_are_accepted() {
    let text = format!(
        "[profile dev]\nsso_session = corp\nsso_region = eu-west-1\n\
         sso_start_url = https://corp.awsapps.com/start#/\n{SESSION}"
    );
    assert!(resolve(&text, "dev").is_ok());
}

#[test]
fn sso_keys_win_over_static_keys_also_from_the_credentials_file() {
    let config = parse(
        &format!("[profile dev]\nsso_session = corp\naws_access_key_id = AKIA\n{SESSION}"),
        "[dev]\naws_secret_access_key = MARK\nsso_account_id = 1\nsso_role_name = Admin",
    );
    let profile = SsoProfile::resolve(&config.unwrap(), "dev", &Environment::default()).unwrap();
    assert_eq!(profile.role().unwrap().0.as_str(), "1");
    assert!(!format!("{profile:?}").contains("MARK"));
}

#[test]
fn suspicious_values_are_warnings() {
    let text = "[profile dev]\nsso_session = corp\nsso_account_id = 12345678901\n\
                sso_role_name = Admin\n[sso-session corp]\nsso_start_url = http://corp/start\n\
                sso_region = eu-west-1";
    let profile = resolve(text, "dev").unwrap();
    expect![[r#"
        config line 6: sso_start_url of [sso-session corp] is not an https URL; correct it
        config line 3: the account id "12345678901" of profile "dev" does not have 12 digits; write all 12 digits, including leading zeros"#]].assert_eq(&warnings(&profile).join("\n"));
    let legacy = "[profile dev]\nsso_start_url = HTTPS://x\nsso_region = a\n\
                  sso_account_id = 1234567890AB\nsso_role_name = Admin";
    assert_eq!(warnings(&resolve(legacy, "dev").unwrap()).len(), 1);
}

#[test]
fn a_missing_profile_is_an_error_with_a_remedy() {
    fails(
        "[profile Dve]\n[profile prod]\n[profile dev1]",
        &expect![[
            r#"profile "dev" is neither in config nor in credentials; did you mean "Dve" or "dev1"?"#
        ]],
    );
    fails(
        "[profile production]",
        &expect![[
            r#"profile "dev" is neither in config nor in credentials; create the profile with `ssocreds configure`"#
        ]],
    );
    fails(
        "",
        &expect![[
            r#"profile "dev" is neither in config nor in credentials; create the profile with `ssocreds configure`"#
        ]],
    );
    fails(
        "[dev]\nsso_session = corp",
        &expect![[
            r#"profile "dev" is neither in config nor in credentials; config line 1: the section [dev] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; if it is a profile, write [profile dev]"#
        ]],
    );
    let config = parse("", "[profile  \"dev\"]\nsso_session = corp").unwrap();
    let error = SsoProfile::resolve(&config, "dev", &Environment::default()).unwrap_err();
    expect![[r#"profile "dev" is neither in config nor in credentials; credentials line 1: the section [profile  "dev"] is ignored: the credentials file can contain only [NAME], where NAME is the name of a profile; write [dev], or move the section to the config file"#]].assert_eq(&error.to_string());
    let config = parse("[\"my dev\"]", "[profile 'your dev']").unwrap();
    let fails = |name: &str, expected: &Expect| {
        let error = SsoProfile::resolve(&config, name, &Environment::default()).unwrap_err();
        expected.assert_eq(&error.to_string());
    };
    fails(
        "my dev",
        &expect![[
            r#"profile "my dev" is neither in config nor in credentials; config line 1: the section ["my dev"] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; if it is a profile, write [profile "my dev"]"#
        ]],
    );
    fails(
        "your dev",
        &expect![[
            r#"profile "your dev" is neither in config nor in credentials; credentials line 1: the section [profile 'your dev'] is ignored: the credentials file can contain only [NAME], where NAME is the name of a profile; write [your dev], or move the section to the config file"#
        ]],
    );
    let error = resolve("", "dev").unwrap_err();
    assert!(error.is_not_found() && !error.is_not_sso());
    let error = resolve("[profile dev]\nregion = eu-west-1", "dev").unwrap_err();
    assert!(error.is_not_sso() && !error.is_not_found());
}

#[test]
fn a_profile_that_is_not_an_sso_profile_is_an_error() {
    fails(
        "\n[profile dev]\nregion = eu-west-1",
        &expect![[
            r#"profile "dev" is not an SSO profile, config line 2: it has no sso_session and no other sso_ property; add them with `ssocreds configure --profile dev`"#
        ]],
    );
    fails(
        "[profile dev]\nsso_registration_scopes = x",
        &expect![[
            r#"profile "dev" is not an SSO profile, config line 1: it has no sso_session and no other sso_ property; add them with `ssocreds configure --profile dev`"#
        ]],
    );
    let error = resolve("[profile dev]", "dev").unwrap_err();
    assert!(error.is_not_sso());
    // The command can be pasted into a shell.
    let error = resolve("[profile 'my dev']", "my dev").unwrap_err().to_string();
    let quote = if cfg!(windows) { '"' } else { '\'' };
    let expected = format!("`ssocreds configure --profile {quote}my dev{quote}`");
    assert!(error.ends_with(&expected), "{error}");
}

#[test]
fn a_missing_session_is_an_error() {
    fails(
        "[profile dev]\nsso_session = crop\n[sso-session corp]",
        &expect![[
            r#"profile "dev" names the sso-session "crop", config line 2, and there is no [sso-session crop] in config; did you mean "corp"?"#
        ]],
    );
    // The keys of a legacy profile do not replace the session.
    fails(
        "[profile dev]\nsso_session = corp\nsso_start_url = https://x\nsso_region = eu-west-1\n\
         sso_account_id = 1\nsso_role_name = x",
        &expect![[
            r#"profile "dev" names the sso-session "corp", config line 2, and there is no [sso-session corp] in config; add that section, or run `ssocreds configure`"#
        ]],
    );
    fails(
        "[profile dev]\nsso_session = my corp",
        &expect![[
            r#"profile "dev" names the sso-session "my corp", config line 2, and there is no [sso-session "my corp"] in config; add that section, or run `ssocreds configure`"#
        ]],
    );
    fails(
        "[profile dev]\nsso_session =",
        &expect![[r#"
        profile "dev": sso_session of [profile dev] cannot be used, config line 2; correct it there
        caused by: "" is not a usable sso-session name: it is empty"#]],
    );
}

#[test]
fn an_incomplete_session_is_an_error() {
    let legacy =
        "sso_start_url = https://x\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = x";
    let dev = |session: &str| {
        format!("[profile dev]\nsso_session = corp\n{legacy}\n[sso-session corp]\n{session}")
    };
    fails(
        &dev(""),
        &expect![[
            r#"profile "dev": the session lacks sso_start_url, sso_region in [sso-session corp], config line 7; add them"#
        ]],
    );
    fails(
        &dev("sso_region = eu-west-1"),
        &expect![[
            r#"profile "dev": the session lacks sso_start_url in [sso-session corp], config line 7; add it"#
        ]],
    );
    fails(
        "[profile dev]\nsso_session = my corp\n[sso-session \"my corp\"]",
        &expect![[
            r#"profile "dev": the session lacks sso_start_url, sso_region in [sso-session "my corp"], config line 3; add them"#
        ]],
    );
    fails(
        &dev("sso_start_url = https://x"),
        &expect![[
            r#"profile "dev": the session lacks sso_region in [sso-session corp], config line 7; add it"#
        ]],
    );
}

#[test]
fn all_missing_keys_are_named_at_once() {
    fails(
        "[profile dev]\nsso_region = eu-west-1",
        &expect![[
            r#"profile "dev" lacks sso_start_url, sso_account_id, sso_role_name in [profile dev], config line 1; add them, or name an sso-session with sso_session"#
        ]],
    );
    fails(
        "[profile dev]\nsso_account_id = 1\nsso_role_name = x\nsso_region = x",
        &expect![[
            r#"profile "dev" lacks sso_start_url in [profile dev], config line 1; add it, or name an sso-session with sso_session"#
        ]],
    );
    fails(
        "[profile dev]\nsso_session = corp\nsso_account_id = 1\n[sso-session corp]",
        &expect![[
            r#"profile "dev" lacks sso_role_name in [profile dev], config line 1, and sso_start_url, sso_region in [sso-session corp], config line 4; add them"#
        ]],
    );
}

#[test]
fn account_and_role_are_required_together() {
    let dev = |rest: &str| format!("[profile dev]\nsso_session = corp\n{rest}\n{SESSION}");
    fails(
        &dev("sso_account_id = 1"),
        &expect![[
            r#"profile "dev" has an account id (sso_account_id, config line 3) and no role; add sso_role_name, or remove sso_account_id if only the token is wanted"#
        ]],
    );
    fails(
        &dev("sso_role_name = x"),
        &expect![[
            r#"profile "dev" has a role (sso_role_name, config line 3) and no account id; add sso_account_id, or remove sso_role_name if only the token is wanted"#
        ]],
    );
    fails(
        &dev("sso_account_id =\nsso_role_name = x"),
        &expect![[
            r#"the account id of profile "dev" is empty (sso_account_id, config line 3); write the 12 digits of the account there"#
        ]],
    );
    fails(
        &dev("sso_account_id ="),
        &expect![[
            r#"the account id of profile "dev" is empty (sso_account_id, config line 3); write the 12 digits of the account there"#
        ]],
    );
}

#[test]
fn different_values_in_profile_and_session_are_an_error() {
    let dev = |rest: &str| format!("[profile dev]\nsso_session = corp\n{rest}\n{SESSION}");
    fails(
        &dev("sso_region = us-east-1"),
        &expect![[
            r#"profile "dev" and its sso-session "corp" differ in sso_region: "us-east-1", config line 3, and "eu-west-1", config line 7; remove the one in the profile"#
        ]],
    );
    fails(
        &dev("sso_start_url = https://corp.awsapps.com/start"),
        &expect![[
            r#"profile "dev" and its sso-session "corp" differ in sso_start_url: "https://corp.awsapps.com/start", config line 3, and "https://corp.awsapps.com/start#/", config line 6; remove the one in the profile"#
        ]],
    );
}

#[test]
fn unusable_values_are_errors() {
    let dev = |rest: &str| format!("[profile dev]\nsso_session = corp\n{rest}\n{SESSION}");
    fails(
        &dev("sso_account_id = 1\u{7}\nsso_role_name = x"),
        &expect![[r#"
        profile "dev": sso_account_id of [profile dev] cannot be used, config line 3; correct it there
        caused by: "1\u{7}" is not a usable account id: it holds a control character"#]],
    );
    fails(
        &dev("sso_account_id = 1\nsso_role_name ="),
        &expect![[r#"
        profile "dev": sso_role_name of [profile dev] cannot be used, config line 4; correct it there
        caused by: "" is not a usable role name: it is empty"#]],
    );
    let legacy = |url: &str, region: &str| {
        format!(
            "[profile dev]\nsso_account_id = 1\nsso_role_name = x\nsso_start_url = {url}\n\
             sso_region = {region}"
        )
    };
    fails(
        &legacy("", "eu-west-1"),
        &expect![[r#"
        profile "dev": sso_start_url of [profile dev] cannot be used, config line 4; correct it there
        caused by: "" is not a usable start URL: it is empty"#]],
    );
    fails(
        &legacy("https://x", "evil.example/"),
        &expect![[r#"
        profile "dev": sso_region of [profile dev] cannot be used, config line 5; correct it there
        caused by: "evil.example/" is not a usable region: only lower-case letters, digits and hyphens are allowed"#]],
    );
    fails(
        &legacy("https://x\n  more", "eu-west-1"),
        &expect![[r#"
        profile "dev": sso_start_url of [profile dev] cannot be used, config line 4; correct it there
        caused by: "https://x\nmore" is not a usable start URL: it holds a control character"#]],
    );
    fails(
        &legacy("https://x", "\n  a = b"),
        &expect![[r#"
            profile "dev": sso_region of [profile dev] cannot be used, config line 5; correct it there
            caused by: "" is not a usable region: it is empty"#]],
    );
}

#[test]
fn a_bad_setting_of_the_profile_is_an_error() {
    fails(
        &format!("[profile dev]\nsso_session = corp\nmax_attempts = 0\n{SESSION}"),
        &expect![
            "max_attempts of [profile dev], config line 3: the value is not a whole number of at least 1; correct it, or remove it"
        ],
    );
}

#[test]
fn profiles_that_assume_a_role_are_no_sso_profiles() {
    let config = parse(
        "[profile sso]\nsso_session = s\n\
         [profile static]\nregion = eu-central-1\n\
         [profile incomplete]\nsso_session = s\nrole_arn = arn\n\
         [profile source]\nsso_session = s\nrole_arn = arn\nsource_profile = sso\n\
         [profile environment]\nsso_session = s\nrole_arn = arn\ncredential_source = Environment\n\
         [profile web]\nsso_session = s\nrole_arn = arn\nweb_identity_token_file = token\n",
        "",
    )
    .unwrap();
    let names: Vec<_> = config.sso_profiles().map(sso_config::Section::name).collect();
    assert_eq!(names, ["incomplete", "sso"]);
}
