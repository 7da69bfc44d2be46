//! The parser. It turns the lines of a file into sections, properties and warnings.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::property::{Properties, Property};
use crate::section::{Section, SectionKind};
use crate::syntax::{Content, Lines};
use crate::text::{beginning, trim_blanks};
use crate::warning::unknown_section;
use crate::{FileKind, Origin, Warning, WarningKind, section_name};

/// The keys of an SSO profile. If removing the invalid characters from a key gives one of these keys,
/// errors mention that line.
pub(crate) const SSO_KEYS: [&str; 5] =
    ["sso_account_id", "sso_role_name", "sso_session", "sso_start_url", "sso_region"];

/// The largest number of properties that a section `[DEFAULT]` may add to other sections in total.
/// Without a limit, the memory would grow with the square of the file's size.
const MAX_DEFAULTS: usize = 1_000_000;

/// The sections of both files by kind and name, and all warnings in the order of the lines.
#[derive(Default)]
pub(crate) struct Sections {
    profiles: BTreeMap<Arc<str>, Section>,
    sso_sessions: BTreeMap<Arc<str>, Section>,
    services: BTreeMap<Arc<str>, Section>,
    pub(crate) warnings: Vec<Warning>,
}

impl Sections {
    pub(crate) fn of_kind(&self, kind: SectionKind) -> &BTreeMap<Arc<str>, Section> {
        match kind {
            SectionKind::Profile => &self.profiles,
            SectionKind::SsoSession => &self.sso_sessions,
            SectionKind::Services => &self.services,
        }
    }

    /// Adds the sections of a file. The config file must be added first, since properties of the
    /// credentials file replace those of the config file.
    pub(crate) fn add_file(&mut self, file: FileKind, path: &Arc<Path>, text: &str) {
        let Self { profiles, sso_sessions, services, warnings } = self;
        let first_warning = warnings.len();
        let mut parser = Parser {
            file,
            path,
            line: 0,
            warnings,
            open: None,
            properties: Vec::new(),
            is_unsorted: false,
            keys: BTreeSet::new(),
        };
        let mut current = Current::BeforeFirst;
        let mut defaults = None;
        for line in Lines::new(text) {
            parser.line = line.number;
            match line.content {
                Content::Comment => {}
                Content::Empty => parser.blank(),
                Content::Section { header, has_trailing_text } => {
                    parser.close_section(&mut current);
                    current = match classify(file, header) {
                        Header::Section(kind, name) => {
                            let sections = match kind {
                                SectionKind::Profile => &mut *profiles,
                                SectionKind::SsoSession => &mut *sso_sessions,
                                SectionKind::Services => &mut *services,
                            };
                            parser.open_section(sections, kind, name, header)
                        }
                        Header::Defaults => parser.open_defaults(&mut defaults, header),
                        Header::Ignored(kind) => parser.ignore_section(kind),
                    };
                    if has_trailing_text {
                        parser.warn_in(&mut current, WarningKind::TextBehindSection);
                    }
                }
                Content::UnclosedSection { header } => {
                    parser.close_section(&mut current);
                    parser.warn(WarningKind::UnclosedSection { header: beginning(header) });
                    current = Current::Ignored { section: None };
                }
                Content::Property { key, value } => {
                    parser.close_property(&mut current);
                    parser.open_property(&mut current, key, value);
                }
                Content::Continuation(text) => parser.continue_property(text),
                Content::SubProperty { key, value } => {
                    parser.sub_property(&mut current, key, value);
                }
                Content::Faulty(fault) => {
                    if !fault.is_in_sub_property() {
                        parser.close_property(&mut current);
                    }
                    parser.warn_in(&mut current, fault.into());
                }
            }
        }
        parser.close_section(&mut current);
        if parser.is_unsorted {
            self.sort_properties(file, path);
        }
        if let Some(mut defaults) = defaults {
            sort_properties(&mut defaults, path, &mut self.warnings);
            self.apply_defaults(file, path, &defaults);
        }
        if let Some(warnings) = self.warnings.get_mut(first_warning..) {
            warnings.sort_by_key(|warning| warning.origin().line());
        }
    }

