//! White space, and how text of the files is shown in messages.

use std::fmt;

/// Space or tab: what indents a line, and what stands before a comment.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// White space that is trimmed: that of Unicode, and the separators U+001C to U+001F, which Python
/// and so the AWS CLI trim too.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// `text` without white space around it.
pub(crate) fn trim(text: &str) -> &str {
    // Most texts have nothing to trim.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(is_space)
}

/// `text` without spaces and tabs around it.
pub(crate) fn trim_blanks(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A character that cannot be seen in an editor.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The most characters of a name that a message shows.
const LIMIT: usize = 64;

/// As much of a name as [`excerpt`] needs.
pub(crate) fn beginning(name: &str) -> String {
    name.chars().take(LIMIT + 1).collect()
}

/// As much of a name as a message shows: invisible characters escaped, 64 characters at most.
pub(crate) fn excerpt(name: &str) -> String {
    let mut shown = String::new();
    for c in name.chars().take(LIMIT) {
        if is_invisible(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if name.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

/// Names in a row: `a`, `a or b`, `a, b or c`.
pub(crate) struct List<'a> {
    pub(crate) items: Vec<String>,
    pub(crate) conjunction: &'a str,
}

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((last, others)) = self.items.split_last() else { return Ok(()) };
        if !others.is_empty() {
            write!(f, "{} {} ", others.join(", "), self.conjunction)?;
        }
        f.write_str(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_in_a_sentence() {
        for (items, expected) in
            [(&[][..], ""), (&["a"], "a"), (&["a", "b"], "a or b"), (&["a", "b", "c"], "a, b or c")]
        {
            let items = items.iter().map(ToString::to_string).collect();
            assert_eq!(List { items, conjunction: "or" }.to_string(), expected);
        }
    }

    #[test]
    fn excerpts_are_short_and_show_what_cannot_be_seen() {
        assert_eq!(excerpt("a\u{a0}b\u{200b}\tc d"), r"a\u{a0}b\u{200b}\u{9}c d");
        assert_eq!(excerpt(&"x".repeat(100)), format!("{}…", "x".repeat(64)));
    }
}
