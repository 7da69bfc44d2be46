//! The text of a section, with the positions and the style of its properties.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::SectionKind;
use crate::syntax::{Content, Lines};

/// A section line and the lines below it, or the text before the first section line.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) section: Option<(SectionKind, String)>,
    pub(super) text: Zeroizing<String>,
}

/// The lines of a property in the text of its block.
pub(super) struct Found {
    /// All of its lines.
    pub(super) lines: Range<usize>,
    /// Its own value, without continuation lines.
    pub(super) value: Range<usize>,
    /// The end of its first line, without the line ending.
    pub(super) first_line_text_end: usize,
    /// The end of its first line, including the line ending.
    pub(super) first_line_end: usize,
}

/// The formatting of a property.
pub(super) struct Style {
    pub(super) indent: String,
    /// The `=` with the blanks around it.
    pub(super) separator: String,
    /// The blanks after the `=`.
    pub(super) after_separator: String,
    pub(super) line_end: String,
}

impl Block {
    /// Returns `true` if its section line is still parsed as one when it follows `text`. An
    /// incomplete, indented section line would continue a property at the end of `text`.
    pub(super) fn is_section_after(&self, text: &str) -> bool {
        let Some(line) = Lines::new(&self.text).next() else { return true };
        let text = Zeroizing::new(format!("{text}{}", line.raw));
        let last = Lines::new(&text).last().map(|line| line.content);
        matches!(last, Some(Content::Section { .. } | Content::UnclosedSection { .. }))
    }

    /// The text between the brackets.
    pub(super) fn header(&self) -> &str {
        match Lines::new(&self.text).next().map(|line| line.content) {
            Some(Content::Section { header, .. }) => header,
            _ => "",
        }
    }

    /// Returns `true` if the property has this value and no continuation lines.
    pub(super) fn has_value(&self, found: &Found, value: &str) -> bool {
        self.slice(found.value.clone()) == value && found.lines.end == found.first_line_end
    }

    /// Returns the edit that gives a property another value. Its comment stays.
    pub(super) fn replacement(
        &self,
        found: &Found,
        value: &str,
        style: &Style,
    ) -> (Range<usize>, String) {
        // `key = #x` would be a comment.
        let needs_space = self.slice(0..found.value.start).ends_with(['=', ':'])
            && !value.starts_with(['#', ';']);
        let space = if needs_space { style.after_separator.as_str() } else { "" };
        let rest = self.slice(found.value.end..found.first_line_text_end);
        let end = line_end(self.slice(found.first_line_text_end..found.lines.end));
        (found.value.start..found.lines.end, format!("{space}{value}{rest}{end}"))
    }

    /// Returns the edit that adds a property after the others.
    pub(super) fn addition(&self, key: &str, value: &str, style: &Style) -> (Range<usize>, String) {
        let place = self.end_of_properties();
        let has_end = self.slice(0..place).ends_with(['\n', '\r']);
        let Style { indent, separator, line_end, .. } = style;
        let missing_end = if has_end { "" } else { line_end };
        let separator = if value.starts_with(['#', ';']) { "=" } else { separator };
        (place..place, format!("{missing_end}{indent}{key}{separator}{value}{line_end}"))
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Finds all occurrences of a property, in order.
    pub(super) fn find(&self, key: &str) -> Vec<Found> {
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
                        let first_line_text_end = start + without_end(line.raw).len();
                        let value = start + place.start..start + place.end;
                        let first_line_end = end;
                        let lines = start..end;
                        found.push(Found { lines, value, first_line_text_end, first_line_end });
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
                Content::Empty | Content::Comment => {}
                _ => is_open = false,
            }
            start = end;
        }
        found
    }

    /// The end of the last line that is neither blank nor a comment.
    pub(super) fn end_of_properties(&self) -> usize {
        let (mut start, mut last) = (0, 0);
        for line in Lines::new(&self.text) {
            start += line.raw.len();
            if !matches!(line.content, Content::Empty | Content::Comment) {
                last = start;
            }
        }
        last
    }

    /// The end of the first blank line below the properties, or the end of the text if there is
    /// none. Comments after it belong to the section below.
    pub(super) fn start_of_trailing_comments(&self) -> usize {
        let properties = self.end_of_properties();
        let mut start = 0;
        for line in Lines::new(&self.text) {
            if start >= properties && line.content == Content::Empty {
                return start + line.raw.len();
            }
            start += line.raw.len();
        }
        start
    }

    /// The style of the last or the first property.
    pub(super) fn style(&self, last: bool) -> Option<Style> {
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
        // More blanks align the value with others, and would not align one of another key.
        let is_aligned = separator.starts_with("  ") || separator.starts_with('\t');
        let usual = !value.is_empty() && is_usual && !is_aligned;
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

/// The position of a value in its line. An empty value is right after the separator.
pub(super) fn value_place(raw: &str, value: &str) -> Range<usize> {
    let separator = raw.bytes().position(|byte| matches!(byte, b'=' | b':'));
    let behind = separator.map_or(raw.len(), |at| at + 1);
    let offset = raw.get(behind..).and_then(|rest| rest.find(value)).unwrap_or_default();
    let start = if value.is_empty() { behind } else { behind + offset };
    start..start + value.len()
}

pub(super) fn without_end(raw: &str) -> &str {
    raw.trim_end_matches(['\n', '\r'])
}

/// The line ending at the end of a text.
pub(super) fn line_end(text: &str) -> &str {
    let end = text.len() - text.trim_end_matches(['\n', '\r']).len();
    let end = text.get(text.len() - end..).unwrap_or_default();
    if end.ends_with("\r\n") {
        "\r\n"
    } else {
        end.get(end.len().saturating_sub(1)..).unwrap_or_default()
    }
}

pub(super) fn line_end_of_first(text: &str) -> &str {
    Lines::new(text).next().map_or("", |line| line_end(line.raw))
}

/// The contents of a block except the property `key`, to check that an edit changes nothing else.
pub(super) fn others<'a>(text: &'a str, key: &str) -> Vec<Content<'a>> {
    let mut is_key = false;
    let mut others = Vec::new();
    for line in Lines::new(text) {
        match line.content {
            Content::Empty | Content::Comment => continue,
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
