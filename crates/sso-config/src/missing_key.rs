//! Required keys that are missing.

use std::fmt;

use crate::section::Section;
use crate::{Origin, Warning, WarningKind};

/// A required key that is missing, and the section that it belongs in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingKey {
    /// The key.
    pub key: &'static str,
    /// The section, as written in the config file: `[profile dev]`, also for a profile of the
    /// credentials file.
    pub section: String,
    /// The file and line of the section line.
    pub origin: Origin,
    /// A property of that section that was ignored because its key is this key with an invalid
    /// character in it, such as an invisible one.
    pub ignored: Option<Warning>,
}

impl MissingKey {
    pub(crate) fn new(section: &Section, key: &'static str) -> Self {
        Self {
            key,
            section: section.header(),
            origin: section.origin().clone(),
            ignored: ignored_property(section, |meant| meant == key),
        }
    }
}

/// The warning about the first property that was ignored because of an invalid character, and whose
/// key without that character satisfies `is_key`.
pub(crate) fn ignored_property(
    section: &Section,
    is_key: impl Fn(&str) -> bool,
) -> Option<Warning> {
    let mut warnings = section.warnings().iter();
    let ignored = warnings.find(|warning| match warning.kind() {
        WarningKind::KeyCharacter { meant: Some(meant), .. } => is_key(meant),
        _ => false,
    });
    ignored.cloned()
}

impl fmt::Display for MissingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}, {}", self.key, self.section, self.origin)
    }
}

/// Displays missing keys, grouped by section, and the remedy.
pub(crate) struct MissingKeys<'a> {
    missing: &'a [MissingKey],
    /// True if naming a session is another remedy.
    is_legacy: bool,
}

impl<'a> MissingKeys<'a> {
    /// Keys of a profile, or of a profile and its session.
    pub(crate) fn of_profile(missing: &'a [MissingKey]) -> Self {
        // For a profile that names a session, the first missing key is the account or the role.
        let is_legacy = missing
            .first()
            .is_some_and(|first| matches!(first.key, "sso_start_url" | "sso_region"));
        Self { missing, is_legacy }
    }

    pub(crate) fn of_session(missing: &'a [MissingKey]) -> Self {
        Self { missing, is_legacy: false }
    }
}

impl fmt::Display for MissingKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.missing.chunk_by(|a, b| a.section == b.section).enumerate() {
            let keys: Vec<_> = group.iter().map(|missing| missing.key).collect();
            let Some(MissingKey { section, origin, .. }) = group.first() else { continue };
            let before = if index == 0 { "" } else { ", and " };
            write!(f, "{before}{} in {section}, {origin}", keys.join(", "))?;
        }
        if let Some(warning) = self.missing.iter().find_map(|missing| missing.ignored.as_ref()) {
            return write!(f, "; {warning}");
        }
        f.write_str(if self.missing.len() == 1 { "; add it" } else { "; add them" })?;
        f.write_str(if self.is_legacy { ", or name an sso-session with sso_session" } else { "" })
    }
}
