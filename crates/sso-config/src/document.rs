//! The text of a file for editing. Every byte that is not edited is kept.

use std::fmt;
use std::ops::Range;

use crate::parse::{Header, classify, is_key};
use crate::section::{SectionKind, header};
use crate::syntax::{Content, Lines};
use crate::{FileKind, section_name};

/// The text of a config or credentials file, for editing in memory. Comments, order, blanks, line
/// ends and a byte order mark are kept; new lines take the style of their neighbours.
///
/// It reads the same dialect as [`SharedConfig`](crate::SharedConfig). Reading and writing the file
/// are left to the caller.
///
/// ```
/// use sso_config::{Document, FileKind, SectionKind};
///
/// let mut document = Document::parse(FileKind::Config, "[profile dev]\nregion = eu-west-1 # Dublin\n");
/// document.set(SectionKind::Profile, "dev", "region", "eu-central-1")?;
/// document.set(SectionKind::Profile, "dev", "output", "json")?;
/// assert_eq!(document.to_string(), "[profile dev]\nregion = eu-central-1 # Dublin\noutput = json\n");
/// # Ok::<(), sso_config::EditError>(())
/// ```
#[derive(Clone)]
pub struct Document {
    file: FileKind,
    /// The text before the first section, and then one block for each section line.
    blocks: Vec<Block>,
}

/// A section line and the lines below it.
#[derive(Clone)]
struct Block {
    section: Option<(SectionKind, String)>,
    text: String,
}

/// An edit that would not be read back as it is meant. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The name cannot be written into a section line.
    #[error("{name:?} cannot be the name of a section in {file}; choose another name")]
    Name {
        /// The name.
        name: String,
        /// The kind of file.
        file: FileKind,
    },
    /// The key or the value cannot be written into a line. The value is not shown: it may be a
    /// secret.
    #[error(
        "the property {key:?} cannot be written: a key is lower-case letters, digits and \
         _-/.%@+, and a value is one line without \" #\", \" ;\" and white space around it; \
         correct it"
    )]
    Property {
        /// The key.
        key: String,
    },
    /// The section line below is indented and not complete, and would be read as a part of the value
    /// above it.
    #[error("the section line below {name:?} is not complete; mend that line first")]
    BrokenSectionBelow {
        /// The section that was to be edited.
        name: String,
    },
}

/// The lines of a property in the text of its block.
struct Found {
    /// All of its lines.
    lines: Range<usize>,
    /// Its own value, without the lines that continue it.
    value: Range<usize>,
    /// The end of its first line, before the line end.
    first_line_end: usize,
}

impl Document {
    /// Splits a text into its sections. Every text is a document.
    pub fn parse(file: FileKind, text: &str) -> Self {
        let mut blocks = vec![Block { section: None, text: String::new() }];
        for line in Lines::new(text) {
            let section = match line.content {
                Content::Section { header, .. } => match classify(file, header) {
                    Header::Section(kind, name) => Some(Some((kind, name.into_owned()))),
                    Header::Defaults | Header::Ignored(_) => Some(None),
                },
                Content::UnclosedSection { .. } => Some(None),
                _ => None,
            };
            if let Some(section) = section {
                blocks.push(Block { section, text: String::new() });
            }
            if let Some(block) = blocks.last_mut() {
                block.text.push_str(line.raw);
            }
        }
        Self { file, blocks }
    }

    /// The kind and the name of each section, in the order of the file. A section that begins twice
    /// is listed twice.
    pub fn sections(&self) -> impl Iterator<Item = (SectionKind, &str)> {
        let named = self.blocks.iter().filter_map(|block| block.section.as_ref());
        named.map(|(kind, name)| (*kind, name.as_str()))
    }

