//! Prints a configuration in a short form, for comparisons in tests.

use std::fmt::Write;

use sso_config::{LoadError, Locations, Property, Section, SharedConfig};

/// The file names in tests without files.
pub(crate) fn locations() -> Locations {
    Locations::new("config", "credentials")
}

pub(crate) fn parse(config: &str, credentials: &str) -> Result<SharedConfig, LoadError> {
    SharedConfig::parse(&locations(), config, credentials)
}

/// One line per section: `profile dev: key="value", s3={size="20"}`, then the warnings; or the error.
pub(crate) fn show(config: &str, credentials: &str) -> String {
    match parse(config, credentials) {
        Ok(parsed) => sections(&parsed) + &warnings(&parsed),
        Err(error) => format!("error: {error}\n"),
    }
}

pub(crate) fn sections(config: &SharedConfig) -> String {
    let mut shown = String::new();
    for section in config.profiles().chain(config.sso_sessions()).chain(config.services()) {
        write!(shown, "{} {}", section.kind(), section.name()).unwrap();
        let properties = properties(section);
        let colon = if properties.is_empty() { "" } else { ": " };
        writeln!(shown, "{colon}{properties}").unwrap();
    }
    shown
}

fn warnings(config: &SharedConfig) -> String {
    config
        .warnings()
        .iter()
        .fold(String::new(), |shown, warning| format!("{shown}warning: {warning}\n"))
}

fn properties(section: &Section) -> String {
    section.properties().map(property).collect::<Vec<_>>().join(", ")
}

fn property(property: &Property) -> String {
    if property.has_sub_properties() {
        let nested: Vec<_> = property.sub_properties().map(self::property).collect();
        format!("{}={{{}}}", property.key(), nested.join(", "))
    } else {
        format!("{}={:?}", property.key(), property.value())
    }
}
