//! Switches, CA bundle and attempts: the environment before the profile, each with its source.

use std::fmt::Debug;
use std::path::Path;

use expect_test::{Expect, expect};
use sso_config::{Setting, Settings, SettingsError};
use sso_types::Environment;

use crate::show::parse;

/// The settings of a profile with these properties.
pub(crate) fn resolve(
    profile: &str,
    variables: &[(&str, &str)],
) -> Result<Settings, SettingsError> {
    let config = parse(&format!("[profile dev]\n{profile}"), "").unwrap();
    let environment: Environment = variables.iter().copied().collect();
    Settings::resolve(config.profile("dev"), &config, &environment)
}

pub(crate) fn fails(profile: &str, variables: &[(&str, &str)], expected: &Expect) {
    expected.assert_eq(&resolve(profile, variables).unwrap_err().to_string());
}

/// `VALUE: SOURCE`.
pub(crate) fn shown<T: Debug>(setting: &Setting<T>) -> String {
    format!("{:?}: {}", setting.value, setting.source)
}

#[test]
fn nothing_is_set() {
    let settings = resolve("", &[]).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(shown(&settings.max_attempts), "3: default");
    assert_eq!(shown(&settings.use_fips), "false: default");
    assert!(settings.portal_endpoint.is_none() && settings.ca_bundle.is_none());
}

#[test]
fn switches_come_from_the_environment_or_the_profile() {
    let from_profile =
        |value: bool| format!("{value}: use_fips_endpoint of [profile dev], config line 2");
    let from_environment = |value: bool| format!("{value}: AWS_USE_FIPS_ENDPOINT (environment)");
    for (profile, variable, expected) in [
        ("use_fips_endpoint = true", "", from_profile(true)),
        ("use_fips_endpoint = FALSE", "", from_profile(false)),
        ("use_fips_endpoint = true", "False", from_environment(false)),
        ("", "TRUE", from_environment(true)),
        ("", "", "false: default".to_owned()),
    ] {
        let settings = resolve(profile, &[("AWS_USE_FIPS_ENDPOINT", variable)]).unwrap();
        assert_eq!(shown(&settings.use_fips), expected);
        assert_eq!(shown(&settings.use_dual_stack), "false: default");

        let dual_stack = |text: &str| {
            text.replace("use_fips", "use_dualstack").replace("USE_FIPS", "USE_DUALSTACK")
        };
        let variables = [("AWS_USE_DUALSTACK_ENDPOINT", variable)];
        let settings = resolve(&dual_stack(profile), &variables).unwrap();
        assert_eq!(shown(&settings.use_dual_stack), dual_stack(&expected));
        assert_eq!(shown(&settings.use_fips), "false: default");
    }
}

#[test]
fn anything_but_true_and_false_is_an_error() {
    fails(
        "use_fips_endpoint = yes",
        &[],
        &expect![
            "use_fips_endpoint of [profile dev], config line 2: the value is neither true nor false; set it to one of them, or remove it"
        ],
    );
    fails(
        "use_dualstack_endpoint =",
        &[],
        &expect![
            "use_dualstack_endpoint of [profile dev], config line 2: the value is neither true nor false; set it to one of them, or remove it"
        ],
    );
    fails(
        "",
        &[("AWS_USE_FIPS_ENDPOINT", "1")],
        &expect![
            "AWS_USE_FIPS_ENDPOINT (environment): the value is neither true nor false; set it to one of them, or remove it"
        ],
    );
    fails(
        "",
        &[("AWS_USE_DUALSTACK_ENDPOINT", "on")],
        &expect![
            "AWS_USE_DUALSTACK_ENDPOINT (environment): the value is neither true nor false; set it to one of them, or remove it"
        ],
    );
    fails(
        "ignore_configured_endpoint_urls = 1",
        &[],
        &expect![
            "ignore_configured_endpoint_urls of [profile dev], config line 2: the value is neither true nor false; set it to one of them, or remove it"
        ],
    );
    fails(
        "",
        &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "x")],
        &expect![
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS (environment): the value is neither true nor false; set it to one of them, or remove it"
        ],
    );
}

#[test]
fn max_attempts_come_from_the_environment_or_the_profile() {
    let attempts = |profile, variables| resolve(profile, variables).unwrap().max_attempts;
    let five: &[_] = &[("AWS_MAX_ATTEMPTS", "5")];
    assert_eq!(
        shown(&attempts("max_attempts = 7", &[])),
        "7: max_attempts of [profile dev], config line 2"
    );
    assert_eq!(shown(&attempts("max_attempts = 7", five)), "5: AWS_MAX_ATTEMPTS (environment)");
    for wrong in ["0", "-1", "1.5", "three", "", "4294967296"] {
        let error = resolve(&format!("max_attempts = {wrong}"), &[]).unwrap_err();
        assert!(matches!(error, SettingsError::InvalidMaxAttempts { .. }), "{wrong}");
    }
    fails(
        "max_attempts = 0",
        &[],
        &expect![
            "max_attempts of [profile dev], config line 2: the value is not a whole number of at least 1; correct it, or remove it"
        ],
    );
    fails(
        "",
        &[("AWS_MAX_ATTEMPTS", "0")],
        &expect![
            "AWS_MAX_ATTEMPTS (environment): the value is not a whole number of at least 1; correct it, or remove it"
        ],
    );
}

#[test]
fn the_ca_bundle_comes_from_the_environment_or_the_profile() {
    let bundle = |profile, variables| resolve(profile, variables).unwrap().ca_bundle;
    let variables: &[_] = &[("AWS_CA_BUNDLE", "/env.pem")];
    assert_eq!(
        shown(&bundle("ca_bundle = /profile.pem", &[]).unwrap()),
        r#""/profile.pem": ca_bundle of [profile dev], config line 2"#
    );
    assert_eq!(
        shown(&bundle("ca_bundle = /profile.pem", variables).unwrap()),
        r#""/env.pem": AWS_CA_BUNDLE (environment)"#
    );
    assert_eq!(bundle("ca_bundle =", &[]), None);
    let home: &[_] = &[(crate::files::HOME, "/home/ana")];
    assert_eq!(
        bundle("ca_bundle = ~/x.pem", home).unwrap().value,
        Path::new("/home/ana/x.pem").to_owned()
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error_that_names_it() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let config = parse("", "").unwrap();
    let environment = Environment::default().with("AWS_MAX_ATTEMPTS", OsStr::from_bytes(b"\xff"));
    let error = Settings::resolve(None, &config, &environment).unwrap_err();
    expect![
        "the environment variable AWS_MAX_ATTEMPTS is not valid UTF-8; set it again or unset it"
    ]
    .assert_eq(&error.to_string());
}
