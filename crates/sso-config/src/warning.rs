//! Warnings: what was left out or looks wrong, and yet is no error.
//!
//! Not responsible for showing them; nothing in this crate prints.

use crate::Origin;

/// Something in the configuration that was ignored, or that is probably a mistake.
///
/// No warning quotes the value of a property or a line of a file: those may be secret. Names of
/// sections are quoted, with control characters escaped and at most 64 characters of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// A section of a type that says nothing about profiles, or that does not belong in its file.
    #[error("the section [{header}] is ignored, {origin}: {expected}")]
    IgnoredSection {
        /// What stands between the brackets.
        header: String,
        /// Where the section begins.
        origin: Origin,
        /// Which sections that file holds, in words.
        expected: &'static str,
    },
    /// A section whose name holds a character that cannot stand in a name, or that has no name.
    /// Names are letters, digits and `_-/.%@:+`, or those and spaces in quotes.
    #[error(
        "the section [{header}] is ignored, {origin}: its name is not a valid one \
         (letters, digits and _-/.%@:+, with spaces only in quotes)"
    )]
    InvalidSectionName {
        /// What stands between the brackets.
        header: String,
        /// Where the section begins.
        origin: Origin,
    },
    /// `[default]`, where `[profile default]` stands in the same file too and replaces it.
    #[error("the section [default] is ignored, {origin}: [profile default] replaces it")]
    ReplacedDefault {
        /// Where `[default]` begins.
        origin: Origin,
    },
    /// A property whose name holds a character that cannot stand in one.
    #[error(
        "a property is ignored, {origin}: its name holds {character:?} \
         (letters, digits and _-/.%@:+ can stand in it)"
    )]
    InvalidPropertyName {
        /// The first such character.
        character: char,
        /// Where the property stands.
        origin: Origin,
    },
    /// A start URL that does not begin with `https://`. Nothing in this family of crates contacts
    /// it, yet a sign-in would.
    #[error("sso_start_url of {section} is not an https URL, {origin}")]
    StartUrlNotHttps {
        /// The section line it stands below, such as `[sso-session dev]`.
        section: String,
        /// Where `sso_start_url` stands.
        origin: Origin,
    },
    /// An account id that does not have twelve digits. The service judges it; most often leading
    /// zeros were lost.
    #[error(
        "the account id {account_id:?} of profile {profile:?} does not have 12 digits, {origin}; \
         leading zeros count"
    )]
    AccountIdDigits {
        /// The profile.
        profile: String,
        /// The account id.
        account_id: String,
        /// Where `sso_account_id` stands.
        origin: Origin,
    },
}

/// As much of a section line as a message shows.
pub(crate) fn excerpt(header: &str) -> String {
    const LIMIT: usize = 64;
    let mut shown: String = header.chars().take(LIMIT).flat_map(shown_character).collect();
    if header.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

fn shown_character(c: char) -> impl Iterator<Item = char> {
    let (plain, escaped) =
        if c.is_control() { (None, Some(c.escape_default())) } else { (Some(c), None) };
    plain.into_iter().chain(escaped.into_iter().flatten())
}
