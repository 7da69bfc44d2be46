//! The dialect: the lines of one file become sections, properties and warnings.
//!
//! Not responsible for merging sections that stand more than once, nor for what a property means.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::names::{invalid_character, is_blank, section_name, trim};
use crate::text::{Span, Text};
use crate::warning::excerpt;
use crate::{Origin, ParseError, SyntaxProblem, Warning};

/// Which of the two files; they differ in the sections that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum File {
    Config,
    Credentials,
}

/// What kind of section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[default]` in the config file.
    Default,
    /// `[profile NAME]` in the config file, `[NAME]` in the credentials file.
    Profile,
    SsoSession,
    Services,
}

/// A section as it stands in a file. The properties are a range of [`Parsed::properties`].
#[derive(Debug, Clone)]
pub(crate) struct ParsedSection {
    pub(crate) kind: Kind,
    pub(crate) name: Span,
    pub(crate) file: File,
    pub(crate) line: u32,
    pub(crate) properties: Range<usize>,
}

/// A property, or a sub-property. The sub-properties are a range of [`Parsed::sub_properties`].
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Span,
    pub(crate) value: Span,
    pub(crate) file: File,
    pub(crate) line: u32,
    pub(crate) sub_properties: Range<u32>,
}

/// What both files say, in the order in which they say it.
#[derive(Default)]
pub(crate) struct Parsed {
    pub(crate) sections: Vec<ParsedSection>,
    pub(crate) properties: Vec<Entry>,
    pub(crate) sub_properties: Vec<Entry>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) joined: Zeroizing<String>,
    pub(crate) lowered: String,
    /// How long `joined` can become: no longer than the texts it is put together from.
    longest_joined: usize,
}

impl Parsed {
    /// For texts of this length together.
    pub(crate) fn new(length: usize) -> Self {
        Self { longest_joined: length, ..Self::default() }
    }
}

/// Reads the lines of `text` into `parsed`. One pass; the time and the memory it takes grow with
/// the size of the text and with nothing else.
pub(crate) fn parse(
    file: File,
    path: &Arc<Path>,
    text: &str,
    parsed: &mut Parsed,
) -> Result<(), ParseError> {
    let mut parser = Parser { file, path, text, line: 0, section: None, property: None, parsed };
    let mut rest = Some(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some(text) = rest {
        let line;
        (line, rest) = first_line(text);
        parser.line = parser.line.saturating_add(1);
        parser.read(line.strip_suffix('\r').unwrap_or(line)).map_err(|problem| {
            ParseError::Syntax { file: path.to_path_buf(), line: parser.line as usize, problem }
        })?;
    }
    Ok(())
}

/// The first line, without its LF, and what follows that. Lines are short: looking at one byte after
/// the other is faster than a search made for long texts.
fn first_line(text: &str) -> (&str, Option<&str>) {
    let end = text.bytes().position(|byte| byte == b'\n');
    match end.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((line, rest)) => (line, Some(rest)),
        None => (text, None),
    }
}

struct Parser<'a> {
    file: File,
    path: &'a Arc<Path>,
    text: &'a str,
    line: u32,
    /// The section that the line stands in, and whether it counts.
    section: Option<Counts>,
    /// The property that an indented line would continue.
    property: Option<OpenProperty>,
    parsed: &'a mut Parsed,
}

/// Whether a section or a property counts, or is ignored and only checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy)]
struct OpenProperty {
    counts: Counts,
    /// Its own value is empty: what follows are sub-properties.
    nested: bool,
    /// Its value has been moved to where lines are put together.
    joined: bool,
}