    /// Sets a property. An existing one keeps its place and the comment behind it; a new one is
    /// added below the others, and a new section at the end.
    ///
    /// Fails if the edit would not be read back with this value, and changes nothing then.
    pub fn set(
        &mut self,
        kind: SectionKind,
        name: &str,
        key: &str,
        value: &str,
    ) -> Result<(), EditError> {
        let invalid = || EditError::Property { key: key.to_owned() };
        let line = format!("{key} ={value}");
        let reads_back = Lines::new(&line).next().is_some_and(|line| {
            line.content == Content::Property { key, value }
                && key.chars().all(|c| !c.is_ascii_uppercase())
                && is_key(key)
        });
        if !reads_back || value.contains(['\n', '\r']) || key.contains(['\n', '\r']) {
            return Err(invalid());
        }
        let at = match self.last_block(kind, name) {
            Some(at) => at,
            None => self.add_section(kind, name)?,
        };
        let style = self.style(at);
        // The same section can begin more than once; the last property counts.
        let place = self.blocks_of(kind, name).into_iter().rev().find_map(|at| {
            let block = self.blocks.get(at)?;
            Some((at, block.find(key).pop()?))
        });
        let (at, range, new) = if let Some((at, found)) = place {
            let block = self.blocks.get(at).ok_or_else(invalid)?;
            let text = |range: Range<usize>| block.text.get(range).unwrap_or_default();
            // `key = #x` would be a comment.
            let space = if text(0..found.value.start).ends_with(['=', ':'])
                && !value.starts_with(['#', ';'])
            {
                style.after_separator.as_str()
            } else {
                ""
            };
            let rest = text(found.value.end..found.first_line_end);
            let end = line_end(text(found.first_line_end..found.lines.end));
            let new = format!("{space}{value}{rest}{end}");
            (at, found.value.start..found.lines.end, new)
        } else {
            let block = self.blocks.get(at).ok_or_else(invalid)?;
            let place = block.end_of_properties();
            let before = block.text.get(..place).unwrap_or_default();
            let missing_end =
                if before.ends_with(['\n', '\r']) { "" } else { style.line_end.as_str() };
            let Style { indent, separator, line_end, .. } = &style;
            let separator = if value.starts_with(['#', ';']) { "=" } else { separator };
            let new = format!("{missing_end}{indent}{key}{separator}{value}{line_end}");
            (at, place..place, new)
        };
        let mut text = self.blocks.get(at).ok_or_else(invalid)?.text.clone();
        text.replace_range(range, &new);
        if !self.is_section_below(&text, at + 1) {
            return Err(EditError::BrokenSectionBelow { name: name.to_owned() });
        }
        let Some(block) = self.blocks.get_mut(at) else { return Err(invalid()) };
        let before = std::mem::replace(&mut block.text, text);
        let read = block.find(key).pop();
        let read = read.and_then(|found| block.text.get(found.value).map(str::to_owned));
        if read.as_deref() != Some(value) || others(&before, key) != others(&block.text, key) {
            block.text = before;
            return Err(invalid());
        }
        Ok(())
    }

    /// Removes a property with the lines that continue it, wherever the section has it. Returns
    /// whether there was one.
    pub fn remove(&mut self, kind: SectionKind, name: &str, key: &str) -> bool {
        let mut removed = false;
        for at in self.blocks_of(kind, name) {
            let Some(block) = self.blocks.get_mut(at) else { continue };
            for found in block.find(key).into_iter().rev() {
                block.text.replace_range(found.lines, "");
                removed = true;
            }
        }
        removed
    }

    /// Removes a section. Comments behind a blank line at its end stay: they belong to the section
    /// below. Returns whether there was one.
    ///
    /// Fails with [`EditError::BrokenSectionBelow`], and changes nothing then.
    pub fn remove_section(&mut self, kind: SectionKind, name: &str) -> Result<bool, EditError> {
        let blocks = self.blocks_of(kind, name);
        let mut edited = self.clone();
        for at in blocks.iter().rev() {
            let block = edited.blocks.remove(*at);
            let tail = block.text.get(block.tail()..).unwrap_or_default();
            let Some(above) = at.checked_sub(1) else { continue };
            if let Some(above) = edited.blocks.get_mut(above) {
                above.text.push_str(tail);
            }
            let text = edited.blocks.get(above).map(|block| block.text.as_str());
            if !edited.is_section_below(text.unwrap_or_default(), *at) {
                return Err(EditError::BrokenSectionBelow { name: name.to_owned() });
            }
        }
        *self = edited;
        Ok(!blocks.is_empty())
    }

    /// Whether the section line of the block at `below` is still one behind `text`. One that is
    /// indented and not complete can be read as a continuation line.
    fn is_section_below(&self, text: &str, below: usize) -> bool {
        let Some(below) = self.blocks.get(below) else { return true };
        let Some(line) = Lines::new(&below.text).next() else { return true };
        let text = format!("{text}{}", line.raw);
        let last = Lines::new(&text).last().map(|line| line.content);
        matches!(last, Some(Content::Section { .. } | Content::UnclosedSection { .. }))
    }

