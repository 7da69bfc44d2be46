//! Editing of a file's text. Every byte that is not edited is kept.

mod block;

use std::collections::{HashMap, HashSet};
use std::fmt;

use zeroize::Zeroizing;

use self::block::{Block, Found, Style, line_end_of_first, others};

use crate::parse::{Header, classify, is_key};
use crate::section::{SectionKind, header};
use crate::syntax::{Content, Lines};
use crate::{FileKind, section_name};

/// The text of a config or credentials file, for editing in memory. Comments, order, blanks, line
/// ends and a byte order mark are kept. New lines are written in the style of existing ones.
///
/// The syntax is that of [`SharedConfig`](crate::SharedConfig). `DocumentFile` (feature `edit`)
/// reads and writes the file. The text is wiped from memory on drop, but copies that were made while
/// parsing and editing may remain. The time of `get`, `keys` and `set` depends on the size of the
/// section, not on the number of sections.
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
    /// The text before the first section, followed by one block per section line.
    blocks: Vec<Block>,
    /// For each name, the indices in `blocks` of its sections, in order.
    places: HashMap<String, Vec<usize>>,
}

/// An edit that was refused because the parser would not read it back as intended. Nothing was
/// changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The name cannot be written into a section line.
    #[error("{name:?} cannot be the name of a section in {file}; choose another name")]
    #[non_exhaustive]
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
    #[non_exhaustive]
    Property {
        /// The key.
        key: String,
    },
    /// The section line after the edited section is indented, and has no `]` or has text after it.
    /// After the edit, it would be read as a continuation of the value above it.
    #[error("the section line below the section {name:?} does not end with \"]\"; fix it first")]
    #[non_exhaustive]
    BrokenSectionBelow {
        /// The section to be edited.
        name: String,
    },
}