impl Parser<'_> {
    fn read(&mut self, line: &str) -> Result<(), SyntaxProblem> {
        match line.as_bytes().first() {
            None | Some(b'#' | b';') => Ok(()),
            Some(b'[') => self.section(line),
            Some(b' ' | b'\t') => self.indented(trim(line)),
            Some(_) => self.property(line),
        }
    }

    fn section(&mut self, line: &str) -> Result<(), SyntaxProblem> {
        let inner = line.strip_prefix('[').unwrap_or(line);
        let (header, rest) = inner.split_once(']').ok_or(SyntaxProblem::UnclosedSection)?;
        if !is_nothing_or_comment(rest) {
            return Err(SyntaxProblem::TextAfterSection);
        }
        let header = trim(header);
        match classify(self.file, header) {
            Ok((kind, name)) => {
                let first = self.parsed.properties.len();
                self.parsed.sections.push(ParsedSection {
                    kind,
                    name: self.span(name),
                    file: self.file,
                    line: self.line,
                    properties: first..first,
                });
                self.section = Some(Counts::Yes);
            }
            Err(refused) => {
                let (header, origin) = (excerpt(header), self.origin());
                self.parsed.warnings.push(match refused {
                    Refused::Name => Warning::InvalidSectionName { header, origin },
                    Refused::Type(expected) => Warning::IgnoredSection { header, origin, expected },
                });
                self.section = Some(Counts::No);
            }
        }
        self.property = None;
        Ok(())
    }

    fn property(&mut self, line: &str) -> Result<(), SyntaxProblem> {
        let section = self.section.ok_or(SyntaxProblem::PropertyBeforeSection)?;
        let (key, value) = split_property(line).map_err(|missing| match missing {
            Missing::EqualsSign => SyntaxProblem::NoEqualsSign,
            Missing::Key => SyntaxProblem::EmptyKey,
        })?;
        let mut counts = section;
        if section == Counts::Yes {
            match self.entry(key, value) {
                Some(entry) => self.add(entry),
                None => counts = Counts::No,
            }
        }
        self.property = Some(OpenProperty { counts, nested: value.is_empty(), joined: false });
        Ok(())
    }

    /// A line that began with a blank; `line` is trimmed.
    fn indented(&mut self, line: &str) -> Result<(), SyntaxProblem> {
        if line.is_empty() {
            return Ok(());
        }
        if line.starts_with('[') && (is_section(line) || self.property.is_none()) {
            return self.section(line);
        }
        match self.property {
            Some(property) => self.continuation(property, line),
            // An indented comment too: a comment is a line that begins with the `#`.
            None => Err(SyntaxProblem::ContinuationBeforeProperty),
        }
    }

    fn continuation(&mut self, property: OpenProperty, line: &str) -> Result<(), SyntaxProblem> {
        if property.nested {
            // Here every line stands for itself, so that a comment is no text of a value.
            if line.starts_with(['#', ';']) {
                return Ok(());
            }
            let (key, value) = split_property(line).map_err(|missing| match missing {
                Missing::EqualsSign => SyntaxProblem::NestedNoEqualsSign,
                Missing::Key => SyntaxProblem::NestedEmptyKey,
            })?;
            if property.counts == Counts::Yes
                && let Some(entry) = self.entry(key, value)
            {
                self.parsed.sub_properties.push(entry);
            }
        }
        if property.counts == Counts::Yes {
            self.join(property, line);
        }
        Ok(())
    }

    /// Adds a line to the value of the last property.
    fn join(&mut self, property: OpenProperty, line: &str) {
        let sub_properties = u32::try_from(self.parsed.sub_properties.len()).unwrap_or(u32::MAX);
        let joined = &mut self.parsed.joined;
        if joined.capacity() == 0 {
            // All of it at once: a buffer that grows leaves copies of what may be secret behind.
            joined.reserve_exact(self.parsed.longest_joined);
        }
        let Some(last) = self.parsed.properties.last_mut() else { return };
        if !property.joined {
            let (start, end) = last.value.bounds();
            let first_line = self.text.get(start..end).unwrap_or_default();
            let start = joined.len();
            joined.push_str(first_line);
            last.value = Span::new(Text::Joined, start, start);
            self.property = Some(OpenProperty { joined: true, ..property });
        }
        joined.push('\n');
        joined.push_str(line);
        debug_assert!(
            joined.len() <= self.parsed.longest_joined,
            "a buffer that grew leaves secrets behind"
        );
        last.value = last.value.until(joined.len());
        last.sub_properties.end = sub_properties;
    }

    /// A property or sub-property, or `None` and a warning when its name is not a valid one.
    fn entry(&mut self, key: &str, value: &str) -> Option<Entry> {
        if let Some(character) = invalid_character(key) {
            let origin = self.origin();
            self.parsed.warnings.push(Warning::InvalidPropertyName { character, origin });
            return None;
        }
        let first = u32::try_from(self.parsed.sub_properties.len()).unwrap_or(u32::MAX);
        Some(Entry {
            key: self.lower_case(key),
            value: self.span(value),
            file: self.file,
            line: self.line,
            sub_properties: first..first,
        })
    }

    fn lower_case(&mut self, key: &str) -> Span {
        if !key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.span(key);
        }
        let lowered = &mut self.parsed.lowered;
        let start = lowered.len();
        lowered.extend(key.chars().map(|c| c.to_ascii_lowercase()));
        Span::new(Text::Lowered, start, lowered.len())
    }

    fn add(&mut self, property: Entry) {
        self.parsed.properties.push(property);
        if let Some(section) = self.parsed.sections.last_mut() {
            section.properties.end = self.parsed.properties.len();
        }
    }

    fn span(&self, piece: &str) -> Span {
        let text = match self.file {
            File::Config => Text::Config,
            File::Credentials => Text::Credentials,
        };
        Span::of(text, self.text, piece)
    }

    fn origin(&self) -> Origin {
        Origin::new(self.path, self.line as usize)
    }
}