    /// Sorts the properties of the sections that are in this file.
    fn sort_properties(&mut self, file: FileKind, path: &Arc<Path>) {
        let all = [&mut self.profiles, &mut self.sso_sessions, &mut self.services];
        let sections = all.into_iter().flat_map(BTreeMap::values_mut);
        for section in sections.filter(|section| section.last_file == file) {
            sort_properties(section, path, &mut self.warnings);
        }
    }

    /// Adds the properties of `[DEFAULT]` to the sections of this file that lack them.
    fn apply_defaults(&mut self, file: FileKind, path: &Arc<Path>, defaults: &Section) {
        let all = [&mut self.profiles, &mut self.sso_sessions, &mut self.services];
        let sections = all.into_iter().flat_map(BTreeMap::values_mut);
        let mut sections: Vec<_> = sections.filter(|section| section.last_file == file).collect();
        if sections.len().saturating_mul(defaults.properties().len()) > MAX_DEFAULTS {
            let origin = defaults.origin.clone();
            self.warnings.push(Warning::new(WarningKind::TooManyDefaults, origin));
            return;
        }
        for section in &mut sections {
            let has_own = |default: &Property| {
                section.get(default.key()).is_some_and(|own| own.origin.is_in(path))
            };
            let mut missing: Vec<_> =
                defaults.properties().filter(|default| !has_own(default)).cloned().collect();
            section.properties.append(&mut missing);
            section.properties.sort(|_, _| ());
        }
    }
}

/// The section that a line belongs to.
enum Current<'a> {
    BeforeFirst,
    Section(&'a mut Section),
    /// An ignored section, or ignored lines before the first section.
    Ignored {
        /// The index of the warning about the section, to be updated if the section has SSO keys.
        section: Option<usize>,
    },
}

/// The meaning of a section line.
pub(crate) enum Header<'a> {
    Section(SectionKind, Cow<'a, str>),
    /// `[DEFAULT]`, which has a special meaning in Python's configparser and therefore in the AWS
    /// CLI.
    Defaults,
    Ignored(WarningKind),
}

pub(crate) fn classify(file: FileKind, header: &str) -> Header<'_> {
    if header == "DEFAULT" {
        return Header::Defaults;
    }
    let (kind, name) = header
        .split_once([' ', '\t'])
        .map_or((header, None), |(kind, name)| (kind, Some(trim_blanks(name))));
    let typed = match (kind, name) {
        ("profile", Some(name)) => Some((SectionKind::Profile, name)),
        ("sso-session", Some(name)) => Some((SectionKind::SsoSession, name)),
        ("services", Some(name)) => Some((SectionKind::Services, name)),
        _ => None,
    };
    let problem = match (file, typed) {
        (FileKind::Config, Some((kind, name))) => match section_name::parse(name) {
            Ok(name) => return Header::Section(kind, name),
            Err(problem) => problem,
        },
        (FileKind::Config, None) if header == "default" => {
            return Header::Section(SectionKind::Profile, header.into());
        }
        (FileKind::Credentials, None) => match section_name::check(header) {
            Ok(()) => return Header::Section(SectionKind::Profile, header.into()),
            Err(problem) => problem,
        },
        (FileKind::Config, None) | (FileKind::Credentials, Some(_)) => {
            return Header::Ignored(unknown_section(header, file));
        }
    };
    Header::Ignored(WarningKind::SectionName { header: beginning(header), problem })
}

struct Parser<'a, 'w> {
    file: FileKind,
    path: &'a Arc<Path>,
    line: usize,
    warnings: &'w mut Vec<Warning>,
    /// The property that the next lines may continue.
    open: Option<OpenProperty<'a>>,
    /// The properties of the current section. They are added to it in one step, so that its list
    /// has no unused capacity.
    properties: Vec<Property>,
    /// True if there are sections whose properties are not sorted yet.
    is_unsorted: bool,
    /// All keys so far. Properties with the same key share its allocation.
    keys: BTreeSet<Arc<str>>,
}

/// The letter case in which a key is kept.
#[derive(Clone, Copy)]
enum Case {
    Lower,
    Kept,
}

struct OpenProperty<'a> {
    key: Arc<str>,
    line: usize,
    value: &'a str,
    continuation: Vec<&'a str>,
    /// The number of blank lines since the last line of the value. They are part of the value if
    /// another line continues it.
    blank_lines: usize,
    sub_properties: Vec<Property>,
}

