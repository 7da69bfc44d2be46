//! Text from the network made fit for an error: one line, short, and without the secrets of the
//! request, which some servers quote.
//!
//! Not responsible for finding the text.

use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

/// Knows the secrets of one request.
pub(crate) struct Redactor<'a> {
    secrets: Vec<&'a str>,
}

/// The most characters of foreign text that an error shows.
const LONGEST: usize = 200;

/// What stands in the place of a secret.
const INSTEAD: &str = "(redacted)";

/// So many bytes of a secret in a row are taken for a part of it, wherever they stand: of one that is
/// quoted in part, broken into lines, or with some of its characters encoded.
const PART: usize = 12;

impl<'a> Redactor<'a> {
    pub(crate) fn new(mut secrets: Vec<&'a str>) -> Self {
        secrets.retain(|secret| !secret.is_empty());
        Self { secrets }
    }

    /// One line of at most 200 characters.
    pub(crate) fn line(&self, text: &str) -> String {
        // Before anything is cut: half a secret is still one to keep.
        let mut text = Zeroizing::new(text.to_owned());
        for secret in &self.secrets {
            text = without(&text, secret);
        }
        text = self.without_parts(text);
        let mut printable = Zeroizing::new(String::with_capacity(text.len()));
        printable.extend(text.chars().map(
            |c| {
                if c.is_control() || is_invisible(c) { ' ' } else { c }
            },
        ));
        let mut line = String::with_capacity(printable.len());
        for word in printable.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if let Some((end, _)) = line.char_indices().nth(LONGEST) {
            line.truncate(end);
        }
        line
    }

    /// The text with another one in the place of each part of a secret, in memory that is cleared.
    fn without_parts(&self, text: Zeroizing<String>) -> Zeroizing<String> {
        if text.len() < PART {
            return text;
        }
        let parts = self.secrets.iter().flat_map(|secret| secret.as_bytes().windows(PART));
        let parts: HashSet<&[u8]> = parts.collect();
        let mut found: Vec<Range<usize>> = Vec::new();
        for (start, part) in text.as_bytes().windows(PART).enumerate() {
            if parts.contains(part) {
                match found.last_mut().filter(|last| start <= last.end) {
                    Some(last) => last.end = start + PART,
                    None => found.push(start..start + PART),
                }
            }
        }
        if found.is_empty() {
            return text;
        }
        // What is put in is shorter than a part.
        let mut out = Zeroizing::new(String::with_capacity(text.len()));
        let mut kept = 0;
        for part in found {
            // A part may begin and end inside a character, which then goes with it.
            let whole = |at: &usize| text.is_char_boundary(*at);
            let start = (kept..=part.start).rev().find(whole).unwrap_or(kept);
            out.push_str(text.get(kept..start).unwrap_or_default());
            out.push_str(INSTEAD);
            kept = (part.end..text.len()).find(whole).unwrap_or(text.len());
        }
        out.push_str(text.get(kept..).unwrap_or_default());
        out
    }

    /// What a page of HTML says to its reader; other text as it is.
    pub(crate) fn page(&self, text: &str) -> String {
        if text.trim_start().starts_with('<') {
            self.line(&without_tags(text))
        } else {
            self.line(text)
        }
    }
}

/// The text with another one in the place of a secret, in memory that is cleared.
fn without(text: &str, secret: &str) -> Zeroizing<String> {
    let room = text.len() + text.matches(secret).count() * INSTEAD.len();
    let mut out = Zeroizing::new(String::with_capacity(room));
    for (place, part) in text.split(secret).enumerate() {
        out.push_str(if place == 0 { "" } else { INSTEAD });
        out.push_str(part);
    }
    out
}

/// Characters that turn the writing direction or take no room: they make text look other than it is.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Crude, and enough to show "Please log in" of a captive portal.
fn without_tags(html: &str) -> Zeroizing<String> {
    // A tag is longer than the space in its place.
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
    fn pages_are_shown_as_text() {
        let page = "<!DOCTYPE html>\n<html><head><style>b{}</style><title>Hotel\u{202e}</title>\
                    <script>if (a < b) alert('MARK')</script></head>\n<body>Please <b>log in</b>\
                    \u{1b}[31m</body>";
        assert_eq!(Redactor::new(vec![]).page(page), "Hotel Please log in [31m");
        assert_eq!(Redactor::new(vec![]).page("a < b"), "a < b");
    }

    #[test]
    fn secrets_are_taken_out_before_the_cut() {
        let redactor = Redactor::new(vec!["MARK-MARK", ""]);
        let text = format!("{}MARK-MARK", "x".repeat(197));
        assert_eq!(redactor.line(&text), format!("{}(re", "x".repeat(197)));
    }

    #[test]
    fn parts_of_secrets_are_taken_out() {
        let secret = "aoaAAAAAGQx7+b/Zz3kQ:MGQCMEk2+/0q8n5vTfLw==";
        let redactor = Redactor::new(vec![secret]);
        for (text, shown) in [
            ("token aoaAAAAAGQx7... is bad", "token (redacted)... is bad"),
            ("token aoaAAAAAGQx... is bad", "token aoaAAAAAGQx... is bad"),
            (
                "aoaAAAAAGQx7%2Bb%2FZz3kQ%3AMGQCMEk2+/0q8n5vTfLw%3D",
                "(redacted)%2Bb%2FZz3kQ%3A(redacted)%3D",
            ),
            ("aoaAAAAAGQx7+b/Z\nz3kQ:MGQCMEk2+", "(redacted) (redacted)"),
            ("MGQCMEk2+/0qMGQCMEk2+/0q", "(redacted)"),
            ("short", "short"),
        ] {
            assert_eq!(redactor.line(text), shown, "{text}");
        }
        let redactor = Redactor::new(vec!["äöüäöüäöü", "0"]);
        assert_eq!(redactor.line("ßöüäöüäöx"), "ß(redacted)x");
        assert_eq!(redactor.line("ßöüäöüäöß"), "ß(redacted)");
    }

    proptest! {
        #[test]
        fn lines_are_short_and_printable(text in any::<String>(), html in "[<>/a-z ]*") {
            let redactor = Redactor::new(vec!["MARK"]);
            for line in [redactor.page(&format!("{text}MARK{text}")), redactor.page(&format!("<{html}"))] {
                prop_assert!(line.chars().count() <= LONGEST);
                prop_assert!(!line.chars().any(char::is_control) && !line.contains("MARK"));
            }
        }
    }
}
