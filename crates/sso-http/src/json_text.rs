//! JSON strings out of an answer, without a copy of them left in memory.
//!
//! `serde_json` puts a string with an escape in it together in a buffer that it does not clear. So
//! the text of the value is taken as it stands, and its escapes are undone here. Not responsible for
//! whether it is JSON, which `serde_json` has judged.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The text after a byte order mark, which RFC 8259 section 8.1 lets a reader ignore.
pub(crate) fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The string that this JSON text is; `None` for JSON of another type, and for half a character.
pub(crate) fn string(json: &str) -> Option<Zeroizing<String>> {
    let mut rest = json.strip_prefix('"')?.strip_suffix('"')?;
    // Undoing an escape makes it shorter: this is never moved in memory.
    let mut text = Zeroizing::new(String::with_capacity(rest.len()));
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, length) = match escape.chars().next()? {
            'b' => ('\u{8}', 1),
            'f' => ('\u{c}', 1),
            'n' => ('\n', 1),
            'r' => ('\r', 1),
            't' => ('\t', 1),
            'u' => code_point(escape)?,
            itself => (itself, 1),
        };
        text.push(character);
        rest = escape.get(length..)?;
    }
    text.push_str(rest);
    Some(text)
}

/// The character of `uXXXX` or of `uXXXX\uXXXX`, and the length of that.
fn code_point(escape: &str) -> Option<(char, usize)> {
    let unit = |at: usize| u16::from_str_radix(escape.get(at..at + 4)?, 16).ok();
    let first = unit(1)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, 5));
    }
    let second = escape.get(5..7).filter(|it| *it == "\\u").and_then(|_| unit(7))?;
    Some((char::decode_utf16([first, second]).next()?.ok()?, 11))
}

/// The members of a JSON object; of those with the same name the last counts.
pub(crate) struct Members<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Members<'a> {
    /// `None` for what is no JSON object.
    pub(crate) fn of(body: &'a [u8]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(without_bom(body));
        let members = deserializer.deserialize_map(AnObject).ok()?;
        deserializer.end().ok()?;
        Some(members)
    }

    /// The string of that name, when there is one and it is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<Zeroizing<String>> {
        let is_it = |quoted: &str| {
            quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(name)
        };
        let (_, value) = self.0.iter().rev().find(|(quoted, _)| is_it(quoted))?;
        string(value).filter(|text| !text.is_empty())
    }
}

struct AnObject;

impl<'de> Visitor<'de> for AnObject {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            members.push((name.get(), value.get()));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_are_found_by_name() {
        let body = br#" {"a":"1","b":null,"c":"","d":["x"],"a":"\u0032\/","e":1} "#;
        let members = Members::of(body).unwrap();
        let text = |name| members.text(name).map(|text| text.to_string());
        assert_eq!(text("a").as_deref(), Some("2/"));
        for other in ["b", "c", "d", "e", "f"] {
            assert_eq!(text(other), None, "{other}");
        }
        let marked = Members::of(b"\xef\xbb\xbf{\"a\":\"1\"}").unwrap();
        assert_eq!(marked.text("a").unwrap().as_str(), "1");
        for other in ["", "[]", "{} {}", "{\"a\":", "{\"a\":\"\\u12\"}", "null", "\"{}\""] {
            assert!(Members::of(other.as_bytes()).is_none(), "{other}");
        }
        assert!(Members::of(b"{\"a\":\"\xff\"}").is_none());
    }

    proptest! {
        #[test]
        fn strings_are_read_as_serde_json_reads_them(
            json in r#""([a-z é😀]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud8[0-9]{2}\\udc[0-9]{2}){0,12}"|[1-9]|null"#
        ) {
            let read = string(&json);
            let room = read.as_ref().is_none_or(|text| text.capacity() <= json.len());
            prop_assert!(room, "it was moved");
            let expected = serde_json::from_str::<String>(&json).ok();
            prop_assert_eq!(read.map(|text| text.to_string()), expected);
        }
    }
}