impl Document {
    /// Splits a text into its sections. Never fails: every text is a document.
    pub fn parse(file: FileKind, text: &str) -> Self {
        let mut document = Self { file, blocks: Vec::new(), places: HashMap::new() };
        document.push(None, Zeroizing::default());
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
                document.push(section, Zeroizing::default());
            }
            if let Some(block) = document.blocks.last_mut() {
                block.text.push_str(line.raw);
            }
        }
        document
    }

    /// The kind and the name of each section line, in the order of the file. A section with two
    /// section lines is listed twice.
    pub fn sections(&self) -> impl Iterator<Item = (SectionKind, &str)> {
        let named = self.blocks.iter().filter_map(|block| block.section.as_ref());
        named.map(|(kind, name)| (*kind, name.as_str()))
    }

    /// The value of a property, without continuation lines.
    pub fn get(&self, kind: SectionKind, name: &str, key: &str) -> Option<&str> {
        let (at, found) = self.place(kind, name, key)?;
        self.blocks.get(at)?.text.get(found.value)
    }

    /// The keys of a section in lower case, in the order of the file.
    pub fn keys(&self, kind: SectionKind, name: &str) -> impl Iterator<Item = String> {
        let blocks = self.blocks_of(kind, name).into_iter().filter_map(|at| self.blocks.get(at));
        blocks.flat_map(|block| {
            Lines::new(&block.text).filter_map(|line| match line.content {
                Content::Property { key, .. } => Some(key.to_ascii_lowercase()),
                _ => None,
            })
        })
    }

    /// Sets a property. An existing property keeps its place and its comment. A new property is
    /// added at the end of its section, and a new section at the end of the document.
    ///
    /// Fails, and changes nothing, if the parser would not read back this value.
    pub fn set(
        &mut self,
        kind: SectionKind,
        name: &str,
        key: &str,
        value: &str,
    ) -> Result<(), EditError> {
        let invalid = || EditError::Property { key: key.to_owned() };
        if !is_property(key, value) {
            return Err(invalid());
        }
        let last = match self.last_block(kind, name) {
            Some(at) => at,
            None => self.add_section(kind, name)?,
        };
        let style = self.style(last);
        let found = self.place(kind, name, key);
        let at = found.as_ref().map_or(last, |(at, _)| *at);
        let block = self.blocks.get(at).ok_or_else(invalid)?;
        let (range, new) = match &found {
            Some((_, found)) if block.has_value(found, value) => return Ok(()),
            Some((_, found)) => block.replacement(found, value, &style),
            None => block.addition(key, value, &style),
        };
        let mut text = block.text.clone();
        text.replace_range(range, &new);
        if self.blocks.get(at + 1).is_some_and(|below| !below.is_section_after(&text)) {
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

    /// Removes all occurrences of a property, in any letter case, with their continuation lines.
    /// Returns `true` if there was one.
    ///
    /// This includes sections that the parser ignores because a section with another spelling of
    /// the name replaces them.
    pub fn remove(&mut self, kind: SectionKind, name: &str, key: &str) -> bool {
        self.remove_where(key, |block| {
            block.section.as_ref().is_some_and(|(k, n)| *k == kind && n == name)
        })
    }

    /// Does the same as [`Self::remove`] for the section `[DEFAULT]`, whose properties apply to
    /// every section of the file.
    pub fn remove_from_defaults(&mut self, key: &str) -> bool {
        let file = self.file;
        self.remove_where(key, |block| matches!(classify(file, block.header()), Header::Defaults))
    }

    /// Removes sections, in every spelling of the name. Returns the number of names that had a
    /// section.
    ///
    /// Comments after a blank line at the end of a section are kept, since they belong to the
    /// section below. If the last section of the document is removed, so is the blank line above
    /// it.
    ///
    /// If the section line below a removed section would then be read as a part of the value above
    /// it, fails with [`EditError::BrokenSectionBelow`] and changes nothing.
    pub fn remove_sections<'a>(
        &mut self,
        kind: SectionKind,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<usize, EditError> {
        let (mut count, mut removed) = (0, HashSet::new());
        for name in names {
            // Include replaced spellings: without their replacement they would be read again.
            let blocks: Vec<_> = self.named(kind, name).map(|(at, _)| at).collect();
            count += usize::from(!blocks.is_empty());
            removed.extend(blocks);
        }
        let mut left = Self { file: self.file, blocks: Vec::new(), places: HashMap::new() };
        let mut last_removed = None;
        for (at, block) in self.blocks.iter().enumerate() {
            if removed.contains(&at)
                && let Some(above) = left.blocks.last_mut()
            {
                above.text.push_str(
                    block.text.get(block.start_of_trailing_comments()..).unwrap_or_default(),
                );
                last_removed = block.section.as_ref();
                continue;
            }
            let text = left.blocks.last().map(|above| above.text.as_str()).unwrap_or_default();
            if let Some((_, name)) = last_removed.take()
                && !block.is_section_after(text)
            {
                return Err(EditError::BrokenSectionBelow { name: name.clone() });
            }
            left.push(block.section.clone(), block.text.clone());
        }
        // `add_section` adds this blank line above a new section.
        if last_removed.is_some()
            && let Some(last) = left.blocks.last_mut()
            && let Some(blank) = Lines::new(&last.text).last()
            && blank.content == Content::Empty
            && blank.raw.trim().is_empty()
        {
            let end = last.text.len() - blank.raw.len();
            last.text.truncate(end);
        }
        *self = left;
        Ok(count)
    }

    fn add_section(&mut self, kind: SectionKind, name: &str) -> Result<usize, EditError> {
        let line = match self.file {
            FileKind::Config => header(kind, name),
            FileKind::Credentials => format!("[{name}]"),
        };
        let reads_back = Lines::new(&line).next().is_some_and(|line| match line.content {
            Content::Section { header, has_trailing_text: false } => matches!(
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
        self.push(Some((kind, name.to_owned())), format!("{line}{end}").into());
        Ok(self.blocks.len() - 1)
    }
}

impl Document {
    /// Removes all occurrences of a property from the selected blocks. Returns `true` if there was
    /// one.
    fn remove_where(&mut self, key: &str, is_selected: impl Fn(&Block) -> bool) -> bool {
        let mut removed = false;
        for block in self.blocks.iter_mut().filter(|block| is_selected(block)) {
            for found in block.find(key).into_iter().rev() {
                block.text.replace_range(found.lines, "");
                removed = true;
            }
        }
        removed
    }

    fn push(&mut self, section: Option<(SectionKind, String)>, text: Zeroizing<String>) {
        if let Some((_, name)) = &section {
            self.places.entry(name.clone()).or_default().push(self.blocks.len());
        }
        self.blocks.push(Block { section, text });
    }

    /// Finds the block and the lines of a property: the last occurrence, in any block of the
    /// section.
    fn place(&self, kind: SectionKind, name: &str, key: &str) -> Option<(usize, Found)> {
        self.blocks_of(kind, name).into_iter().rev().find_map(|at| {
            let block = self.blocks.get(at)?;
            Some((at, block.find(key).pop()?))
        })
    }

    /// The index of the block that a new property of the section is added to.
    fn last_block(&self, kind: SectionKind, name: &str) -> Option<usize> {
        self.blocks_of(kind, name).pop()
    }

    /// The blocks with this kind and name, in any spelling.
    fn named(&self, kind: SectionKind, name: &str) -> impl Iterator<Item = (usize, &Block)> {
        let places = self.places.get(name).map(Vec::as_slice).unwrap_or_default();
        let named = places.iter().filter_map(|&at| Some((at, self.blocks.get(at)?)));
        named.filter(move |(_, block)| block.section.as_ref().is_some_and(|it| it.0 == kind))
    }

    /// The indices of the blocks of a section that the parser uses. If its name has different
    /// spellings, these are the blocks of the last spelling. `[profile default]` takes precedence
    /// over `[default]`.
    fn blocks_of(&self, kind: SectionKind, name: &str) -> Vec<usize> {
        let named: Vec<_> =
            self.named(kind, name).map(|(at, block)| (at, block.header())).collect();
        if self.file != FileKind::Config {
            return named.into_iter().map(|(at, _)| at).collect();
        }
        let has_typed = named.iter().any(|(_, header)| *header != "default");
        let effective = named.into_iter().filter(|(_, header)| !has_typed || *header != "default");
        let mut effective: Vec<_> = effective.collect();
        // Each change of the spelling replaces the sections above it.
        let last = effective.last().map(|(_, header)| *header);
        let replaced = effective.iter().rposition(|(_, header)| Some(*header) != last);
        effective.drain(..replaced.map_or(0, |at| at + 1));
        effective.into_iter().map(|(at, _)| at).collect()
    }

    /// The style for a new line in the block at index `at`: that of its last property, else that of
    /// the first property in the document.
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

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blocks.iter().try_for_each(|block| f.write_str(&block.text))
    }
}

/// Omits the text, which may contain secrets.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("file", &self.file)
            .field("sections", &self.sections().count())
            .finish_non_exhaustive()
    }
}

/// Returns `true` if the parser reads back this key and value from a line of their own.
fn is_property(key: &str, value: &str) -> bool {
    let line = format!("{key} ={value}");
    let reads_back = Lines::new(&line)
        .next()
        .is_some_and(|line| line.content == Content::Property { key, value });
    reads_back
        && is_key(key)
        && !key.contains(|c: char| c.is_ascii_uppercase() || c == '\n' || c == '\r')
        && !value.contains(['\n', '\r'])
}
