//! Makes text from a service or a config file safe to show on a terminal.

use std::fmt::Write as _;

/// Returns the text on one line. Characters that could move the cursor, hide text or change its
/// direction are escaped as in a Rust string (`\u{202e}`).
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else if is_misleading(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Returns the JSON document with such characters escaped as `\uXXXX`, or `None` if it has none.
///
/// `serde_json` escapes the C0 controls only. Characters outside ASCII occur only within strings of a
/// JSON document, so it is enough to replace them in the text.
pub(crate) fn escape_json(json: &str) -> Option<String> {
    let needs_escape = |c: char| (c.is_control() && c != '\n') || is_misleading(c);
    if !json.contains(needs_escape) {
        return None;
    }
    // An escape is at most six times as long as the UTF-8 that it replaces. Reserving that much avoids
    // a reallocation, which would leave a copy of a secret in memory.
    let mut escaped = String::with_capacity(6 * json.len());
    for c in json.chars() {
        if needs_escape(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Some(escaped)
}

/// Returns whether the character is invisible or changes the direction of the text around it. With such
/// characters one name can look like another. Blanks as wide as a space are not included.
fn is_misleading(c: char) -> bool {
    matches!(c,
        '\u{ad}' // soft hyphen
        | '\u{34f}' // combining grapheme joiner
        | '\u{61c}' // Arabic letter mark
        | '\u{115f}'..='\u{1160}' // Hangul fillers
        | '\u{17b4}'..='\u{17b5}' // Khmer inherent vowels
        | '\u{180b}'..='\u{180f}' // Mongolian variation selectors and vowel separator
        | '\u{200b}'..='\u{200f}' // zero-width characters, direction marks
        | '\u{2028}'..='\u{202e}' // line and paragraph separators, directional embeddings and overrides
        | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, directional isolates
        | '\u{2800}' // blank Braille pattern
        | '\u{3164}' // Hangul filler
        | '\u{fe00}'..='\u{fe0f}' // variation selectors
        | '\u{feff}' // zero-width no-break space
        | '\u{ffa0}' // half-width Hangul filler
        | '\u{fff0}'..='\u{fffb}' // unassigned, but invisible; interlinear annotations
        | '\u{13430}'..='\u{1343f}' // Egyptian format controls
        | '\u{1bca0}'..='\u{1bca3}' // shorthand format controls
        | '\u{1d173}'..='\u{1d17a}' // musical symbols that only format
        | '\u{e0000}'..='\u{e0fff}' // tags, further variation selectors
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_misleading_characters_are_escaped() {
        for (text, shown) in [
            ("größe 😀", "größe 😀"),
            ("a\u{1b}[2J\nb\tc\u{9b}", r"a\u{1b}[2J\nb\tc\u{9b}"),
            ("\u{202e}DORP", r"\u{202e}DORP"),
            ("TE\u{200b}ST\u{feff}", r"TE\u{200b}ST\u{feff}"),
            ("\u{2066}x\u{2069}\u{e0041}", r"\u{2066}x\u{2069}\u{e0041}"),
            ("\u{fff3}x\u{1bca0}\u{13430}", r"\u{fff3}x\u{1bca0}\u{13430}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn escaped_json_has_the_same_values() {
        let value = serde_json::json!({ "a\u{9b}": ["x\u{202e}y", "\u{7f}", "\u{e0041}", "ö\n"] });
        let json = serde_json::to_string_pretty(&value).unwrap();
        let escaped = escape_json(&json).unwrap();
        assert!(escaped.contains(r"x\u202ey") && escaped.contains(r"\udb40\udc41"), "{escaped}");
        assert!(!escaped.contains(|c: char| c != '\n' && c.is_control()), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        assert_eq!(escape_json("{\n  \"a\": \"ö\"\n}"), None);
    }
}
