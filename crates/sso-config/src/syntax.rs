//! Classification of the lines of a file: section, property, continuation, comment.
//!
//! Both the parser and [`Document`](crate::Document) use [`Lines`], so that they agree on the
//! syntax. Every byte of the text is in exactly one line.

use crate::text::{is_blank, is_space, trim, trim_blanks};

/// One line of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The number of the line, counted from 1.
    pub(crate) number: usize,
    /// The whole line with its line ending. The first line includes the byte order mark.
    pub(crate) raw: &'a str,
    pub(crate) content: Content<'a>,
}

/// The content of a line. All texts are trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// A line with nothing but white space.
    Empty,
    Comment,
    Section {
        /// The text between the brackets.
        header: &'a str,
        /// True if the `]` is followed by text that is not a comment.
        has_trailing_text: bool,
    },
    /// A section line without `]`.
    UnclosedSection {
        header: &'a str,
    },
    Property {
        key: &'a str,
        /// Without its comment.
        value: &'a str,
    },
    /// A line that continues the value above.
    Continuation(&'a str),
    /// A property below a property with an empty value.
    SubProperty {
        key: &'a str,
        value: &'a str,
    },
    /// A line that is none of these.
    Faulty(Fault),
}

/// The reason why a line is faulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    NoSeparator,
    EmptyKey,
    SubPropertyWithoutEqualsSign,
    SubPropertyWithEmptyKey,
}

impl Fault {
    /// Returns `true` if the line is below a property with an empty value.
    pub(crate) fn is_in_sub_property(self) -> bool {
        matches!(self, Self::SubPropertyWithoutEqualsSign | Self::SubPropertyWithEmptyKey)
    }
}

/// The lines of a text, in order.
pub(crate) struct Lines<'a> {
    rest: &'a str,
    number: usize,
    /// The property that is continued by a line with a deeper indentation.
    open: Option<OpenProperty>,
}

#[derive(Clone, Copy)]
struct OpenProperty {
    /// The number of blanks before it.
    indent: usize,
    /// True if its own value is empty, so that its continuation lines are sub-properties.
    is_parent: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text, number: 0, open: None }
    }

    fn content(&mut self, line: &'a str) -> Content<'a> {
        let text = trim(line);
        if text.is_empty() {
            return Content::Empty;
        }
        if text.starts_with(['#', ';']) {
            return Content::Comment;
        }
        let indent = line.bytes().take_while(|&byte| is_blank(byte)).count();
        let continues = self.open.filter(|open| indent > open.indent);
        if let Some(inner) = text.strip_prefix('[') {
            let section = section(inner);
            // A line that is indented deeper than a property is a section line only if no other
            // text follows its `]`.
            let is_whole = matches!(section, Content::Section { has_trailing_text: false, .. });
            if is_whole || continues.is_none() {
                self.open = None;
                return section;
            }
        }
        match continues {
            Some(OpenProperty { is_parent: true, .. }) => sub_property(text),
            Some(OpenProperty { is_parent: false, .. }) => Content::Continuation(text),
            None => {
                let content = property(text);
                let is_parent = matches!(content, Content::Property { value: "", .. });
                self.open = Some(OpenProperty { indent, is_parent });
                content
            }
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, end) = first_line(self.rest);
        let (raw, rest) = self.rest.split_at(line.len() + end);
        self.rest = rest;
        self.number += 1;
        let line = if self.number == 1 { line.trim_start_matches('\u{feff}') } else { line };
        Some(Line { number: self.number, raw, content: self.content(line) })
    }
}

/// Returns the first line, and the length of its line ending: LF, CRLF or CR.
fn first_line(text: &str) -> (&str, usize) {
    let bytes = text.as_bytes();
    let length = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let length = length.unwrap_or(text.len());
    let end = match (bytes.get(length), bytes.get(length + 1)) {
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(_), _) => 1,
        (None, _) => 0,
    };
    (text.get(..length).unwrap_or_default(), end)
}