    fn add_section(&mut self, kind: SectionKind, name: &str) -> Result<usize, EditError> {
        let line = match self.file {
            FileKind::Config => header(kind, name),
            FileKind::Credentials => format!("[{name}]"),
        };
        let reads_back = Lines::new(&line).next().is_some_and(|line| match line.content {
            Content::Section { header, text_behind: false } => matches!(
                classify(self.file, header),
                Header::Section(read_kind, read_name) if read_kind == kind && read_name == name
            ),
            _ => false,
        });
        if !reads_back || line.contains(['\n', '\r']) || section_name::check(name).is_err() {
            return Err(EditError::Name { name: name.to_owned(), file: self.file });
        }
        let end = self.style(0).line_end;
        let last = self.blocks.iter().rev().find(|block| !block.text.is_empty());
        let text = last.map_or("", |block| block.text.as_str());
        let above = if text.is_empty() || text == "\u{feff}" {
            ""
        } else if text.ends_with(['\n', '\r']) {
            end.as_str()
        } else {
            &format!("{end}{end}")
        };
        if let Some(last) = self.blocks.last_mut() {
            last.text.push_str(above);
        }
        let section = Some((kind, name.to_owned()));
        self.blocks.push(Block { section, text: format!("{line}{end}") });
        Ok(self.blocks.len() - 1)
    }
}

impl Document {
    /// The block that a new property of the section is added to.
    fn last_block(&self, kind: SectionKind, name: &str) -> Option<usize> {
        self.blocks_of(kind, name).pop()
    }

    /// The blocks of a section. Of sections in different spellings only those count that the parser
    /// takes: the last spelling, and `[profile default]` rather than `[default]`.
    fn blocks_of(&self, kind: SectionKind, name: &str) -> Vec<usize> {
        let named = self.blocks.iter().enumerate().filter(|(_, block)| {
            block.section.as_ref().is_some_and(|(k, n)| *k == kind && n == name)
        });
        let named: Vec<_> = named.map(|(at, block)| (at, block.header())).collect();
        let typed = named.iter().rev().find(|(_, header)| *header != "default");
        let Some((_, counts)) = typed.or(named.last()) else { return Vec::new() };
        let is_config = self.file == FileKind::Config;
        let counting = named.iter().filter(|(_, header)| !is_config || header == counts);
        counting.map(|(at, _)| *at).collect()
    }

    /// The style for a new line in the block at `at`: that of its last property, else of the first
    /// property in the document.
    fn style(&self, at: usize) -> Style {
        let own = self.blocks.get(at).and_then(|block| block.style(true));
        let first = || self.blocks.iter().find_map(|block| block.style(false));
        let ends = self.blocks.iter().map(|block| line_end_of_first(&block.text));
        let first_end = ends.into_iter().find(|end| !end.is_empty()).unwrap_or("\n");
        own.or_else(first).unwrap_or_else(|| Style {
            indent: String::new(),
            separator: " = ".to_owned(),
            after_separator: " ".to_owned(),
            line_end: first_end.to_owned(),
        })
    }
}

/// How a property is written.
struct Style {
    indent: String,
    /// The `=` with the blanks around it.
    separator: String,
    /// The blanks behind the `=`.
    after_separator: String,
    line_end: String,
}

impl Block {
    /// The text between the brackets.
    fn header(&self) -> &str {
        match Lines::new(&self.text).next().map(|line| line.content) {
            Some(Content::Section { header, .. }) => header,
            _ => "",
        }
    }

