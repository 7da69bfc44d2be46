//! Sections and their properties.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{FileKind, Origin, section_name};

/// A profile, an sso-session or a services section, with everything that both files say about it.
#[derive(Clone)]
pub struct Section {
    pub(crate) kind: SectionKind,
    pub(crate) name: Arc<str>,
    pub(crate) origin: Origin,
    /// The text between the brackets, unless it is the kind, a blank and the name.
    pub(crate) spelling: Option<Box<str>>,
    /// The file that it was last found in.
    pub(crate) last_file: FileKind,
    pub(crate) properties: BTreeMap<Arc<str>, Property>,
    /// Which of the configuration's warnings are about lines of this section.
    pub(crate) warnings: Vec<usize>,
}

/// A kind of section. Shown as the word in the section line.
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

/// A property, `key = value`, or one of the sub-properties below a property.
///
/// The value may be a secret (a secret key in the credentials file): it is wiped from memory when
/// dropped, `Debug` leaves it out, and [`Property::is_secret`] tells.
#[derive(Clone)]
pub struct Property {
    /// Shared by all properties with this key: a file has many properties and few keys.
    pub(crate) key: Arc<str>,
    pub(crate) value: Zeroizing<Box<str>>,
    pub(crate) origin: Origin,
    pub(crate) sub_properties: BTreeMap<Arc<str>, Property>,
}

impl Section {
    /// The name, without the type before it and without quotes: `dev` of `[profile dev]`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which kind of section it is.
    pub fn kind(&self) -> SectionKind {
        self.kind
    }

    /// Where the section begins. If it begins more than once, the first time, in the config file if
    /// it is there at all.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The property `key`, which must be in lower case, as keys are kept.
    pub fn get(&self, key: &str) -> Option<&Property> {
        self.properties.get(key)
    }

    /// All properties, sorted by key.
    pub fn properties(&self) -> impl ExactSizeIterator<Item = &Property> {
        self.properties.values()
    }

    /// The line that begins such a section in the config file, in its shortest form:
    /// `[default]`, `[profile dev]`, `[sso-session "two words"]`.
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

/// The section line of such a section in the config file.
pub(crate) fn header(kind: SectionKind, name: &str) -> String {
    match kind {
        SectionKind::Profile if name == "default" => "[default]".to_owned(),
        _ => format!("[{kind} {}]", section_name::quote(name)),
    }
}

impl Property {
    /// The key: in lower case, but of a sub-property as it is written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, trimmed and without comment. Lines that continue it are joined with `\n`, each
    /// trimmed. Empty for a property with sub-properties.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The line of the key.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The properties below this one, sorted by key; none for a property with a value of its own.
    /// Sub-properties have none themselves.
    pub fn sub_properties(&self) -> impl ExactSizeIterator<Item = &Property> {
        self.sub_properties.values()
    }

    /// Whether there are properties below this one.
    pub fn has_sub_properties(&self) -> bool {
        !self.sub_properties.is_empty()
    }

    /// The sub-property `key`. Unlike keys of properties, those of sub-properties are
    /// case-sensitive.
    pub fn sub(&self, key: &str) -> Option<&Property> {
        self.sub_properties.get(key)
    }

    /// Whether the value must not be shown: `aws_secret_access_key`, `aws_session_token`, and its
    /// older name `aws_security_token`.
    pub fn is_secret(&self) -> bool {
        matches!(self.key(), "aws_secret_access_key" | "aws_session_token" | "aws_security_token")
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

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Property")
            .field("key", &self.key)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
