//! Both config files and the environment: parsed, every profile resolved, printed and parsed again.
//!
//! Input: the config file; after a line `=== credentials` the credentials file; after a line
//! `=== environment` variables. Files with a warning count as refused.
//!
//! The tests of `sso-config` compare the dialect with botocore's.

use std::fmt::Write as _;

use sso_config::{
    Locations, Property, Section, SectionKind, SharedConfig, SsoProfile, SsoSession,
    selected_profile,
};
use sso_types::{Environment, SessionName};

use super::Verdict;
use super::leak::{assert_hidden, assert_printable, shown};
use super::variables;

pub fn check(input: &[u8]) -> Verdict {
    let (files, environment) = split(input, b"\n=== environment\n");
    let (config, credentials) = split(files, b"\n=== credentials\n");
    let environment = variables::environment(environment);
    let locations = Locations::new("config", "credentials");

    let Ok(parsed) = SharedConfig::parse(&locations, config, credentials) else {
        return Verdict::Refused;
    };
    for warning in parsed.warnings() {
        let text = if warning.origin().file() == locations.config() { config } else { credentials };
        let lines = text.split(|&byte| matches!(byte, b'\n' | b'\r')).count();
        assert!((1..=lines).contains(&warning.origin().line()), "{warning}");
    }
    let shown = everything_shown(&parsed, &environment);
    hides_secrets(&parsed, input, &shown);
    can_be_found(&parsed);

    let printed = parsed.to_text();
    let again = SharedConfig::parse(&locations, printed.as_bytes(), "")
        .expect("what is printed can be parsed");
    assert_eq!(content(&again), content(&parsed), "printed as {:?}", *printed);
    assert_eq!(*again.to_text(), *printed, "what is parsed is printed as it was");
    assert!(again.warnings().is_empty(), "{:?}", again.warnings());
    if parsed.warnings().is_empty() { Verdict::Accepted } else { Verdict::Refused }
}

fn split<'a>(text: &'a [u8], separator: &[u8]) -> (&'a [u8], &'a [u8]) {
    match text.windows(separator.len()).position(|window| window == separator) {
        Some(at) => (&text[..at], &text[at + separator.len()..]),
        None => (text, b""),
    }
}

/// Resolves everything. Returns all text that a program could show.
fn everything_shown(parsed: &SharedConfig, environment: &Environment) -> String {
    let mut all = format!("{parsed:?}\n");
    for warning in parsed.warnings() {
        assert_printable(&warning.to_string());
        let _ = writeln!(all, "{warning:?} {warning}");
    }
    for profile in parsed.profiles() {
        match SsoProfile::resolve(parsed, profile.name(), environment) {
            Ok(resolved) => {
                fits(profile, &resolved);
                let _ = writeln!(all, "{resolved:?}");
                resolved.warnings().iter().for_each(|it| assert_printable(&it.to_string()));
            }
            Err(error) => {
                assert!(!error.is_not_found(), "{error}");
                all.push_str(&self::shown(&error));
            }
        }
    }
    for session in parsed.sso_sessions() {
        match SsoSession::resolve(parsed, session.name()) {
            Ok(resolved) => {
                assert_eq!(resolved.name().as_str(), session.name());
                let _ = writeln!(all, "{resolved:?}");
            }
            Err(error) => all.push_str(&self::shown(&error)),
        }
    }
    if let Ok((name, _)) = selected_profile(None, environment)
        && parsed.profile(&name).is_none()
        && let Err(error) = SsoProfile::resolve(parsed, &name, environment)
    {
        let _ = writeln!(all, "{error:?} {error}");
    }
    all
}

/// Checks that a resolved profile has the values in the files.
fn fits(profile: &Section, resolved: &SsoProfile) {
    let own = |key| profile.get(key).map(Property::value);
    assert_eq!(resolved.profile_name(), profile.name());
    assert_eq!(resolved.sso_session().map(SessionName::as_str), own("sso_session"));
    if let Some((account_id, role_name)) = resolved.role() {
        assert_eq!(Some(account_id.as_str()), own("sso_account_id"));
        assert_eq!(Some(role_name.as_str()), own("sso_role_name"));
    }
    if let Some(start_url) = own("sso_start_url") {
        assert_eq!(resolved.start_url().as_str(), start_url);
    }
    if let Some(region) = own("sso_region") {
        assert_eq!(resolved.region().as_str(), region);
    }
    let settings = resolved.settings();
    assert!(settings.max_attempts.value > 0);
    let overridden = settings.portal_endpoint.is_some() || settings.oidc_endpoint.is_some();
    assert!(!(overridden && (settings.use_fips.value || settings.use_dual_stack.value)));
}

fn hides_secrets(parsed: &SharedConfig, input: &[u8], shown: &str) {
    let input = String::from_utf8_lossy(input);
    for section in sections(parsed) {
        assert!(!format!("{section:?}").is_empty());
        for property in section.properties().filter(|it| it.is_secret()) {
            assert_hidden(property.value(), &input, shown);
            assert_hidden(property.value(), &input, &format!("{section:?} {property:?}"));
        }
    }
}

/// Checks that names are sorted and unique, and that every listed name can be looked up.
fn can_be_found(parsed: &SharedConfig) {
    let mut last: Option<&Section> = None;
    for section in sections(parsed) {
        if let Some(last) = last.filter(|last| last.kind() == section.kind()) {
            assert!(last.name() < section.name());
        }
        last = Some(section);
        let found = match section.kind() {
            SectionKind::Profile => parsed.profile(section.name()),
            SectionKind::SsoSession => parsed.sso_session(section.name()),
            _ => parsed.service(section.name()),
        };
        assert!(found.is_some_and(|found| found.origin() == section.origin()));
        for property in section.properties() {
            let found = section.get(property.key());
            assert_eq!(found.map(sso_config::Property::value), Some(property.value()));
            for sub in property.sub_properties() {
                let found = property.sub(sub.key());
                assert_eq!(found.map(sso_config::Property::value), Some(sub.value()));
            }
        }
    }
}

type Content<'a> = Vec<(SectionKind, &'a str, &'a str, &'a str, Vec<(&'a str, &'a str)>)>;

fn content(parsed: &SharedConfig) -> Content<'_> {
    let mut content = Vec::new();
    for section in sections(parsed) {
        content.push((section.kind(), section.name(), "", "", Vec::new()));
        for property in section.properties() {
            let nested = property.sub_properties().map(|sub| (sub.key(), sub.value())).collect();
            let (key, value) = (property.key(), property.value());
            content.push((section.kind(), section.name(), key, value, nested));
        }
    }
    content
}

fn sections(parsed: &SharedConfig) -> impl Iterator<Item = &Section> {
    parsed.profiles().chain(parsed.sso_sessions()).chain(parsed.services())
}
