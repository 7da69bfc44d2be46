//! Parses a JSON object into the exact text of its members, in order, so that unknown members can
//! be written back unchanged.
//!
//! Also reads and writes JSON strings without leaving copies of secrets in memory.

use std::fmt;
use std::mem;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::ParseError;
use crate::error::MAX_FILE_SIZE;

/// The byte order mark that some editors put in front of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The exact text of one member of an object.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    /// The name with its quotes and escapes.
    pub(crate) name: &'a str,
    /// The value, which is any JSON.
    pub(crate) value: &'a str,
}

/// Returns the text of a cache file without a byte order mark, and the length of that mark.
pub(crate) fn text(bytes: &[u8]) -> Result<(&str, usize), ParseError> {
    if bytes.len() > MAX_FILE_SIZE {
        return Err(ParseError::TooLarge { size: bytes.len() as u64 });
    }
    let without_bom = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let before = bytes.len() - without_bom.len();
    if without_bom.trim_ascii().is_empty() {
        return Err(ParseError::Empty);
    }
    match str::from_utf8(without_bom) {
        Ok(text) => Ok((text, before)),
        Err(error) => {
            let good = without_bom.get(..error.valid_up_to()).unwrap_or_default();
            Err(not_json_after(good, before, "bytes that are not UTF-8"))
        }
    }
}

/// Parses `text` as one object and returns its members in order, including duplicates. `before` is
/// the number of bytes before the text in its file.
pub(crate) fn members(text: &str, before: usize) -> Result<Vec<Member<'_>>, ParseError> {
    if !text.trim_ascii_start().starts_with('{') {
        // Distinguish other JSON from text that is not JSON.
        return match serde_json::from_str::<&RawValue>(text) {
            Ok(value) => Err(ParseError::NotAnObject { found: kind(value.get()) }),
            Err(error) => Err(not_json(text, before, &error)),
        };
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_map(Members)
        .and_then(|members| deserializer.end().map(|()| members))
        .map_err(|error| not_json(text, before, &error))
}

/// Returns the type of a JSON value, in words.
pub(crate) fn kind(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Decodes a JSON string. Returns `None` if `value` is not a string, or has an unpaired surrogate.
///
/// `value` must be valid JSON.
pub(crate) fn string(value: &str) -> Option<String> {
    sso_types::json_string(value).map(|mut text| mem::take(&mut *text))
}

/// Decodes a field that is required to be a string. It must not be empty.
pub(crate) fn required_string(
    field: &'static str,
    value: Option<&str>,
) -> Result<String, ParseError> {
    match value {
        None => Err(ParseError::Missing { field }),
        Some("null") => Err(ParseError::Null { field }),
        Some("\"\"") => Err(ParseError::EmptyField { field }),
        Some(value) => string(value).ok_or_else(|| {
            let (expected, found) = if value.starts_with('"') {
                ("valid Unicode", "a string with an unpaired surrogate")
            } else {
                ("a string", kind(value))
            };
            ParseError::WrongType { field, expected, found }
        }),
    }
}

/// Returns the maximum length of `text` as a JSON string.
pub(crate) fn max_string_len(text: &str) -> usize {
    text.len() * 6 + 2
}

/// Writes `text` as a JSON string. Does not reallocate if `out` has a free capacity of
/// [`max_string_len`].
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // Serializing a string to a `Vec` cannot fail.
    let written = serde_json::to_writer(out, text);
    debug_assert!(written.is_ok());
}

/// Converts an error of the parser. Keeps its position but not its text, which may quote a secret.
fn not_json(text: &str, before: usize, error: &serde_json::Error) -> ParseError {
    let at_end = error.classify() == Category::Eof;
    let lines_before = error.line().saturating_sub(1);
    let line_start = text.split_inclusive('\n').take(lines_before).map(str::len).sum::<usize>();
    let column = line_start + error.column();
    // serde_json reports the column of the unexpected byte, except for a control character in a
    // string, where it reports the column before it. Only the message of the error distinguishes
    // the two cases; a test checks that.
    let (at, problem) = if at_end {
        (text.len(), "it ends too early")
    } else if error.to_string().starts_with("control character") {
        (column, "there is a control character in a string")
    } else {
        (column.saturating_sub(1), "there is something unexpected")
    };
    not_json_after(text.as_bytes().get(..at).unwrap_or_default(), before, problem)
}

