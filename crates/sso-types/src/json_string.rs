//! Decoding of JSON strings that may be secrets.
//!
//! `serde_json` decodes a string with escapes in a buffer that it does not clear. This module
//! decodes JSON that `serde_json` has validated, and copies the text only into the result.

use zeroize::Zeroizing;

/// Decodes a JSON string. Returns `None` if `json` is JSON of another type, or a string with an
/// unpaired surrogate.
///
/// `json` must be valid JSON. The text is copied only into the result, which is cleared on drop.
///
/// Not part of the crate's API: public only for the other crates of `ssocreds`.
#[doc(hidden)]
pub fn json_string(json: &str) -> Option<Zeroizing<String>> {
    let mut rest = json.strip_prefix('"')?.strip_suffix('"')?;
    // An escape is never shorter than its character. So the buffer never grows, and no copy of the
    // text is left in a freed allocation.
    let mut text = Zeroizing::new(String::with_capacity(rest.len()));
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, after) = unescape(escape)?;
        text.push(character);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// Decodes the escape after a backslash. Returns its character and the rest of the text.
fn unescape(escape: &str) -> Option<(char, &str)> {
    let mut characters = escape.chars();
    let character = match characters.next()? {
        plain @ ('"' | '\\' | '/') => plain,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(characters.as_str()),
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// Decodes `XXXX`, or `XXXX\uXXXX` if the first four digits are a high surrogate. Returns the
/// character and the rest of the text.
fn unicode(digits: &str) -> Option<(char, &str)> {
    let (first, rest) = unit(digits)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first.into())?, rest));
    }
    let (second, rest) = unit(rest.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, rest))
}

/// Parses four hexadecimal digits, which are one UTF-16 code unit. Returns it and the rest of the
/// text.
fn unit(digits: &str) -> Option<(u16, &str)> {
    let (digits, rest) = digits.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_other_types_are_rejected() {
        for json in ["1", "null", "[\"a\"]", "{}", "\"", ""] {
            assert_eq!(json_string(json), None, "{json}");
        }
    }

    #[test]
    fn an_unpaired_surrogate_is_rejected() {
        for json in [r#""\ud83d""#, r#""\ud83d\u0041""#, r#""\udca9""#, r#""\ud83dx""#] {
            assert_eq!(json_string(json), None, "{json}");
        }
        assert_eq!(json_string(r#""\ud83d\udca9""#).as_deref().map(String::as_str), Some("💩"));
    }

    proptest! {
        #[test]
        fn strings_are_read_as_serde_json_reads_them(
            json in r#""([a-z é😀]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud8[0-9]{2}\\udc[0-9]{2}){0,12}"|[1-9]|null"#
        ) {
            let read = json_string(&json);
            let fits = read.as_ref().is_none_or(|text| text.capacity() <= json.len());
            prop_assert!(fits, "it was moved in memory");
            let expected = serde_json::from_str::<String>(&json).ok();
            prop_assert_eq!(read.map(|text| text.to_string()), expected);
        }
    }
}
