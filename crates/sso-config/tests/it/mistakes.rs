//! Common mistakes in the files, and the errors that they cause.

use expect_test::expect;
use sso_config::{Origin, SsoProfile};
use sso_types::Environment;

use crate::resolution::{SESSION, chain, config, resolve, warnings};
use crate::show::parse;

/// The error of `name`, with its causes.
fn error(text: &str, name: &str) -> String {
    chain(&resolve(text, name).unwrap_err())
}

#[test]
fn a_section_that_was_ignored_is_named_where_it_could_be_meant() {
    let session = "sso_start_url = https://x\nsso_region = us-east-1\n";
    let config = format!(
        "[profile My Account]\nsso_session = acme (prod)\n[profile p]\nsso_session = acme (prod)\n\
         [sso-session acme (prod)]\n{session}"
    );
    expect![[r#"profile "My Account" is neither in config nor in credentials; config line 1: the section [profile My Account] is ignored: a name with a space in it must be in quotes; write it as [profile "My Account"]"#]].assert_eq(&error(&config, "My Account"));
    expect![[r#"profile "p" names the sso-session "acme (prod)", config line 4, and there is no [sso-session "acme (prod)"] in config; config line 5: the section [sso-session acme (prod)] is ignored: a name with a space in it must be in quotes; write it as [sso-session "acme (prod)"]"#]].assert_eq(&error(&config, "p"));
    expect![[r#"profile "devsso" is neither in config nor in credentials; config line 1: the section [devsso] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; if it is a profile, write [profile devsso]"#]].assert_eq(&error("[devsso]\nsso_session = x", "devsso"));
    expect![[r#"profile "dev" is neither in config nor in credentials; config line 1: the section [profile\u{a0}dev] is ignored: the config file can contain only [default], [profile NAME], [sso-session NAME] and [services NAME]; write [profile dev]"#]].assert_eq(&error("[profile\u{a0}dev]", "dev"));
    expect![[r#"profile "dev" is neither in config nor in credentials; config line 1: the section [profile dev is ignored: it has no "]"; end the section line with "]""#]].assert_eq(&error("[profile dev", "dev"));
}

#[test]
fn a_key_with_an_invisible_character_is_named_where_it_is_needed() {
    let dev = "[profile dev]\nsso_session = corp\nsso_role_name = x\n";
    expect![[r#"profile "dev" has a role (sso_role_name, config line 3) and no account id; config line 4: a property is ignored: its key holds the invisible character U+00A0; remove it, or type the line again"#]].assert_eq(&error(&format!("{dev}sso_account\u{a0}_id = 123456789012{SESSION}"), "dev"));
    expect![[r#"profile "dev" lacks sso_start_url, sso_region in [profile dev], config line 1; config line 2: a property is ignored: its key holds the invisible character U+200B; remove it, or type the line again"#]].assert_eq(&error("[profile dev]\nsso_\u{200b}session = corp\nsso_account_id = 123456789012\nsso_role_name = R", "dev"));
    expect![[r#"profile "dev" is not an SSO profile, config line 1: it has no sso_session and no other sso_ property; config line 2: a property is ignored: its key holds the invisible character U+200B; remove it, or type the line again"#]].assert_eq(&error("[profile dev]\nsso_\u{200b}session = corp", "dev"));
    let session =
        "[profile dev]\nsso_session = corp\n[sso-session corp]\nsso_start_url = https://x\n";
    expect![[r#"profile "dev": the session lacks sso_region in [sso-session corp], config line 3; config line 5: a property is ignored: its key holds the invisible character U+FEFF; remove it, or type the line again"#]].assert_eq(&error(&format!("{session}\u{feff}sso_region = x"), "dev"));
    // Before a key, a no-break space counts as white space.
    let text = format!("{dev}\u{a0}sso_account_id = 123456789012{SESSION}");
    assert!(resolve(&text, "dev").unwrap().role().is_some());
}

#[test]
fn a_faulty_line_is_an_error_only_for_the_profiles_that_use_its_section() {
    let text = format!(
        "[profile dev]\nsso_session = corp\n[profile bad]\nsso_session = corp\n<<<<<<< HEAD\n\
         [profile uses-bad-session]\nsso_session = bad\n[sso-session bad]\nx\n\
         [profile uses-bad-services]\nsso_session = corp\nservices = bad\n[services bad]\ny\n{SESSION}"
    );
    assert!(resolve(&text, "dev").unwrap().warnings().is_empty());
    for (profile, line) in [("bad", 5), ("uses-bad-session", 9), ("uses-bad-services", 14)] {
        let error = resolve(&text, profile).unwrap_err();
        assert_eq!(error.origin().unwrap().to_string(), format!("config line {line}"));
        assert_eq!(
            error.to_string(),
            format!(
                "profile {profile:?}: config line {line}: a line has no \"=\"; write it as KEY = \
                 VALUE, begin it with \"#\" to make it a comment, or indent it to continue the \
                 value above"
            )
        );
    }
}

#[test]
fn quotes_that_make_a_value_unusable_are_named() {
    let dev = |rest: &str| format!("[profile dev]\n{rest}\n{SESSION}");
    expect![[r#"profile "dev": sso_account_id of [profile dev] is in quotes, config line 3; the quotes are part of the value, remove them"#]].assert_eq(&error(&dev("sso_session = corp\nsso_account_id = \"123456789012\"\nsso_role_name = x"), "dev"));
    expect![[r#"profile "dev": sso_session of [profile dev] is in quotes, config line 2; the quotes are part of the value, remove them"#]].assert_eq(&error(&dev("sso_session = 'corp'"), "dev"));
    expect![[r#"profile "dev": sso_region of [profile dev] is in quotes, config line 3; the quotes are part of the value, remove them"#]].assert_eq(&error("[profile dev]\nsso_start_url = https://x\nsso_region = \"us-east-1\"\nsso_account_id = 1\nsso_role_name = x", "dev"));
    let text = "[profile dev]\nsso_start_url = \"https://x\"\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = 'x'";
    expect![[r#"
        config line 2: sso_start_url of [profile dev] is not an https URL; remove the quotes
        config line 5: the role name of profile "dev" is in quotes, and they are part of the value; remove the quotes"#]].assert_eq(&warnings(&resolve(text, "dev").unwrap()).join("\n"));
}

#[test]
fn an_availability_zone_is_not_a_region() {
    let text = "[profile dev]\nsso_session = s\n[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1a";
    expect![[r#"profile "dev": sso_region of [sso-session s] cannot be used, config line 5: us-east-1a is an availability zone; the region is us-east-1"#]].assert_eq(&error(text, "dev"));
}

#[test]
fn the_error_for_a_granted_profile_names_the_keys_to_use() {
    let text = "[profile dev]\ngranted_sso_start_url = https://x\ngranted_sso_region = us-east-1\ngranted_sso_account_id = 1\ngranted_sso_role_name = x\ncredential_process = granted credential-process --profile dev";
    expect![[r#"profile "dev" is not an SSO profile, config line 4: only the tool "granted" reads granted_sso_account_id, granted_sso_region, granted_sso_role_name and granted_sso_start_url; rename them to sso_account_id, sso_region, sso_role_name and sso_start_url"#]].assert_eq(&error(text, "dev"));
    assert!(resolve(text, "dev").unwrap_err().is_not_sso());
}

#[test]
fn a_profile_has_the_origin_of_each_of_its_values() {
    let text = format!(
        "\n[profile dev]\nsso_session = corp\nsso_account_id = 012345678901\n\
         sso_role_name = Admin\nregion = us-east-2{SESSION}"
    );
    let profile = resolve(&text, "dev").unwrap();
    assert_eq!(profile.origin().to_string(), "config line 2");
    for (key, line) in [
        ("sso_session", Some(3)),
        ("sso_account_id", Some(4)),
        ("sso_role_name", Some(5)),
        ("region", Some(6)),
        ("sso_start_url", Some(8)),
        ("sso_region", Some(9)),
        ("sso_registration_scopes", Some(10)),
        ("output", None),
    ] {
        assert_eq!(profile.origin_of(key).map(Origin::line), line, "{key}");
    }
}

#[test]
fn a_linter_gets_all_errors_of_a_profile() {
    let errors = |text: &str| {
        let errors = SsoProfile::errors(&config(text), "dev", &Environment::default());
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let text = "[profile dev]\nsso_session = corp\nsso_account_id =\nsso_role_name = x\n\
                sso_region = us-west-2\nmax_attempts = no\nx\n[sso-session corp]\n\
                sso_start_url = \nsso_region = us-east-1a\ny\n";
    expect![[r##"
        profile "dev": config line 7: a line has no "="; write it as KEY = VALUE, begin it with "#" to make it a comment, or indent it to continue the value above
        profile "dev": config line 11: a line has no "="; write it as KEY = VALUE, begin it with "#" to make it a comment, or indent it to continue the value above
        profile "dev" and its sso-session "corp" differ in sso_region: "us-west-2", config line 5, and "us-east-1a", config line 10; remove the one in the profile
        profile "dev": sso_start_url of [sso-session corp] cannot be used, config line 9; correct it there
        profile "dev": sso_region of [sso-session corp] cannot be used, config line 10: us-east-1a is an availability zone; the region is us-east-1
        the account id of profile "dev" is empty (sso_account_id, config line 3); write the 12 digits of the account there
        max_attempts of [profile dev], config line 6: the value is not a whole number of at least 1; correct it, or remove it"##]].assert_eq(&errors(text));
    assert_eq!(errors(&format!("[profile dev]\nsso_session = corp{SESSION}")), "");
    assert!(errors("").starts_with("profile \"dev\" is neither"));
    let assumes = resolve("[profile dev]\nrole_arn = x\nsource_profile = y", "dev").unwrap_err();
    assert!(assumes.is_assume_role() && assumes.is_not_sso());
}

#[test]
fn invalid_name_in_the_credentials_file_is_written_without_a_type() {
    for (header, problem) in
        [("", "it has no name"), ("a\u{7}", r"its name holds the control character '\u{7}'")]
    {
        let config = parse("", &format!("[{header}]\na=1")).unwrap();
        assert_eq!(config.warnings()[0].reason().rsplit_once(" ignored: ").unwrap().1, problem);
        assert_eq!(config.warnings()[0].remedy(), "write it as [NAME]");
    }
}