/// Parses a section line after its `[`. The header ends at the first `]` that is followed by a
/// comment or the end of the line, else at the last `]`.
fn section(inner: &str) -> Content<'_> {
    let mut ends = inner.match_indices(']').map(|(at, _)| at);
    let is_end = |at: &usize| {
        let behind = inner.get(at + 1..).unwrap_or_default();
        behind.is_empty() || starts_with_comment(behind)
    };
    let end = ends.find(is_end).or_else(|| inner.rfind(']'));
    let Some((header, behind)) = end.and_then(|at| inner.split_at_checked(at)) else {
        return Content::UnclosedSection { header: trim_blanks(inner) };
    };
    let behind = trim(behind.get(1..).unwrap_or_default());
    Content::Section {
        header: trim_blanks(header),
        has_trailing_text: !behind.is_empty() && !behind.starts_with(['#', ';']),
    }
}

fn property(text: &str) -> Content<'_> {
    match split(text, |byte| matches!(byte, b'=' | b':')) {
        None => Content::Faulty(Fault::NoSeparator),
        Some(("", _)) => Content::Faulty(Fault::EmptyKey),
        Some((key, value)) => Content::Property { key, value },
    }
}

fn sub_property(text: &str) -> Content<'_> {
    match split(text, |byte| byte == b'=') {
        None => Content::Faulty(Fault::SubPropertyWithoutEqualsSign),
        Some(("", _)) => Content::Faulty(Fault::SubPropertyWithEmptyKey),
        Some((key, value)) => Content::SubProperty { key, value },
    }
}

/// Splits a line into key and value, without the comment after the value.
fn split(text: &str, is_separator: impl Fn(u8) -> bool) -> Option<(&str, &str)> {
    let separator = text.bytes().position(is_separator)?;
    let key = text.get(..separator)?.trim_end_matches(is_space);
    let value = text.get(separator + 1..)?;
    Some((key, trim(without_comment(value))))
}

fn without_comment(value: &str) -> &str {
    let mut previous = 0;
    for (at, byte) in value.bytes().enumerate() {
        if matches!(byte, b'#' | b';') && is_blank(previous) {
            return value.get(..at).unwrap_or_default();
        }
        previous = byte;
    }
    value
}

/// Returns `true` if the text begins with blanks and then `#` or `;`.
fn starts_with_comment(text: &str) -> bool {
    let after_blanks = text.trim_start_matches([' ', '\t']);
    after_blanks.len() < text.len() && after_blanks.starts_with(['#', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(text: &str) -> Vec<Content<'_>> {
        Lines::new(text).map(|line| line.content).collect()
    }

    #[test]
    fn section_lines() {
        for (line, header, has_trailing_text) in [
            ("[a]", "a", false),
            ("[ a\t]  ", "a", false),
            ("[a] # ]x", "a", false),
            ("[a]# x", "a", false),
            ("[a]#b]", "a]#b", false),
            ("[a] /* x */", "a", true),
            ("[a] x ]", "a] x", false),
            ("[Org-[x]/Role]", "Org-[x]/Role", false),
            ("[]", "", false),
        ] {
            assert_eq!(contents(line), [Content::Section { header, has_trailing_text }], "{line}");
        }
        assert_eq!(contents("[a b"), [Content::UnclosedSection { header: "a b" }]);
    }

    #[test]
    fn a_line_continues_a_property_only_when_it_is_indented_deeper() {
        use Content::{Comment, Continuation, Empty, Property, Section};
        assert_eq!(
            contents("[s]\n  a = 1\n  b = 2\n   more\n\n   # x\n   even more\n c: 3\n d\n"),
            [
                Section { header: "s", has_trailing_text: false },
                Property { key: "a", value: "1" },
                Property { key: "b", value: "2" },
                Continuation("more"),
                Empty,
                Comment,
                Continuation("even more"),
                Property { key: "c", value: "3" },
                Content::Faulty(Fault::NoSeparator),
            ]
        );
    }
}