impl<'a> Parser<'a, '_> {
    /// Opens the section `[DEFAULT]`.
    fn open_defaults<'s>(
        &mut self,
        defaults: &'s mut Option<Section>,
        header: &str,
    ) -> Current<'s> {
        self.warn(WarningKind::DefaultsSection);
        let new = || self.section(SectionKind::Profile, header.into(), header);
        Current::Section(defaults.get_or_insert_with(new))
    }

    /// Ignores the lines up to the next section.
    fn ignore_section<'s>(&mut self, warning: WarningKind) -> Current<'s> {
        self.warn(warning);
        Current::Ignored { section: self.warnings.len().checked_sub(1) }
    }

    fn open_section<'s>(
        &mut self,
        sections: &'s mut BTreeMap<Arc<str>, Section>,
        kind: SectionKind,
        name: Cow<'_, str>,
        header: &str,
    ) -> Current<'s> {
        let section = match sections.entry(name.into()) {
            Entry::Vacant(entry) => {
                let section = self.section(kind, Arc::clone(entry.key()), header);
                return Current::Section(entry.insert(section));
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        if self.file == FileKind::Config && *section.spelling() != *header {
            // The AWS CLI merges sections only if they are spelled alike.
            let replaces = header != "default";
            let other = self.section(kind, Arc::clone(&section.name), header);
            let (ignored, by) = if replaces { (&*section, &other) } else { (&other, &*section) };
            let warning = WarningKind::ReplacedSection {
                header: beginning(&ignored.spelling()),
                by: beginning(&by.spelling()),
                by_line: by.origin.line(),
            };
            self.warnings.push(Warning::new(warning, ignored.origin.clone()));
            if !replaces {
                return Current::Ignored { section: None };
            }
            *section = other;
        }
        section.last_file = self.file;
        Current::Section(section)
    }

    fn section(&self, kind: SectionKind, name: Arc<str>, header: &str) -> Section {
        Section {
            kind,
            spelling: is_unusual(kind, &name, header).then(|| header.into()),
            name,
            origin: self.origin(self.line),
            last_file: self.file,
            properties: Properties::default(),
            warnings: Vec::new(),
        }
    }

    fn open_property(&mut self, current: &mut Current<'_>, key: &'a str, value: &'a str) {
        if matches!(current, Current::BeforeFirst) {
            self.warn(WarningKind::BeforeFirstSection);
            *current = Current::Ignored { section: None };
        }
        if let Current::Ignored { section: Some(at) } = current
            && SSO_KEYS.into_iter().any(|sso_key| sso_key.eq_ignore_ascii_case(key))
            && let Some(warning) = self.warnings.get_mut(*at)
        {
            warning.set_has_sso_keys();
        }
        if matches!(current, Current::Section(_))
            && let Some(key) = self.key(current, key, Case::Lower)
        {
            self.open = Some(OpenProperty {
                key,
                line: self.line,
                value,
                continuation: Vec::new(),
                blank_lines: 0,
                sub_properties: Vec::new(),
            });
        }
    }

    fn blank(&mut self) {
        if let Some(open) = &mut self.open {
            open.blank_lines += 1;
        }
    }

    fn continue_property(&mut self, text: &'a str) {
        if let Some(open) = &mut self.open {
            // As in Python's configparser, blank lines within a value are part of it.
            open.continuation.extend(std::iter::repeat_n("", open.blank_lines));
            open.continuation.push(text);
            open.blank_lines = 0;
        }
    }

    fn sub_property(&mut self, current: &mut Current<'_>, key: &str, value: &str) {
        if self.open.is_none() {
            return;
        }
        let Some(key) = self.key(current, key, Case::Kept) else { return };
        let property = self.property(key, value.into(), self.line, None);
        if let Some(open) = &mut self.open {
            open.sub_properties.push(property);
        }
    }

    fn close_section(&mut self, current: &mut Current<'_>) {
        self.close_property(current);
        if let Current::Section(section) = current {
            let is_first = section.properties().len() == 0;
            section.properties.append(&mut self.properties);
            if is_first {
                sort_properties(section, self.path, self.warnings);
            } else {
                // Sorted once at the end of the file, since a section can have many section lines.
                self.is_unsorted = true;
            }
        }
    }

    /// Adds the open property to those of the section.
    fn close_property(&mut self, current: &mut Current<'_>) {
        let Some(mut open) = self.open.take() else { return };
        let Current::Section(section) = current else { return };
        let sub_properties = (!open.sub_properties.is_empty()).then(|| {
            let mut sub_properties = Box::<Properties>::default();
            sub_properties.append(&mut open.sub_properties);
            sub_properties.sort(|before, after| {
                add_warning(section, self.warnings, repeated(before, after));
            });
            sub_properties
        });
        let value: Box<str> = if open.continuation.is_empty() {
            open.value.into()
        } else {
            // Allocated once, since a growing buffer would leave copies of secrets in freed memory.
            let mut lines = open.continuation;
            lines.insert(0, open.value);
            lines.join("\n").into()
        };
        let property = self.property(open.key, value, open.line, sub_properties);
        self.properties.push(property);
    }

    fn property(
        &self,
        key: Arc<str>,
        value: Box<str>,
        line: usize,
        sub_properties: Option<Box<Properties>>,
    ) -> Property {
        Property { key, value: Zeroizing::new(value), origin: self.origin(line), sub_properties }
    }

    /// Returns the shared copy of a key. Returns `None`, and adds a warning, if the key contains an
    /// invalid character.
    fn key(&mut self, current: &mut Current<'_>, key: &str, case: Case) -> Option<Arc<str>> {
        let lower = match case {
            Case::Lower if key.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Cow::Owned(key.to_ascii_lowercase())
            }
            Case::Lower | Case::Kept => Cow::Borrowed(key),
        };
        if let Some(known) = self.keys.get(&*lower) {
            return Some(Arc::clone(known));
        }
        if let Some(character) = lower.chars().find(|&c| !is_key_character(c)) {
            let meant: String = lower.chars().filter(|&c| is_key_character(c)).collect();
            let meant = SSO_KEYS.into_iter().find(|key| **key == *meant);
            self.warn_in(current, WarningKind::KeyCharacter { character, meant });
            return None;
        }
        let key: Arc<str> = lower.into();
        self.keys.insert(Arc::clone(&key));
        Some(key)
    }

    fn warn(&mut self, kind: WarningKind) {
        self.warnings.push(Warning::new(kind, self.origin(self.line)));
    }

    /// Adds a warning about a line of the current section. Lines of an ignored section get no
    /// warning, since the section has one.
    fn warn_in(&mut self, current: &mut Current<'_>, kind: WarningKind) {
        match current {
            Current::Section(section) => {
                let warning = Warning::new(kind, self.origin(self.line));
                add_warning(section, self.warnings, warning);
            }
            Current::BeforeFirst => {
                self.warn(WarningKind::BeforeFirstSection);
                *current = Current::Ignored { section: None };
            }
            Current::Ignored { .. } => {}
        }
    }

    fn origin(&self, line: usize) -> Origin {
        Origin::new(self.path, line)
    }
}

