//! The phrases that the messages of [`SettingsError`](crate::SettingsError) are put together from.
//!
//! Not responsible for which message it is.

use std::fmt;

use crate::names::in_section_line;
use crate::warning::excerpt;
use crate::{Locations, MissingKey, Origin};

/// What to do about a profile that is not there.
pub(crate) struct ProfileRemedy<'a> {
    pub(crate) profile: &'a str,
    pub(crate) misplaced: &'a Option<Origin>,
    pub(crate) nearest: &'a [String],
    pub(crate) files: &'a Locations,
}

impl fmt::Display for ProfileRemedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, misplaced, nearest, files } = self;
        let profile = SectionName(profile);
        match misplaced {
            Some(origin) if origin.file() == files.credentials() => {
                write!(f, "[profile {profile}], {origin}, must be [{profile}] to count there")
            }
            Some(origin) => {
                write!(f, "[{profile}], {origin}, must be [profile {profile}] to count there")
            }
            None => DidYouMean(nearest, "`aws configure sso` makes one").fmt(f),
        }
    }
}

/// A name as a section line gives it. It may be anything that someone asked for.
pub(crate) struct SectionName<'a>(pub(crate) &'a str);

impl fmt::Display for SectionName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_section_line(&excerpt(self.0)))
    }
}

/// The nearest names as a question, or else what to do.
pub(crate) struct DidYouMean<'a>(pub(crate) &'a [String], pub(crate) &'a str);

impl fmt::Display for DidYouMean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([others @ .., last], _) = self else { return f.write_str(self.1) };
        f.write_str("did you mean ")?;
        for (index, name) in others.iter().enumerate() {
            write!(f, "{}{name:?}", if index == 0 { "" } else { ", " })?;
        }
        write!(f, "{}{last:?}?", if others.is_empty() { "" } else { " or " })
    }
}

/// The profile that is being resolved, before what is wrong elsewhere.
pub(crate) struct UsedBy<'a>(pub(crate) Option<&'a str>);

impl fmt::Display for UsedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |profile| write!(f, "profile {profile:?}: "))
    }
}

/// Keys in a row.
pub(crate) struct Keys<'a>(pub(crate) &'a [&'static str]);

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" and "))
    }
}

/// The missing keys, those of one section together.
pub(crate) struct MissingList<'a>(pub(crate) &'a [MissingKey]);

impl fmt::Display for MissingList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.0.chunk_by(|a, b| a.section == b.section).enumerate() {
            let keys: Vec<_> = group.iter().map(|missing| missing.key).collect();
            let Some(MissingKey { section, origin, .. }) = group.first() else { continue };
            let before = if index == 0 { "" } else { ", and " };
            write!(f, "{before}{} in {section}, {origin}", keys.join(", "))?;
        }
        Ok(())
    }
}

/// What to do about missing keys. They may all be missing because the session is not named.
pub(crate) struct MissingRemedy<'a>(pub(crate) &'a [MissingKey]);

impl fmt::Display for MissingRemedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(it_or_them(self.0))?;
        // A profile that names a session is asked for account and role alone, and they come first.
        let legacy = self.0.first().is_some_and(|first| is_of_session(first.key));
        if legacy { f.write_str(", or name an sso-session with sso_session") } else { Ok(()) }
    }
}

fn is_of_session(key: &str) -> bool {
    matches!(key, "sso_start_url" | "sso_region")
}

pub(crate) fn it_or_them<T>(missing: &[T]) -> &'static str {
    if missing.len() == 1 { "it" } else { "them" }
}