/// Creates the error for a text whose part before the unexpected byte is `good`.
fn not_json_after(good: &[u8], before: usize, problem: &'static str) -> ParseError {
    let last_line = good.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    ParseError::NotJson {
        problem,
        line: good.split(|&byte| byte == b'\n').count(),
        column: last_line.len() + 1,
        offset: before + good.len(),
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // A token file has eight members.
        let mut members = Vec::with_capacity(8);
        while let Some((name, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            members.push(Member { name: name.get(), value: value.get() });
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn error(bytes: &[u8]) -> ParseError {
        text(bytes).and_then(|(text, before)| members(text, before).map(drop)).unwrap_err()
    }

    #[test]
    fn members_keep_their_text_and_order() {
        let (text, before) =
            text(b"\xef\xbb\xbf {\"b\": 1.10 ,\"\\u0061\":[ 1, 2],\"b\":null}\n").unwrap();
        let found: Vec<_> =
            members(text, before).unwrap().iter().map(|m| (m.name, m.value)).collect();
        assert_eq!(found, [("\"b\"", "1.10"), ("\"\\u0061\"", "[ 1, 2]"), ("\"b\"", "null")]);
    }

    fn check(bytes: &[u8], expected: &Expect) {
        expected.assert_eq(&error(bytes).to_string());
    }

    #[test]
    fn errors_contain_positions_and_no_content() {
        check(b"", &expect!["it is empty; a program was probably stopped while writing it"]);
        check(
            b"\xef\xbb\xbf \n",
            &expect!["it is empty; a program was probably stopped while writing it"],
        );
        check(
            b"{\"a\":1}}",
            &expect!["it is not JSON: there is something unexpected at line 1, column 8 (byte 7)"],
        );
        check(
            b"{\"a\":1}{\"secret\":2}",
            &expect!["it is not JSON: there is something unexpected at line 1, column 8 (byte 7)"],
        );
        check(
            b"{\"a\":\n \"secret",
            &expect!["it is not JSON: it ends too early at line 2, column 9 (byte 14)"],
        );
        check(
            b"\xef\xbb\xbf{\"a\": secret}",
            &expect!["it is not JSON: there is something unexpected at line 1, column 7 (byte 9)"],
        );
        check(
            b"secret",
            &expect!["it is not JSON: there is something unexpected at line 1, column 1 (byte 0)"],
        );
        check(b"\n[1]", &expect!["it is an array, not an object"]);
        check(b"\"secret\"", &expect!["it is a string, not an object"]);
        check(
            b"{\n\"a\xff\"}",
            &expect!["it is not JSON: bytes that are not UTF-8 at line 2, column 3 (byte 4)"],
        );
        check(
            b"\xff\xfe{\0",
            &expect!["it is not JSON: bytes that are not UTF-8 at line 1, column 1 (byte 0)"],
        );
        check(
            &vec![b' '; MAX_FILE_SIZE + 1],
            &expect![
                "it is 1048577 bytes long, more than the limit of 1048576; a token file is far smaller"
            ],
        );
    }

    #[test]
    fn errors_name_the_unexpected_byte() {
        for bytes in [
            "{\"a\":1}}",
            "{\"a\": x}",
            "{\n\n \"a\":1,\n}",
            "{\"a\"\n1}",
            "x",
            "{\"\u{e4}\" 1}",
            "{\"a\":\"b\nc\"}",
            "{\"a\":\"b\tc\"}",
            "{\"a\n",
        ] {
            let ParseError::NotJson { offset, line, column, .. } = error(bytes.as_bytes()) else {
                panic!("{bytes}")
            };
            let lines: Vec<_> = bytes.split_inclusive('\n').collect();
            let start: usize = lines[..line - 1].iter().map(|line| line.len()).sum();
            assert_eq!(start + column - 1, offset, "{bytes:?}");
            assert!("}x1\n\t".contains(bytes.as_bytes()[offset] as char), "{bytes:?} {offset}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(400_000), "]".repeat(400_000));
        assert_eq!(members(&deep, 0).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn strings_come_back_as_they_were(text in "\\PC{0,20}|[\\x00-\\x7f]{0,20}") {
            let mut out = Vec::with_capacity(max_string_len(&text));
            let room = out.capacity();
            write_string(&mut out, &text);
            prop_assert_eq!(out.capacity(), room);
            prop_assert_eq!(string(str::from_utf8(&out).unwrap()), Some(text));
        }
    }
}