    /// The places of a property, in order.
    fn find(&self, key: &str) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let mut is_open = false;
        let mut start = 0;
        for line in Lines::new(&self.text) {
            let end = start + line.raw.len();
            match line.content {
                Content::Property { key: own, value } => {
                    is_open = own.eq_ignore_ascii_case(key);
                    if is_open {
                        let place = value_place(line.raw, value);
                        let first_line_end = start + without_end(line.raw).len();
                        let value = start + place.start..start + place.end;
                        found.push(Found { lines: start..end, value, first_line_end });
                    }
                }
                Content::Continuation(_) | Content::SubProperty { .. } | Content::Faulty(_)
                    if is_open =>
                {
                    let is_below = !matches!(
                        line.content,
                        Content::Faulty(fault) if !fault.is_in_sub_property()
                    );
                    is_open &= is_below;
                    if let Some(last) = found.last_mut().filter(|_| is_below) {
                        last.lines.end = end;
                    }
                }
                Content::Blank | Content::Comment => {}
                _ => is_open = false,
            }
            start = end;
        }
        found
    }

    /// The end of the last line that is not blank and no comment.
    fn end_of_properties(&self) -> usize {
        let (mut start, mut last) = (0, 0);
        for line in Lines::new(&self.text) {
            start += line.raw.len();
            if !matches!(line.content, Content::Blank | Content::Comment) {
                last = start;
            }
        }
        last
    }

    /// The beginning of the blank line below the properties, from where comments belong to the
    /// section below; the end of the text if there is none.
    fn tail(&self) -> usize {
        let properties = self.end_of_properties();
        let mut start = 0;
        for line in Lines::new(&self.text) {
            if start >= properties && line.content == Content::Blank {
                return start + line.raw.len();
            }
            start += line.raw.len();
        }
        start
    }

    fn style(&self, last: bool) -> Option<Style> {
        let mut properties =
            Lines::new(&self.text).filter(|line| matches!(line.content, Content::Property { .. }));
        let line = if last { properties.last() } else { properties.next() }?;
        let Content::Property { key, value } = line.content else { return None };
        let text = without_end(line.raw);
        let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
        let place = value_place(line.raw, value);
        let separator = text.get(indent + key.len()..place.start)?;
        let blanks_behind = separator.len() - separator.trim_end_matches([' ', '\t']).len();
        let is_usual = separator.chars().all(|c| matches!(c, ' ' | '\t' | '=' | ':'));
        let usual = !value.is_empty() && is_usual;
        let (separator, after_separator) = if usual {
            (separator, separator.get(separator.len() - blanks_behind..)?)
        } else {
            (" = ", " ")
        };
        let end = line_end_of_first(line.raw);
        Some(Style {
            indent: text.get(..indent)?.to_owned(),
            separator: separator.to_owned(),
            after_separator: after_separator.to_owned(),
            line_end: if end.is_empty() { line_end_of_first(&self.text) } else { end }.to_owned(),
        })
        .map(|style| Style {
            line_end: if style.line_end.is_empty() { "\n".to_owned() } else { style.line_end },
            ..style
        })
    }
}

/// The place of a value in its line. An empty one is behind the separator.
fn value_place(raw: &str, value: &str) -> Range<usize> {
    let separator = raw.bytes().position(|byte| matches!(byte, b'=' | b':'));
    let behind = separator.map_or(raw.len(), |at| at + 1);
    let offset = raw.get(behind..).and_then(|rest| rest.find(value)).unwrap_or_default();
    let start = if value.is_empty() { behind } else { behind + offset };
    start..start + value.len()
}

fn without_end(raw: &str) -> &str {
    raw.trim_end_matches(['\n', '\r'])
}

/// The line end that a text ends with.
fn line_end(text: &str) -> &str {
    let end = text.len() - text.trim_end_matches(['\n', '\r']).len();
    let end = text.get(text.len() - end..).unwrap_or_default();
    if end.ends_with("\r\n") {
        "\r\n"
    } else {
        end.get(end.len().saturating_sub(1)..).unwrap_or_default()
    }
}

fn line_end_of_first(text: &str) -> &str {
    Lines::new(text).next().map_or("", |line| line_end(line.raw))
}

/// Everything in a block but the property `key`, to check that an edit changes nothing else.
fn others<'a>(text: &'a str, key: &str) -> Vec<Content<'a>> {
    let mut is_key = false;
    let mut others = Vec::new();
    for line in Lines::new(text) {
        match line.content {
            Content::Blank | Content::Comment => continue,
            Content::Property { key: own, .. } => is_key = own.eq_ignore_ascii_case(key),
            Content::Continuation(_) | Content::SubProperty { .. } => {}
            _ => is_key = false,
        }
        if !is_key {
            others.push(line.content);
        }
    }
    others
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blocks.iter().try_for_each(|block| f.write_str(&block.text))
    }
}

/// Without the text, which may hold secrets.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("file", &self.file)
            .field("sections", &self.sections().count())
            .finish_non_exhaustive()
    }
}
