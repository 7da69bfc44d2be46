//! Sections: profiles, sso-sessions and services sections.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::property::Properties;
use crate::{FileKind, Origin, Property, Warning, section_name};

/// A profile, an sso-session or a services section, merged from both files.
#[derive(Clone)]
pub struct Section {
    pub(crate) kind: SectionKind,
    pub(crate) name: Arc<str>,
    pub(crate) origin: Origin,
    /// The text between the brackets, if it is written differently from `KIND NAME`.
    pub(crate) spelling: Option<Box<str>>,
    /// The last file that contains the section.
    pub(crate) last_file: FileKind,
    pub(crate) properties: Properties,
    pub(crate) warnings: Vec<Warning>,
}

/// A kind of section. Displayed as the word in the section line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SectionKind {
    /// `[profile NAME]`, `[default]`, or `[NAME]` in the credentials file.
    Profile,
    /// `[sso-session NAME]`.
    SsoSession,
    /// `[services NAME]`.
    Services,
}

impl Section {
    /// The name, without the type before it and without quotes: `dev` of `[profile dev]`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of the section.
    pub fn kind(&self) -> SectionKind {
        self.kind
    }

    /// The file and line of the first section line. If both files have the section, the line is in
    /// the config file.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the property `key`, which must be in lower case.
    pub fn get(&self, key: &str) -> Option<&Property> {
        self.properties.get(key)
    }

    /// All properties, sorted by key.
    pub fn properties(&self) -> impl ExactSizeIterator<Item = &Property> {
        self.properties.iter()
    }

    /// The warnings about lines of this section.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The section line for the config file, in its shortest form: `[default]`, `[profile dev]`,
    /// `[sso-session "two words"]`.
    pub fn header(&self) -> String {
        header(self.kind, &self.name)
    }
}

impl Section {
    /// The text between the brackets.
    pub(crate) fn spelling(&self) -> Cow<'_, str> {
        match &self.spelling {
            Some(spelling) => Cow::Borrowed(spelling),
            None => Cow::Owned(format!("{} {}", self.kind, self.name)),
        }
    }
}

/// Returns the section line for the config file.
pub(crate) fn header(kind: SectionKind, name: &str) -> String {
    match kind {
        SectionKind::Profile if name == "default" => "[default]".to_owned(),
        _ => format!("[{kind} {}]", section_name::quote(name)),
    }
}

impl fmt::Display for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Profile => "profile",
            Self::SsoSession => "sso-session",
            Self::Services => "services",
        })
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
