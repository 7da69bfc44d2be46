//! Turns text from the network into one short line for an error message. Some servers quote the
//! secrets of the request, so these are removed.

use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

/// Removes the secrets of one request from text.
pub(crate) struct Redactor<'a> {
    secrets: Vec<&'a str>,
}

/// The largest number of characters in a line.
const MAX_LENGTH: usize = 200;

/// The replacement of a secret.
const REPLACEMENT: &str = "(redacted)";

/// The shortest piece of a secret, in bytes, that is removed on its own. A server may quote a secret
/// in part, or with some of its characters encoded.
const PART: usize = 12;

/// The smallest length of a [`Reduced`] secret, in bytes, that is searched for. A shorter one may be
/// an ordinary word, so such a secret is found only in its unchanged form.
const MIN_REDUCED: usize = 6;

impl<'a> Redactor<'a> {
    pub(crate) fn new(mut secrets: Vec<&'a str>) -> Self {
        secrets.retain(|secret| !secret.is_empty());
        Self { secrets }
    }

    /// Returns one line of at most 200 characters.
    pub(crate) fn line(&self, text: &str) -> String {
        // Remove secrets before the text is cut, since half of a secret would not be recognized.
        let mut text = Zeroizing::new(text.to_owned());
        for secret in &self.secrets {
            text = without(&text, secret);
        }
        text = self.without_parts(&text);
        let mut printable = Zeroizing::new(String::with_capacity(text.len()));
        let shown = |c: char| if c.is_control() || is_invisible(c) { ' ' } else { c };
        printable.extend(text.chars().map(shown));
        let mut line = String::with_capacity(printable.len());
        for word in printable.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if let Some((end, _)) = line.char_indices().nth(MAX_LENGTH) {
            line.truncate(end);
        }
        line
    }

    /// Replaces each part of a secret, both unchanged and reduced to letters and digits. The
    /// reduced form also matches a secret with white space, line breaks or invisible characters
    /// between its characters, and one in UTF-16.
    fn without_parts(&self, text: &str) -> Zeroizing<String> {
        let reduced = Reduced::of(text);
        let mut found = Vec::new();
        for secret in &self.secrets {
            found.extend(shared_parts(text.as_bytes(), secret.as_bytes(), PART));
            let secret = Reduced::of(secret);
            let size = secret.bytes.len().min(PART);
            if size >= MIN_REDUCED {
                let parts = shared_parts(&reduced.bytes, &secret.bytes, size);
                found.extend(parts.into_iter().filter_map(|part| reduced.in_text(part)));
            }
        }
        found.sort_unstable_by_key(|part| part.start);
        // Large enough for one replacement per part, so that the string does not grow.
        let room = text.len() + found.len() * REPLACEMENT.len();
        let mut out = Zeroizing::new(String::with_capacity(room));
        let mut kept = 0;
        for part in merged(found) {
            // A part may begin or end inside a character. The whole character is then replaced.
            let whole = |at: &usize| text.is_char_boundary(*at);
            let start = (kept..=part.start).rev().find(whole).unwrap_or(kept);
            out.push_str(text.get(kept..start).unwrap_or_default());
            out.push_str(REPLACEMENT);
            kept = (part.end..text.len()).find(whole).unwrap_or(text.len());
        }
        out.push_str(text.get(kept..).unwrap_or_default());
        out
    }

    /// Returns one line with the visible text of an HTML page, or of other text.
    pub(crate) fn page(&self, text: &str) -> String {
        if text.trim_start().starts_with('<') {
            self.line(&without_tags(text))
        } else {
            self.line(text)
        }
    }
}

/// The letters and digits of a text in lower case, in memory that is cleared.
struct Reduced {
    bytes: Zeroizing<Vec<u8>>,
    /// For each byte, the position of its character in the text.
    places: Vec<Range<usize>>,
}

impl Reduced {
    fn of(text: &str) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        let mut places = Vec::with_capacity(text.len());
        for (start, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let place = start..start + c.len_utf8();
            places.extend(std::iter::repeat_n(place, c.len_utf8()));
            bytes.extend_from_slice(c.to_ascii_lowercase().encode_utf8(&mut [0; 4]).as_bytes());
        }
        Self { bytes, places }
    }

    /// Converts a position in the reduced text to a position in the original text.
    fn in_text(&self, part: Range<usize>) -> Option<Range<usize>> {
        let last = self.places.get(part.end.checked_sub(1)?)?;
        Some(self.places.get(part.start)?.start..last.end)
    }
}

/// Returns the positions in `text` of all sequences of `size` bytes that also occur in `secret`.
fn shared_parts(text: &[u8], secret: &[u8], size: usize) -> Vec<Range<usize>> {
    let parts: HashSet<&[u8]> = secret.windows(size).collect();
    let windows = text.windows(size).enumerate();
    let found = windows.filter(|(_, window)| parts.contains(window));
    merged(found.map(|(start, _)| start..start + size))
}

/// Merges ranges that overlap or touch. The ranges must be sorted by their starts.
fn merged(ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match all.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => all.push(range),
        }
    }
    all
}

