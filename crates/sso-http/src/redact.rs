//! Text from the network made fit for an error: one line, short, and without the secrets of the
//! request, which some servers quote.
//!
//! Not responsible for finding the text.

use zeroize::Zeroizing;

/// Knows the secrets of one request.
pub(crate) struct Redactor<'a> {
    secrets: Vec<&'a str>,
}

/// The most characters of foreign text that an error shows.
const LONGEST: usize = 200;

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
    const INSTEAD: &str = "(redacted)";
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
