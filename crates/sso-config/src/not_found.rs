//! Details of a section that does not exist, and sections that could be meant instead.

use std::fmt;
use std::path::PathBuf;

use crate::nearest::nearest;
use crate::section::{Section, SectionKind};
use crate::text::{List, is_invisible};
use crate::{SharedConfig, Warning};

/// Details of a profile, an sso-session or a services section that does not exist: the searched
/// files, and sections that could be meant instead. `Display` is the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotFound {
    /// The kind of the section.
    pub kind: SectionKind,
    /// The searched files. The flag is true if the file exists.
    pub files: Vec<(PathBuf, bool)>,
    /// The warning about an ignored section that could be the requested one.
    pub ignored: Option<Warning>,
    /// True if the requested name is in quotes. They are part of the name.
    pub in_quotes: bool,
    /// Up to three existing names that are similar, the most similar first.
    pub nearest: Vec<String>,
}

impl NotFound {
    pub(crate) fn new(config: &SharedConfig, kind: SectionKind, name: &str) -> Box<Self> {
        let mut files = vec![(config.config_file().to_owned(), config.config_file_exists())];
        if kind == SectionKind::Profile {
            files.push((config.credentials_file().to_owned(), config.credentials_file_exists()));
        }
        let ignored = config.warnings().iter().find(|warning| {
            warning.ignored_section().is_some_and(|header| could_be(header, kind, name))
        });
        let nearest = match kind {
            SectionKind::Profile => nearest(name, config.profiles().map(Section::name)),
            SectionKind::SsoSession => nearest(name, config.sso_sessions().map(Section::name)),
            SectionKind::Services => nearest(name, config.services().map(Section::name)),
        };
        let in_quotes = in_quotes(name);
        Box::new(Self { kind, files, ignored: ignored.cloned(), in_quotes, nearest })
    }

    /// Formats the files as "in A, which does not exist, nor in B".
    pub(crate) fn files(&self) -> String {
        let files = self.files.iter().map(|(file, exists)| {
            let missing = if *exists { "" } else { ", which does not exist," };
            format!("in {}{missing}", file.display())
        });
        let list = List { items: files.collect(), conjunction: "nor" }.to_string();
        list.trim_end_matches(',').to_owned()
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(warning) = &self.ignored {
            return warning.fmt(f);
        }
        if self.in_quotes {
            return f.write_str("the quotes are part of the name; remove them");
        }
        if !self.nearest.is_empty() {
            let items = self.nearest.iter().map(|name| format!("{name:?}")).collect();
            return write!(f, "did you mean {}?", List { items, conjunction: "or" });
        }
        f.write_str(match self.kind {
            SectionKind::Profile => "create the profile with `ssocreds configure`",
            SectionKind::SsoSession => "add that section, or run `ssocreds configure`",
            SectionKind::Services => "add that section, or remove the services property",
        })
    }
}

/// Returns `true` if a value begins and ends with the same quote.
pub(crate) fn in_quotes(value: &str) -> bool {
    ['"', '\''].into_iter().any(|quote| {
        value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)).is_some()
    })
}

/// Returns `true` if an ignored section line could be meant as the section `name`.
fn could_be(header: &str, kind: SectionKind, name: &str) -> bool {
    let (header, name) = (folded(header), folded(name));
    let (first, rest) = header.split_once(' ').unwrap_or_default();
    let is_other_kind = match kind {
        SectionKind::Profile => first.starts_with("sso") || first.starts_with("service"),
        SectionKind::SsoSession => first.starts_with("profile") || first.starts_with("service"),
        SectionKind::Services => first.starts_with("profile") || first.starts_with("sso"),
    };
    header == name || (rest == name && !is_other_kind)
}

/// Normalizes what is easily mistyped in a name: letter case, quotes, invisible characters, and the
/// kind and number of blanks.
fn folded(name: &str) -> String {
    let visible = name
        .chars()
        .filter(|&c| c.is_whitespace() || !(is_invisible(c) || matches!(c, '"' | '\'' | '\\')))
        .map(|c| c.to_ascii_lowercase());
    visible.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_sections_that_could_be_meant() {
        use SectionKind::{Profile, Services, SsoSession};
        for (header, kind, name, expected) in [
            ("profile My Account", Profile, "My Account", true),
            ("devsso", Profile, "devsso", true),
            ("Profile devsso", Profile, "devsso", true),
            ("profiles devsso", Profile, "devsso", true),
            ("profile\u{a0}devsso", Profile, "devsso", true),
            ("profile dev\u{200b}sso", Profile, "devsso", true),
            ("profile \"devsso", Profile, "devsso", true),
            ("sso-session  corp x", SsoSession, "corp x", true),
            ("sso_session corp", SsoSession, "corp", true),
            ("service corp", Services, "corp", true),
            ("sso-session corp x", Profile, "corp x", false),
            ("service corp", Profile, "corp", false),
            ("profile corp", SsoSession, "corp", false),
            ("service corp", SsoSession, "corp", false),
            ("profile corp", Services, "corp", false),
            ("sso-session corp", Services, "corp", false),
            ("plugins", Profile, "devsso", false),
        ] {
            assert_eq!(could_be(header, kind, name), expected, "{header}");
        }
    }
}