/// Why a section does not count.
enum Refused {
    Name,
    Type(&'static str),
}

fn classify(file: File, header: &str) -> Result<(Kind, &str), Refused> {
    let typed = header
        .split_once([' ', '\t'])
        .filter(|(kind, _)| !kind.starts_with(['"', '\'']))
        .map(|(kind, name)| (kind, trim(name)));
    let named = |kind, name| section_name(name).map(|name| (kind, name)).ok_or(Refused::Name);
    match (file, typed) {
        (File::Config, None) if header == "default" => Ok((Kind::Default, header)),
        (File::Config, Some(("profile", name))) => named(Kind::Profile, name),
        (File::Config, Some(("sso-session", name))) => named(Kind::SsoSession, name),
        (File::Config, Some(("services", name))) => named(Kind::Services, name),
        (File::Config, _) => Err(Refused::Type(
            "this file holds [default], [profile NAME], [sso-session NAME] and [services NAME]",
        )),
        (File::Credentials, Some(("profile" | "sso-session" | "services", _))) => {
            Err(Refused::Type("the credentials file holds [NAME], the name of a profile by itself"))
        }
        (File::Credentials, _) => named(Kind::Profile, header),
    }
}

enum Missing {
    EqualsSign,
    Key,
}

/// The key and the value of a line, trimmed, without the comment.
fn split_property(line: &str) -> Result<(&str, &str), Missing> {
    let mut equals = None;
    let mut end = line.len();
    let mut previous = 0;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'=' if equals.is_none() => equals = Some(at),
            // After a blank, a comment begins.
            b'#' | b';' if is_blank(previous) => {
                end = at;
                break;
            }
            _ => {}
        }
        previous = byte;
    }
    let equals = equals.ok_or(Missing::EqualsSign)?;
    let key = trim(line.get(..equals).unwrap_or_default());
    let value = trim(line.get(equals + 1..end).unwrap_or_default());
    if key.is_empty() { Err(Missing::Key) } else { Ok((key, value)) }
}

/// Whether a trimmed line that begins with `[` is a section line from end to end.
fn is_section(line: &str) -> bool {
    line.split_once(']').is_some_and(|(_, rest)| is_nothing_or_comment(rest))
}

fn is_nothing_or_comment(text: &str) -> bool {
    let text = trim(text);
    text.is_empty() || text.starts_with(['#', ';'])
}
