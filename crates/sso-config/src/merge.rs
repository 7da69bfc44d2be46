//! Merging: sections of the same name become one, and of a property that stands twice the last
//! counts.
//!
//! Not responsible for reading lines.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::parse::{Entry, File, Kind, Parsed, ParsedSection};
use crate::text::{Span, Texts};
use crate::{Origin, Warning};

/// A section with everything that both files say of it.
#[derive(Debug)]
pub(crate) struct MergedSection {
    pub(crate) name: Span,
    /// Where it stands for the first time.
    pub(crate) file: File,
    pub(crate) line: u32,
    /// A range of [`Merged::properties`], sorted by key.
    pub(crate) properties: Range<usize>,
}

/// Sections sorted by name, properties and sub-properties by key, each of them once.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) profiles: Vec<MergedSection>,
    pub(crate) sso_sessions: Vec<MergedSection>,
    pub(crate) services: Vec<MergedSection>,
    pub(crate) properties: Vec<Entry>,
    pub(crate) sub_properties: Vec<Entry>,
}

/// Merges what was parsed; the credentials file was parsed last and so wins.
///
/// Sorting rather than comparing each with each: 100,000 sections of one name, or 100,000
/// properties of one, take no more than as many different ones.
pub(crate) fn merge(parsed: &Parsed, texts: &Texts) -> Merged {
    let has_prefixed_default = has_prefixed_default(parsed, texts);
    let mut sections: Vec<&ParsedSection> = parsed
        .sections
        .iter()
        .filter(|section| !(section.kind == Kind::Default && has_prefixed_default))
        .collect();
    // Stable: of one name, the order of the files stays.
    sections.sort_by_key(|section| texts.get(section.name));

    let mut merged = Merged::default();
    let mut properties = Vec::new();
    for same_name in sections.chunk_by(|a, b| texts.get(a.name) == texts.get(b.name)) {
        for group in [Group::Profiles, Group::SsoSessions, Group::Services] {
            let mut first = None;
            for section in same_name.iter().filter(|section| Group::of(section.kind) == group) {
                first.get_or_insert(section);
                properties.extend(
                    parsed.properties.get(section.properties.clone()).into_iter().flatten(),
                );
            }
            if let Some(first) = first {
                let (name, file, line) = (first.name, first.file, first.line);
                let properties = merged.add_properties(&mut properties, parsed, texts);
                let section = MergedSection { name, file, line, properties };
                merged.group(group).push(section);
            }
        }
    }
    merged
}

/// What the merge leaves out without a trace in its result.
pub(crate) fn warnings(parsed: &Parsed, texts: &Texts, config: &Arc<Path>) -> Vec<Warning> {
    if !has_prefixed_default(parsed, texts) {
        return Vec::new();
    }
    let replaced = parsed.sections.iter().filter(|section| section.kind == Kind::Default);
    replaced
        .map(|section| Warning::ReplacedDefault {
            origin: Origin::new(config, section.line as usize),
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Profiles,
    SsoSessions,
    Services,
}

impl Group {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Default | Kind::Profile => Self::Profiles,
            Kind::SsoSession => Self::SsoSessions,
            Kind::Services => Self::Services,
        }
    }
}

impl Merged {
    fn group(&mut self, group: Group) -> &mut Vec<MergedSection> {
        match group {
            Group::Profiles => &mut self.profiles,
            Group::SsoSessions => &mut self.sso_sessions,
            Group::Services => &mut self.services,
        }
    }

    /// Moves `found` in, which is left empty, and says where they are.
    fn add_properties(
        &mut self,
        found: &mut Vec<&Entry>,
        parsed: &Parsed,
        texts: &Texts,
    ) -> Range<usize> {
        let first = self.properties.len();
        let mut sub_properties = Vec::new();
        for property in last_of_each_key(found, texts) {
            let range =
                property.sub_properties.start as usize..property.sub_properties.end as usize;
            sub_properties.extend(parsed.sub_properties.get(range).into_iter().flatten());
            let start = self.sub_properties.len();
            self.sub_properties.extend(last_of_each_key(&mut sub_properties, texts).cloned());
            sub_properties.clear();
            self.properties.push(Entry {
                sub_properties: offset(start)..offset(self.sub_properties.len()),
                ..property.clone()
            });
        }
        found.clear();
        first..self.properties.len()
    }
}

fn last_of_each_key<'a>(
    entries: &mut [&'a Entry],
    texts: &Texts,
) -> impl Iterator<Item = &'a Entry> {
    entries.sort_by_key(|entry| texts.get(entry.key));
    entries
        .chunk_by(|a, b| texts.get(a.key) == texts.get(b.key))
        .filter_map(|same_key| same_key.last().copied())
}

fn has_prefixed_default(parsed: &Parsed, texts: &Texts) -> bool {
    parsed.sections.iter().any(|section| {
        section.kind == Kind::Profile
            && section.file == File::Config
            && texts.get(section.name) == "default"
    })
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
