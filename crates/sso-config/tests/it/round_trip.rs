//! Arbitrary bytes never cause a panic, and a parsed config can be printed and parsed again.

use proptest::prelude::*;
use sso_config::{Property, Settings, SharedConfig, SsoProfile, SsoSession};
use sso_types::Environment;

use crate::show::{locations, parse};

/// Complete lines, so that most texts have content.
const LINES: &[&str] = &[
    "[default]\n",
    "[profile a]\n",
    "[profile default]\n",
    "[profile 'a b']\n",
    "[a]\n",
    "[sso-session s]\n",
    "[services v]\n",
    "x=1\n",
    "Key = value # comment\n",
    "a =#b\n",
    "a = 1\n  2\n  # 3\n",
    "s3 =\n  a = 1\n",
    "sso_session = s\n",
    "sso_region = eu-west-1\n",
    "sso_start_url = https://x\n",
    "sso_account_id = 1\n",
    "sso_role_name=r\n",
    "services = v\n",
    "sso=\n endpoint_url=http://x\n",
    "endpoint_url = http://y\n",
    "source_profile = a\n",
    "role_arn = r\nsource_profile = a\n",
    "max_attempts = 3\n",
    "  region = x\n",
    "\tkey: value\n",
    "    # comment\n",
    "  [profile R&D]\n",
    "[DEFAULT]\n",
    "[profile a] text\n",
    "[profile a\n",
    "<<<<<<< HEAD\n",
    "\n",
    "# comment\n",
    "a = \r\r\n",
];

/// Parts of lines that the syntax gives a meaning.
const PIECES: &[&str] = &[
    "[", "]", "[profile", "\"", "'", " ", "\t", "  ", "\n", "\n ", "\r\n", "\r", "#", ";", " #",
    "\t;", "=", " = ", "= ", ":", "%", "a", "B", "key", "\u{feff}", "é", "İ", "\u{a0}", "\u{0}",
    "\u{2028}", "𝒳",
];

pub(crate) fn config_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![8 => prop::sample::select(LINES), 1 => prop::sample::select(PIECES)];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// All names, keys and values of a config.
fn all(config: &SharedConfig) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for section in config.profiles().chain(config.sso_sessions()).chain(config.services()) {
        found.push(vec![section.kind().to_string(), section.name().to_owned()]);
        for property in section.properties() {
            let pair = |p: &Property| vec![p.key().to_owned(), p.value().to_owned()];
            found.push(pair(property));
            found.extend(property.sub_properties().map(pair));
            assert_eq!(section.get(property.key()).unwrap().value(), property.value());
        }
    }
    found
}

/// Calls every function that reads the configuration.
fn use_all(config: &SharedConfig) {
    let environment = Environment::default();
    let _ = format!("{config:?} {:?}", config.warnings());
    for profile in config.profiles() {
        let _ =
            SsoProfile::resolve(config, profile.name(), &environment).map_err(|e| e.to_string());
        let _ = Settings::resolve(Some(profile), config, &environment).map_err(|e| e.to_string());
    }
    for session in config.sso_sessions() {
        let _ = SsoSession::resolve(config, session.name()).map_err(|e| e.to_string());
    }
    let _ = SsoProfile::resolve(config, "nobody", &environment).map_err(|e| e.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn printed_configs_are_parsed_to_the_same_values(
        config in config_text(),
        credentials in config_text(),
    ) {
        // A text without a section has no content. Most texts should have some.
        for config in [config.clone(), format!("[profile a]\n{config}")] {
            let Ok(parsed) = parse(&config, &credentials) else { continue };
            let printed = parsed.to_text();
            let again = parse(&printed, "").map_err(|e| TestCaseError::fail(format!("{e}\n{:?}", &*printed)))?;
            prop_assert_eq!(all(&parsed), all(&again), "{:?}", &*printed);
            prop_assert!(again.warnings().is_empty(), "{:?}", again.warnings());
            prop_assert_eq!(&*printed, &*again.to_text());
        }
    }

    #[test]
    fn every_property_stands_on_the_line_that_it_says(config in config_text()) {
        let text = format!("[profile a]\n{config}");
        let parsed = parse(&text, "").unwrap();
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<&str> = text.split('\n').collect();
        for section in parsed.profiles().chain(parsed.sso_sessions()).chain(parsed.services()) {
            prop_assert!(lines[section.origin().line() - 1].contains(section.name()));
            for property in section.properties() {
                for property in std::iter::once(property).chain(property.sub_properties()) {
                    let line = lines[property.origin().line() - 1].to_ascii_lowercase();
                    prop_assert!(line.contains(&property.key().to_ascii_lowercase()), "{:?} {:?}", line, property);
                }
            }
        }
    }

    #[test]
    fn text_never_panics(config in config_text(), credentials in config_text()) {
        if let Ok(parsed) = parse(&config, &credentials) {
            use_all(&parsed);
        }
    }

    #[test]
    fn bytes_never_panic(config: Vec<u8>, credentials: Vec<u8>) {
        if let Ok(parsed) = SharedConfig::parse(&locations(), config, credentials) {
            use_all(&parsed);
        }
    }
}

#[test]
fn the_generated_texts_are_mostly_understood() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let understood = (0..500)
        .filter(|_| {
            let text = config_text().new_tree(&mut runner).unwrap().current();
            parse(&format!("[profile a]\n{text}"), "").is_ok_and(|config| all(&config).len() > 1)
        })
        .count();
    assert!(understood > 50, "only {understood} of 500 say anything");
}
