//! Both config files, merged: every section with every property.
//!
//! Secret values are left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use sso_config::{ProfileOrigin, Property, Section, SharedConfig};

use crate::printable::printable;
use crate::table::{Cell, FAIR, HEAD, Table};

/// What stands for a secret.
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
}

impl Paths {
    /// A path need not be text, and what is shown is: what is none in it is replaced.
    fn of(config: &SharedConfig) -> Self {
        Self {
            config: config.config_file().display().to_string(),
            credentials: config.credentials_file().display().to_string(),
        }
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

fn sections<'a>(sections: impl Iterator<Item = Section<'a>>) -> Sections<'a> {
    sections.map(|section| (section.name(), properties(section))).collect()
}

fn properties(section: Section<'_>) -> BTreeMap<&str, Value<'_>> {
    section.properties().map(|property| (property.key(), value(property))).collect()
}

fn value(property: Property<'_>) -> Value<'_> {
    if property.has_sub_properties() {
        let below = property.sub_properties();
        Value::Nested(below.map(|property| (property.key(), shown(property))).collect())
    } else {
        Value::Text(shown(property))
    }
}

fn shown(property: Property<'_>) -> &str {
    if property.is_secret() { HIDDEN } else { property.value() }
}

/// The same for people, with where each property stands.
pub(super) fn render(config: &SharedConfig, selected: &str, origin: ProfileOrigin) -> String {
    let mut out = String::new();
    let files = Paths::of(config);
    let _ = writeln!(out, "{HEAD}config file:{HEAD:#}      {}", printable(&files.config));
    let _ = writeln!(out, "{HEAD}credentials file:{HEAD:#} {}", printable(&files.credentials));
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

fn row(key: &str, value: &str, property: Property<'_>) -> [Cell; 3] {
    [
        key.into(),
        value.into(),
        Cell::new(property.origin().to_string(), anstyle::Style::new().dimmed()),
    ]
}
