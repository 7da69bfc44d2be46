//! Looking at a section and its properties.
//!
//! Not responsible for what a property means.

use std::fmt;

use crate::Origin;
use crate::merge::MergedSection;
use crate::parse::Entry;
use crate::shared_config::SharedConfig;

/// A profile, an sso-session or a services section, with everything that both files say of it.
///
/// It borrows from the [`SharedConfig`]; nothing is copied. Cheap to clone.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    config: &'a SharedConfig,
    kind: SectionKind,
    merged: &'a MergedSection,
}

/// A profile: a [`Section`] that was looked up as one.
pub type Profile<'a> = Section<'a>;

/// Which kind of section it is. Shown as the word that stands in the section line.
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

/// A property, `key = value`, or one of the sub-properties nested below a property.
///
/// It borrows from the [`SharedConfig`]; nothing is copied. The value may be a secret (a secret key
/// in the credentials file): `Debug` leaves it out, and [`Property::is_secret`] tells.
#[derive(Clone, Copy)]
pub struct Property<'a> {
    config: &'a SharedConfig,
    entry: &'a Entry,
}

impl<'a> Section<'a> {
    pub(crate) fn new(
        config: &'a SharedConfig,
        kind: SectionKind,
        merged: &'a MergedSection,
    ) -> Self {
        Self { config, kind, merged }
    }

    /// The name, without the type before it and without quotes: `dev` of `[profile dev]`.
    pub fn name(&self) -> &'a str {
        self.config.text(self.merged.name)
    }

    /// Which kind of section it is.
    pub fn kind(&self) -> SectionKind {
        self.kind
    }

    /// Where the section begins; of one that stands more than once, where it stands first, in the
    /// config file if it is there at all.
    pub fn origin(&self) -> Origin {
        self.config.origin(self.merged.file, self.merged.line)
    }

    /// The property `key`, which is given in lower case, as keys are kept.
    pub fn get(&self, key: &str) -> Option<Property<'a>> {
        find(self.config, self.entries(), key)
    }

    /// All properties, sorted by key.
    pub fn properties(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        let config = self.config;
        self.entries().iter().map(move |entry| Property { config, entry })
    }

    fn entries(&self) -> &'a [Entry] {
        self.config.properties(self.merged.properties.clone())
    }
}

impl<'a> Property<'a> {
    /// The key, in lower case.
    pub fn key(&self) -> &'a str {
        self.config.text(self.entry.key)
    }

    /// The value, trimmed and without comment. Lines that continue it are joined with `\n`, each
    /// trimmed; of a property with sub-properties the value is empty before the first `\n`.
    pub fn value(&self) -> &'a str {
        self.config.text(self.entry.value)
    }

    /// Where the property stands: the line of its key.
    pub fn origin(&self) -> Origin {
        self.config.origin(self.entry.file, self.entry.line)
    }

    /// The properties nested below this one, sorted by key; none for a property with a value of its
    /// own. Sub-properties have none themselves.
    pub fn sub_properties(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        let config = self.config;
        self.entries().iter().map(move |entry| Property { config, entry })
    }

    /// Whether there are properties nested below this one.
    pub fn has_sub_properties(&self) -> bool {
        !self.entries().is_empty()
    }

    /// The sub-property `key`, which is given in lower case, as keys are kept.
    pub fn sub(&self, key: &str) -> Option<Property<'a>> {
        find(self.config, self.entries(), key)
    }

    /// Whether the value must not be shown: `aws_secret_access_key` and `aws_session_token`, and
    /// `aws_security_token`, the older name of the latter.
    pub fn is_secret(&self) -> bool {
        matches!(self.key(), "aws_secret_access_key" | "aws_session_token" | "aws_security_token")
    }

    fn entries(&self) -> &'a [Entry] {
        self.config.sub_properties(self.entry.sub_properties.clone())
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

impl fmt::Debug for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("kind", &self.kind)
            .field("name", &self.name())
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Property<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Property")
            .field("key", &self.key())
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}

fn find<'a>(config: &'a SharedConfig, sorted: &'a [Entry], key: &str) -> Option<Property<'a>> {
    let at = sorted.binary_search_by(|entry| config.text(entry.key).cmp(key)).ok()?;
    sorted.get(at).map(|entry| Property { config, entry })
}
