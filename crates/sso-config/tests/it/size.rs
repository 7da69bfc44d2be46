//! Large files are parsed in linear time. With quadratic time, each of these tests would run for
//! hours.

use std::fmt::Write;

use sso_config::{RoleCredentialsSource, SettingsError, SharedConfig, SsoProfile};
use sso_types::Environment;

use crate::show::parse;

const MANY: usize = 100_000;
const LONG: usize = 10_000_000;

fn many(line: impl Fn(usize) -> String) -> String {
    (0..MANY).fold(String::new(), |mut text, index| {
        writeln!(text, "{}", line(index)).unwrap();
        text
    })
}

fn value<'a>(config: &'a SharedConfig, profile: &str, key: &str) -> &'a str {
    config.profile(profile).unwrap().get(key).unwrap().value()
}

#[test]
fn a_long_line_is_parsed_in_linear_time() {
    let long = "x".repeat(LONG);
    let config = parse(&format!("[default]\na = {long}\n"), "").unwrap();
    assert_eq!(value(&config, "default", "a").len(), LONG);
    let long = "x".repeat(LONG / 8);
    let config = parse(&format!("[profile {long}]\n"), "").unwrap();
    assert_eq!(config.profiles().next().unwrap().name().len(), LONG / 8);
    let config = parse(&format!("[profile {long}\u{1}]"), &format!("[a]\n{long}! = 1")).unwrap();
    assert_eq!(config.warnings().len(), 2);
    assert!(config.warnings().iter().all(|warning| warning.to_string().len() < 400));
    let marks = "a#;=".repeat(LONG / 32);
    let config = parse(&format!("[default]\na={marks}\nA{marks}"), "").unwrap();
    assert_eq!(value(&config, "default", "a").len(), LONG / 8);
    let config = parse(&format!("[default]\na = {}", " ".repeat(LONG / 8)), "").unwrap();
    assert_eq!(value(&config, "default", "a"), "");
    assert_eq!(parse(&"[".repeat(LONG / 8), "").unwrap().warnings().len(), 1);
}

#[test]
fn many_sections_are_parsed_in_linear_time() {
    let text = many(|index| format!("[profile p{}]\na = {index}", index.reverse_bits()));
    let config = parse(&text, &text.replace("profile ", "")).unwrap();
    assert_eq!(config.profiles().len(), MANY);
    assert_eq!(value(&config, &format!("p{}", 7_usize.reverse_bits()), "a"), "7");
}

#[test]
fn many_sections_of_one_name_are_parsed_in_linear_time() {
    let config = parse(&many(|index| format!("[profile p]\na = {index}\nk{index} = 1")), "");
    let config = config.unwrap();
    let profile = config.profile("p").unwrap();
    assert_eq!(profile.properties().count(), MANY + 1);
    assert_eq!(profile.get("a").unwrap().value(), (MANY - 1).to_string());
}

#[test]
fn many_properties_are_parsed_in_linear_time() {
    let keys = many(|index| format!("K{index} = {index}"));
    let config = parse(&format!("[default]\n{keys}"), &format!("[default]\n{keys}")).unwrap();
    let profile = config.profile("default").unwrap();
    let sum: usize = (0..MANY)
        .map(|index| profile.get(&format!("k{index}")).unwrap().value().parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, MANY * (MANY - 1) / 2);
    let config = parse(&format!("[default]\n{}", many(|index| format!("a = {index}"))), "");
    assert_eq!(value(&config.unwrap(), "default", "a"), (MANY - 1).to_string());
}

#[test]
fn many_continuation_lines_are_parsed_in_linear_time() {
    let config = parse(&format!("[default]\na = 1\n{}", many(|_| " x".to_owned())), "").unwrap();
    assert_eq!(value(&config, "default", "a").len(), 1 + 2 * MANY);
    let config = parse(&format!("[default]\na =\n{}", many(|index| format!(" K{index} = 1"))), "");
    let config = config.unwrap();
    let property = config.profile("default").unwrap().get("a").unwrap();
    assert_eq!(property.sub_properties().count(), MANY);
    assert!(property.sub("K99999").is_some());
    let config = parse(&format!("[default]\na =\n{}", many(|index| format!(" K = {index}"))), "");
    let config = config.unwrap();
    let property = config.profile("default").unwrap().get("a").unwrap();
    assert_eq!(property.sub("K").unwrap().value(), (MANY - 1).to_string());
}

#[test]
fn many_ignored_lines_are_parsed_in_linear_time() {
    let config = parse(&many(|index| format!("[p{index}]\n[profile p]\na b = 1")), "").unwrap();
    assert_eq!(config.warnings().len(), 2 * MANY);
    let config = parse(&format!("[profile default]\n{}", many(|_| "[default]".to_owned())), "");
    assert_eq!(config.unwrap().warnings().len(), MANY);
}

#[test]
fn many_similar_names_are_compared_in_linear_time() {
    let config = parse(&many(|index| format!("[profile profile-{index:06}]")), "").unwrap();
    let error = SsoProfile::resolve(&config, "profile-0012345", &Environment::default());
    let Err(SettingsError::ProfileNotFound { not_found, .. }) = error else { panic!("it exists") };
    assert_eq!(not_found.nearest, ["profile-001234", "profile-001235", "profile-001245"]);
}

#[test]
fn a_long_chain_of_source_profiles_is_followed_in_linear_time() {
    let chain =
        many(|index| format!("[profile p{index}]\nrole_arn = x\nsource_profile = p{}", index + 1));
    let config = parse(&format!("{chain}[profile p{MANY}]\nsso_session = x"), "").unwrap();
    let error = SsoProfile::resolve(&config, "p0", &Environment::default()).unwrap_err();
    let SettingsError::AssumesRole { credentials_source, .. } = error else { panic!("{error}") };
    assert_eq!(credentials_source, RoleCredentialsSource::SsoProfile(format!("p{MANY}")));
}
