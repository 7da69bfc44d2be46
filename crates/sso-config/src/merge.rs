//! Merging: sections of the same name become one, and of a property that stands twice the last
//! counts.
//!
//! Not responsible for reading lines.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::parse::{Entry, File, Kind, Parsed, ParsedSection};
use crate::section::SectionKind;
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
    profiles: Vec<MergedSection>,
    sso_sessions: Vec<MergedSection>,
    services: Vec<MergedSection>,
    pub(crate) properties: Vec<Entry>,
    pub(crate) sub_properties: Vec<Entry>,
}

/// Merges what was parsed; the credentials file was parsed last and so wins.
///
/// Sorting rather than comparing each with each: 100,000 sections of one name, or 100,000
/// properties of one, take no more than as many different ones. Sorting is done in place: most
/// sections stand once, and their properties stay where they are.
pub(crate) fn merge(parsed: Parsed, texts: &Texts) -> (Merged, Vec<Warning>) {
    let mut merged = Merged {
        properties: parsed.properties,
        sub_properties: parsed.sub_properties,
        ..Merged::default()
    };
    let mut sections: Vec<(&str, &ParsedSection)> =
        parsed.sections.iter().map(|section| (texts.get(section.name), section)).collect();
    // Stable: of one name, the order of the files stays.
    sections.sort_by_key(|(name, _)| *name);
    for same_name in sections.chunk_by(|(a, _), (b, _)| a == b) {
        for kind in [SectionKind::Profile, SectionKind::SsoSession, SectionKind::Services] {
            let of_kind = same_name.iter().map(|(_, section)| *section);
            let of_kind = of_kind.filter(|section| section_kind(section.kind) == kind);
            merged.add(kind, of_kind, texts);
        }
    }
    (merged, parsed.warnings)
}

/// Leaves `[default]` out where the config file has `[profile default]` too.
pub(crate) fn replace_default(parsed: &mut Parsed, texts: &Texts, config: &Arc<Path>) {
    let replaces = |section: &ParsedSection| {
        section.kind == Kind::Profile
            && section.file == File::Config
            && texts.get(section.name) == "default"
    };
    if !parsed.sections.iter().any(replaces) {
        return;
    }
    let Parsed { sections, warnings, .. } = parsed;
    sections.retain(|section| {
        let keep = section.kind != Kind::Default;
        if !keep {
            let origin = Origin::new(config, section.line as usize);
            warnings.push(Warning::ReplacedDefault { origin });
        }
        keep
    });
}

fn section_kind(kind: Kind) -> SectionKind {
    match kind {
        Kind::Default | Kind::Profile => SectionKind::Profile,
        Kind::SsoSession => SectionKind::SsoSession,
        Kind::Services => SectionKind::Services,
    }
}

impl Merged {
    pub(crate) fn sections(&self, kind: SectionKind) -> &[MergedSection] {
        match kind {
            SectionKind::Profile => &self.profiles,
            SectionKind::SsoSession => &self.sso_sessions,
            SectionKind::Services => &self.services,
        }
    }

    fn sections_mut(&mut self, kind: SectionKind) -> &mut Vec<MergedSection> {
        match kind {
            SectionKind::Profile => &mut self.profiles,
            SectionKind::SsoSession => &mut self.sso_sessions,
            SectionKind::Services => &mut self.services,
        }
    }

    /// Makes one section of those given, which have the same name.
    fn add<'a>(
        &mut self,
        kind: SectionKind,
        mut sections: impl Iterator<Item = &'a ParsedSection> + Clone,
        texts: &Texts,
    ) {
        let all = sections.clone();
        let Some(first) = sections.next() else { return };
        let properties = if sections.next().is_none() {
            first.properties.clone()
        } else {
            let start = self.properties.len();
            for section in all {
                self.properties.extend_from_within(section.properties.clone());
            }
            start..self.properties.len()
        };
        let properties = settle(&mut self.properties, properties, texts);
        for property in self.properties.get_mut(properties.clone()).into_iter().flatten() {
            let Range { start, end } = property.sub_properties;
            let settled = settle(&mut self.sub_properties, start as usize..end as usize, texts);
            property.sub_properties.end = start + offset(settled.len());
        }
        let section =
            MergedSection { name: first.name, file: first.file, line: first.line, properties };
        self.sections_mut(kind).push(section);
    }
}

/// Sorts a range by key and keeps the last of each; says where they are, at the range's beginning.
fn settle(entries: &mut [Entry], range: Range<usize>, texts: &Texts) -> Range<usize> {
    let start = range.start;
    let entries = entries.get_mut(range).unwrap_or_default();
    entries.sort_by(|a, b| texts.bytes(a.key).cmp(texts.bytes(b.key)));
    let mut kept = 0;
    for at in 0..entries.len() {
        let is_last = match (entries.get(at), entries.get(at + 1)) {
            (Some(entry), Some(next)) => texts.bytes(entry.key) != texts.bytes(next.key),
            _ => true,
        };
        if is_last {
            entries.swap(kept, at);
            kept += 1;
        }
    }
    start..start + kept
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
