//! Which characters stand in the names of profiles, sessions, services and properties.
//!
//! Not responsible for what a name means, nor for reporting one that is not valid.

use std::borrow::Cow;

/// Whether a byte is a blank: in these files that is space and tab, nothing else.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `text` without the blanks around it.
pub(crate) fn trim(text: &str) -> &str {
    let inner = |byte: u8| !is_blank(byte);
    let start = text.bytes().position(inner).unwrap_or(text.len());
    let end = text.bytes().rposition(inner).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// The name that a section line gives, or `None` when it is not a valid one.
///
/// Quotes of either kind may stand around the whole of it, and then it may hold spaces: the AWS CLI
/// writes `[profile 'foo bar']` and reads `[profile "foo bar"]` as well.
pub(crate) fn section_name(text: &str) -> Option<&str> {
    let quoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)));
    match quoted {
        Some(inner) => {
            let valid =
                !inner.is_empty() && inner.chars().all(|c| c == ' ' || is_name_character(c));
            valid.then_some(inner)
        }
        None => is_bare_name(text).then_some(text),
    }
}

/// The other way round: the name as a section line gives it, in quotes where it needs them.
pub(crate) fn in_section_line(name: &str) -> Cow<'_, str> {
    if is_bare_name(name) { name.into() } else { format!("\"{name}\"").into() }
}

fn is_bare_name(text: &str) -> bool {
    !text.is_empty() && invalid_character(text).is_none()
}

/// The first character that cannot stand in a name outside quotes.
pub(crate) fn invalid_character(name: &str) -> Option<char> {
    if name.bytes().all(is_ascii_name_byte) {
        return None;
    }
    name.chars().find(|&c| !is_name_character(c))
}

/// Letters and digits are those of any script: the AWS CLI reads a profile named `büro`.
fn is_name_character(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_ascii_name_byte(byte),
        _ => c.is_alphanumeric(),
    }
}

fn is_ascii_name_byte(byte: u8) -> bool {
    NAME_BYTES.get(usize::from(byte)).is_some_and(|&is_one| is_one)
}

/// For each byte, whether it is a character of a name. A table: every key of every profile is
/// looked at byte by byte.
const NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        #[expect(clippy::indexing_slicing, reason = "a byte is less than 256")]
        {
            table[byte as usize] = byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'/' | b'.' | b'%' | b'@' | b':' | b'+');
        }
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sections() {
        for (text, name) in [
            ("dev", Some("dev")),
            ("a_-/.%@:+Z9", Some("a_-/.%@:+Z9")),
            ("büro", Some("büro")),
            ("\"foo bar\"", Some("foo bar")),
            ("'foo bar'", Some("foo bar")),
            ("\"dev\"", Some("dev")),
            ("\" dev \"", Some(" dev ")),
            ("", None),
            ("\"\"", None),
            ("\"", None),
            ("foo bar", None),
            ("\"foo\tbar\"", None),
            ("\"foo", None),
            ("\"foo'", None),
            ("foo\" \"bar", None),
            ("foo!", None),
            ("\"foo!\"", None),
            ("\"a\"b\"", None),
            ("\u{0}", None),
        ] {
            assert_eq!(section_name(text), name, "{text:?}");
            if let Some(name) = name {
                assert_eq!(section_name(&in_section_line(name)), Some(name), "{name:?}");
            }
        }
    }
}