/// Replaces a secret in a text. The result is in memory that is cleared.
fn without(text: &str, secret: &str) -> Zeroizing<String> {
    let room = text.len() + text.matches(secret).count() * REPLACEMENT.len();
    let mut out = Zeroizing::new(String::with_capacity(room));
    for (place, part) in text.split(secret).enumerate() {
        out.push_str(if place == 0 { "" } else { REPLACEMENT });
        out.push_str(part);
    }
    out
}

/// Returns `true` for characters that make text look different from its content: they change the
/// writing direction, have no width, or are tags.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Removes HTML tags. A simple method, sufficient to show "Please log in" of a captive portal.
fn without_tags(html: &str) -> Zeroizing<String> {
    // A tag is longer than the space that replaces it, so the string does not grow.
    let mut text = Zeroizing::new(String::with_capacity(html.len()));
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let silent = ["script", "style"].into_iter().find(|name| {
            tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        });
        rest = match silent {
            Some(name) => tag.split_once(&format!("</{name}")).map_or("", |(_, after)| after),
            None => tag,
        };
        rest = rest.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn html_pages_are_reduced_to_their_visible_text() {
        let page = "<!DOCTYPE html>\n<html><head><style>b{}</style><title>Hotel\u{202e}</title>\
                    <script>if (a < b) alert('MARK')</script></head>\n<body>Please <b>log in</b>\
                    \u{1b}[31m</body>";
        assert_eq!(Redactor::new(vec![]).page(page), "Hotel Please log in [31m");
        assert_eq!(Redactor::new(vec![]).page("a < b"), "a < b");
    }

    #[test]
    fn secrets_are_removed_before_the_text_is_cut() {
        let redactor = Redactor::new(vec!["MARK-MARK", ""]);
        let text = format!("{}MARK-MARK", "x".repeat(197));
        assert_eq!(redactor.line(&text), format!("{}(re", "x".repeat(197)));
    }

    #[test]
    fn parts_of_secrets_are_removed() {
        let secret = "aoaAAAAAGQx7+b/Zz3kQ:MGQCMEk2+/0q8n5vTfLw==";
        let redactor = Redactor::new(vec![secret]);
        for (text, shown) in [
            ("token aoaAAAAAGQx7... is bad", "token (redacted)... is bad"),
            ("token aoaAAAAAGQx... is bad", "token aoaAAAAAGQx... is bad"),
            (
                "aoaAAAAAGQx7%2Bb%2FZz3kQ%3AMGQCMEk2+/0q8n5vTfLw%3D",
                "(redacted)%2Bb%2FZz3kQ%3A(redacted)%3D",
            ),
            ("aoaAAAAAGQx7+b/Z\nz3kQ:MGQCMEk2+", "(redacted)"),
            ("aoaAAAAA GQx7b Zz3k QMGQ CMEk 20q8", "(redacted)"),
            ("AOAAAAAAGQX7+B/ZZ3KQ", "(redacted)"),
            ("MGQCMEk2+/0qMGQCMEk2+/0q", "(redacted)"),
            ("short", "short"),
        ] {
            assert_eq!(redactor.line(text), shown, "{text}");
        }
        let redactor = Redactor::new(vec!["äöüäöüäöü", "0"]);
        assert_eq!(redactor.line("ßöüäöüäöx"), "ß(redacted)x");
        assert_eq!(redactor.line("ßöüäöüäöß"), "ß(redacted)");
    }

    #[test]
    fn secrets_with_inserted_characters_are_removed() {
        let secret = "aoaAAAAAGQx7+b/Zz3kQ:MGQCMEk2+/0q8n5vTfLw==";
        let redactor = Redactor::new(vec![secret]);
        let separated =
            |by: &str| secret.chars().map(|c| format!("{c}{by}")).collect::<Vec<_>>().concat();
        for by in [
            "\0", "\0\0\0", "\u{200b}", "\u{ad}", "\u{2060}", "\u{fe0f}", " ", "\r\n", ".", "-",
            "\u{301}", "\u{fffd}",
        ] {
            let line = redactor.line(&format!("the token {} is bad", separated(by)));
            let letters: String = line.chars().filter(char::is_ascii_alphanumeric).collect();
            assert_eq!(letters, "thetokenredactedisbad", "{by:?}: {line}");
        }
        for size in 1..12 {
            let pieces: Vec<_> =
                secret.as_bytes().chunks(size).map(|it| str::from_utf8(it).unwrap()).collect();
            let line = redactor.line(&pieces.join("\", \""));
            let letters: String = line.chars().filter(char::is_ascii_alphanumeric).collect();
            assert_eq!(letters, "redacted", "{size}: {line}");
        }
    }

    proptest! {
        #[test]
        fn lines_are_short_and_printable(text in any::<String>(), html in "[<>/a-z ]*") {
            let redactor = Redactor::new(vec!["MARK"]);
            for line in [redactor.page(&format!("{text}MARK{text}")), redactor.page(&format!("<{html}"))] {
                prop_assert!(line.chars().count() <= MAX_LENGTH);
                prop_assert!(!line.chars().any(char::is_control) && !line.contains("MARK"));
            }
        }
    }
}
