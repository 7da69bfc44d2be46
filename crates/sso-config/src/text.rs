//! White space, and formatting of text for messages.

use std::fmt;

/// Returns `true` for a space or tab, the characters that indent a line or precede a comment.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Returns `true` for white space that is trimmed: that of Unicode, and the separators U+001C to
/// U+001F, which Python and therefore the AWS CLI also trim.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Trims white space, as defined by [`is_space`].
pub(crate) fn trim(text: &str) -> &str {
    // A fast path, since most texts have nothing to trim.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(is_space)
}

/// Trims spaces and tabs.
pub(crate) fn trim_blanks(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Returns `true` for a character that is invisible in an editor.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The largest number of characters of a name in a message.
const LIMIT: usize = 64;

/// Returns the part of a name that [`excerpt`] needs.
pub(crate) fn beginning(name: &str) -> String {
    name.chars().take(LIMIT + 1).collect()
}

/// Formats a name for a message: invisible characters are escaped, and the name is cut after 64
/// characters.
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

/// Displays a list of names: `a`, `a or b`, `a, b or c`.
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
    fn lists_are_joined_with_commas_and_the_conjunction() {
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