/// Returns `true` if a section line is written differently from `KIND NAME`.
fn is_unusual(kind: SectionKind, name: &str, header: &str) -> bool {
    let prefix = match kind {
        SectionKind::Profile => "profile ",
        SectionKind::SsoSession => "sso-session ",
        SectionKind::Services => "services ",
    };
    header.strip_prefix(prefix) != Some(name)
}

/// Sorts the properties of a section after all of its lines in the file `path` were read. Adds a
/// warning for each property that this file repeats. Properties of the other file are replaced
/// without a warning.
fn sort_properties(section: &mut Section, path: &Arc<Path>, warnings: &mut Vec<Warning>) {
    let mut properties = std::mem::take(&mut section.properties);
    properties.sort(|before, after| {
        if before.origin.is_in(path) {
            add_warning(section, warnings, repeated(before, after));
        }
    });
    section.properties = properties;
}

/// Adds a warning about a line of the section.
fn add_warning(section: &mut Section, warnings: &mut Vec<Warning>, warning: Warning) {
    section.warnings.push(warning.clone());
    warnings.push(warning);
}

fn repeated(before: &Property, after: &Property) -> Warning {
    let (key, first_line) = (beginning(&before.key), before.origin.line());
    Warning::new(WarningKind::RepeatedProperty { key, first_line }, after.origin.clone())
}

/// Returns `true` if a trimmed key is valid.
pub(crate) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(is_key_character)
}

/// Accepts the letters and digits of all scripts.
fn is_key_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '%' | '@' | '+')
}
