//! Both config files, merged: every section with every property. Secret values are hidden.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use sso_config::{ProfileNameSource, Property, Section, SharedConfig};

use crate::printable::printable;
use crate::table::{Cell, FAIR, HEAD, Table};

/// The text that is shown instead of a secret.
const HIDDEN: &str = "(hidden)";

#[derive(Debug, Serialize)]
pub(super) struct Merged<'a> {
    files: Paths,
    profile: &'a str,
    profiles: Sections<'a>,
    sso_sessions: Sections<'a>,
    services: Sections<'a>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Paths {
    config: String,
    credentials: String,
    missing: Vec<&'static str>,
}

impl Paths {
    /// Returns the paths as text. Bytes that are not UTF-8 are replaced.
    fn of(config: &SharedConfig) -> Self {
        let exists = [
            ("config", config.config_file_exists()),
            ("credentials", config.credentials_file_exists()),
        ];
        Self {
            config: config.config_file().display().to_string(),
            credentials: config.credentials_file().display().to_string(),
            missing: exists
                .into_iter()
                .filter(|(_, exists)| !exists)
                .map(|(file, _)| file)
                .collect(),
        }
    }

    /// Returns a path, with a note if the file does not exist.
    fn shown(&self, file: &str, path: &str) -> String {
        let missing = if self.missing.contains(&file) { " (does not exist)" } else { "" };
        format!("{}{missing}", printable(path))
    }
}

type Sections<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Value<'a>>>;

/// A value, or the properties below it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Nested(BTreeMap<&'a str, &'a str>),
}

impl<'a> Merged<'a> {
    pub(super) fn new(config: &'a SharedConfig, selected: &'a str) -> Self {
        Self {
            files: Paths::of(config),
            profile: selected,
            profiles: sections(config.profiles()),
            sso_sessions: sections(config.sso_sessions()),
            services: sections(config.services()),
            warnings: config.warnings().iter().map(ToString::to_string).collect(),
        }
    }
}

fn sections<'a>(sections: impl Iterator<Item = &'a Section>) -> Sections<'a> {
    sections.map(|section| (section.name(), properties(section))).collect()
}

fn properties(section: &Section) -> BTreeMap<&str, Value<'_>> {
    section.properties().map(|property| (property.key(), value(property))).collect()
}

fn value(property: &Property) -> Value<'_> {
    if property.has_sub_properties() {
        let below = property.sub_properties();
        Value::Nested(below.map(|property| (property.key(), shown(property))).collect())
    } else {
        Value::Text(shown(property))
    }
}

fn shown(property: &Property) -> &str {
    if property.is_secret() { HIDDEN } else { property.value() }
}

/// Renders the config files as tables, with the file and line of each property.
pub(super) fn render(config: &SharedConfig, selected: &str, origin: ProfileNameSource) -> String {
    let mut out = String::new();
    let files = Paths::of(config);
    let _ =
        writeln!(out, "{HEAD}config file:{HEAD:#}      {}", files.shown("config", &files.config));
    let _ = writeln!(
        out,
        "{HEAD}credentials file:{HEAD:#} {}",
        files.shown("credentials", &files.credentials)
    );
    let selected = printable(selected);
    let _ = writeln!(out, "{HEAD}profile:{HEAD:#}          {selected} ({origin})");
    for warning in config.warnings() {
        let _ = writeln!(out, "{FAIR}warning:{FAIR:#} {}", printable(&warning.to_string()));
    }
    for section in config.profiles().chain(config.sso_sessions()).chain(config.services()) {
        let title = printable(&format!("{} {}", section.kind(), section.name()));
        let mut table = Table::new([&format!("[{title}]"), "", ""]);
        for property in section.properties() {
            if property.has_sub_properties() {
                table.row(row(property.key(), "", property));
                for below in property.sub_properties() {
                    table.row(row(&format!("  {}", below.key()), shown(below), below));
                }
            } else {
                table.row(row(property.key(), shown(property), property));
            }
        }
        out.push('\n');
        out.push_str(&table.render());
    }
    out
}

fn row(key: &str, value: &str, property: &Property) -> [Cell; 3] {
    [
        key.into(),
        value.into(),
        Cell::new(property.origin().to_string(), anstyle::Style::new().dimmed()),
    ]
}
