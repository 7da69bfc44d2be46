//! Endpoint overrides: their precedence, how to ignore them, and conflicts with other settings.

use expect_test::expect;
use sso_config::{Setting, Settings, SettingsError};
use sso_types::Environment;

use crate::settings::{fails, resolve, shown};
use crate::show::parse;

const SERVICES: &str = "
[services local]
s3 =
  endpoint_url = http://s3
sso =
  endpoint_url = http://section-sso # the local stack
sso_oidc =
  endpoint_url = http://section-oidc
";

/// The endpoints of the portal and of the OIDC service.
fn endpoints(profile: &str, variables: &[(&str, &str)]) -> (String, String) {
    let settings = resolve(profile, variables).unwrap();
    let shown =
        |endpoint: Option<Setting<String>>| endpoint.as_ref().map_or_else(String::new, shown);
    (shown(settings.portal_endpoint), shown(settings.oidc_endpoint))
}

#[test]
fn the_first_endpoint_that_is_set_wins() {
    let all = format!("endpoint_url = http://profile\nservices = local\n{SERVICES}");
    let sso = ("AWS_ENDPOINT_URL_SSO", "http://env-sso");
    let oidc = ("AWS_ENDPOINT_URL_SSO_OIDC", "http://env-oidc");
    let any = ("AWS_ENDPOINT_URL", "http://env");
    for (profile, variables, portal, oidc) in [
        (
            all.as_str(),
            &[sso, oidc, any][..],
            r#""http://env-sso": AWS_ENDPOINT_URL_SSO (environment)"#,
            r#""http://env-oidc": AWS_ENDPOINT_URL_SSO_OIDC (environment)"#,
        ),
        (
            &all,
            &[oidc, any],
            r#""http://env": AWS_ENDPOINT_URL (environment)"#,
            r#""http://env-oidc": AWS_ENDPOINT_URL_SSO_OIDC (environment)"#,
        ),
        (
            &all,
            &[sso],
            r#""http://env-sso": AWS_ENDPOINT_URL_SSO (environment)"#,
            r#""http://section-oidc": endpoint_url of [services local], config line 11"#,
        ),
        (
            &all,
            &[("AWS_ENDPOINT_URL", ""), ("AWS_ENDPOINT_URL_SSO", "")],
            r#""http://section-sso": endpoint_url of [services local], config line 9"#,
            r#""http://section-oidc": endpoint_url of [services local], config line 11"#,
        ),
        (
            "endpoint_url = http://profile\nservices = s\n[services s]\nsso =\n endpoint_url =",
            &[],
            r#""http://profile": endpoint_url of [profile dev], config line 2"#,
            r#""http://profile": endpoint_url of [profile dev], config line 2"#,
        ),
        ("endpoint_url =", &[], "", ""),
        ("", &[], "", ""),
    ] {
        let expected = (portal.to_owned(), oidc.to_owned());
        assert_eq!(endpoints(profile, variables), expected, "{variables:?}");
    }
}

#[test]
fn endpoint_settings_are_ignored_on_request() {
    let any = ("AWS_ENDPOINT_URL", "http://env");
    let sso = ("AWS_ENDPOINT_URL_SSO", "http://env-sso");
    let ignore = |value| ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", value);
    let profile = format!("endpoint_url = http://profile\nservices = local\n{SERVICES}");
    let nothing = (String::new(), String::new());

    assert_eq!(endpoints(&profile, &[any, sso, ignore("TRUE")]), nothing);
    let ignoring = format!("ignore_configured_endpoint_urls = true\n{profile}");
    assert_eq!(endpoints(&ignoring, &[any, sso]), nothing);
    assert_eq!(endpoints(&ignoring, &[any, ignore("false")]), nothing, "either will do");
    assert_ne!(endpoints(&profile, &[ignore("false")]), nothing);
    let missing = "services = nowhere\nignore_configured_endpoint_urls = true";
    assert_eq!(endpoints(missing, &[]), nothing, "nor is the section looked for");
    // FIPS does not conflict with an endpoint that is ignored.
    assert!(
        resolve(&format!("use_fips_endpoint = true\n{ignoring}"), &[any]).unwrap().use_fips.value
    );
}

#[test]
fn a_missing_services_section_is_an_error() {
    fails(
        "services = locla\n[services local]",
        &[],
        &expect![[
            r#"profile "dev" names the services section "locla", config line 2, and there is no [services locla] in config; did you mean "local"?"#
        ]],
    );
    fails(
        "services = \u{1b}[1mx\u{1b}[0m local",
        &[],
        &expect![[
            r#"profile "dev" names the services section "\u{1b}[1mx\u{1b}[0m local", config line 2, and there is no [services "\u{1b}[1mx\u{1b}[0m local"] in config; add that section, or remove the services property"#
        ]],
    );
    fails(
        "services = x",
        &[],
        &expect![[
            r#"profile "dev" names the services section "x", config line 2, and there is no [services x] in config; add that section, or remove the services property"#
        ]],
    );
}

#[test]
fn an_endpoint_excludes_fips_and_dual_stack() {
    fails(
        "use_fips_endpoint = true\nendpoint_url = http://x",
        &[],
        &expect![
            "the SSO portal cannot use both a configured endpoint URL and FIPS endpoints; remove one of the two settings: endpoint_url of [profile dev], config line 3; use_fips_endpoint of [profile dev], config line 2"
        ],
    );
    fails(
        "use_dualstack_endpoint = true",
        &[("AWS_ENDPOINT_URL_SSO_OIDC", "http://x")],
        &expect![
            "the SSO OIDC service cannot use both a configured endpoint URL and dual-stack endpoints; remove one of the two settings: AWS_ENDPOINT_URL_SSO_OIDC (environment); use_dualstack_endpoint of [profile dev], config line 2"
        ],
    );
    fails(
        &format!("services = local\n{SERVICES}"),
        &[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")],
        &expect![
            "the SSO portal cannot use both a configured endpoint URL and FIPS endpoints; remove one of the two settings: endpoint_url of [services local], config line 8; AWS_USE_FIPS_ENDPOINT (environment)"
        ],
    );
    assert!(resolve("use_fips_endpoint = true\nuse_dualstack_endpoint = true", &[]).is_ok());
}

#[test]
fn what_the_program_sets_is_checked_on_demand() {
    let mut settings = resolve("use_fips_endpoint = true", &[]).unwrap();
    settings.portal_endpoint = Some(Setting::from_code("http://x".to_owned()));
    let error = settings.check().unwrap_err();
    assert!(matches!(error, SettingsError::EndpointConflict { .. }));
    expect!["the SSO portal cannot use both a configured endpoint URL and FIPS endpoints; remove one of the two settings: set in code; use_fips_endpoint of [profile dev], config line 2"].assert_eq(&error.to_string());
}

#[test]
fn a_session_by_itself_has_the_settings_of_the_environment() {
    let config = parse("[profile default]\nendpoint_url = http://profile", "").unwrap();
    let environment = Environment::from_iter([("AWS_ENDPOINT_URL", "http://env")]);
    let settings = Settings::resolve(None, &config, &environment).unwrap();
    assert_eq!(settings.portal_endpoint.unwrap().value, "http://env");
    let settings = Settings::resolve(None, &config, &Environment::default()).unwrap();
    assert_eq!(settings, Settings::default());
}
