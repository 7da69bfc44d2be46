//! Names in section lines of the config file. A name is one word by the rules of Python's
//! `shlex.split`, which the AWS CLI uses.

use std::borrow::Cow;

use crate::text::{excerpt, is_blank};

/// The reason why the name of a section is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// There is no name, or it is empty.
    #[error("it has no name")]
    Missing,
    /// The name is two words without quotes.
    #[error("a name with a space in it must be in quotes")]
    TwoWords,
    /// A quote is not closed.
    #[error("a quote in its name is not closed")]
    UnclosedQuote,
    /// A backslash is the last character.
    #[error("its name ends with a backslash")]
    TrailingBackslash,
    /// The name contains this control character.
    #[error("its name holds the control character {0:?}")]
    Control(char),
}

/// Parses `text` as one word. Only blanks, quotes of both kinds and backslashes are special. Within
/// double quotes, a backslash escapes only `"` and `\`.
pub(crate) fn parse(text: &str) -> Result<Cow<'_, str>, NameProblem> {
    let is_plain = |byte: u8| !matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\');
    let name =
        if text.bytes().all(is_plain) { Cow::Borrowed(text) } else { Cow::Owned(unquote(text)?) };
    check(&name)?;
    Ok(name)
}

/// Checks an unquoted name. This is the only check in the credentials file, where names are not
/// quoted.
pub(crate) fn check(name: &str) -> Result<(), NameProblem> {
    if name.is_empty() {
        return Err(NameProblem::Missing);
    }
    name.chars().find(|c| c.is_control()).map_or(Ok(()), |c| Err(NameProblem::Control(c)))
}

fn unquote(text: &str) -> Result<String, NameProblem> {
    let mut name = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' => return Err(NameProblem::TwoWords),
            '\\' => name.push(characters.next().ok_or(NameProblem::TrailingBackslash)?),
            '\'' => loop {
                match characters.next().ok_or(NameProblem::UnclosedQuote)? {
                    '\'' => break,
                    c => name.push(c),
                }
            },
            '"' => loop {
                match characters.next().ok_or(NameProblem::UnclosedQuote)? {
                    '"' => break,
                    '\\' => {
                        let escaped = characters.next().ok_or(NameProblem::UnclosedQuote)?;
                        if !matches!(escaped, '"' | '\\') {
                            name.push('\\');
                        }
                        name.push(escaped);
                    }
                    c => name.push(c),
                }
            },
            c => name.push(c),
        }
    }
    Ok(name)
}

/// Quotes a name so that [`parse`] returns it. Adds double quotes only if they are needed.
pub(crate) fn quote(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\');
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.into();
    }
    let mut quoted = String::from('"');
    for (at, c) in name.char_indices() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // A `]` followed by a blank and a `#` would end the section line. `""` between them
            // closes and reopens the quotes, and adds nothing to the name.
            c if is_blank(u8::try_from(c).unwrap_or_default())
                && name.get(..at).is_some_and(|before| before.ends_with(']')) =>
            {
                quoted.push_str("\"\"");
                quoted.push(c);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted.into()
}

/// Quotes a name for a message and limits its length, since it can be any text from the caller.
pub(crate) fn shown(name: &str) -> String {
    excerpt(&quote(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_of_shlex() {
        for (text, name) in [
            ("dev", Ok("dev")),
            ("R&D", Ok("R&D")),
            ("Org-[production]/Role", Ok("Org-[production]/Role")),
            ("büro", Ok("büro")),
            ("\"foo bar\"", Ok("foo bar")),
            ("'acme (prod)'", Ok("acme (prod)")),
            ("foo' 'bar", Ok("foo bar")),
            ("a\\ b", Ok("a b")),
            (r#""a\"b\\c\$d""#, Ok(r#"a"b\c\$d"#)),
            (r"'a\b'", Ok(r"a\b")),
            ("a\u{a0}b", Ok("a\u{a0}b")),
            ("", Err(NameProblem::Missing)),
            ("\"\"", Err(NameProblem::Missing)),
            ("foo bar", Err(NameProblem::TwoWords)),
            ("'a' b", Err(NameProblem::TwoWords)),
            ("\"foo", Err(NameProblem::UnclosedQuote)),
            ("it's", Err(NameProblem::UnclosedQuote)),
            ("\"a\\", Err(NameProblem::UnclosedQuote)),
            ("a\\", Err(NameProblem::TrailingBackslash)),
            ("a\u{1}", Err(NameProblem::Control('\u{1}'))),
            ("'a\tb'", Err(NameProblem::Control('\t'))),
        ] {
            assert_eq!(parse(text).as_deref(), name.as_ref().map(|name| &**name), "{text:?}");
        }
    }

    #[test]
    fn quoted_names_are_parsed_back() {
        for name in ["dev", "foo bar", "a\"b", "a\\b", "it's", "a] # b", "a]  ;b", "]", " ", "[x]"]
        {
            assert_eq!(parse(&quote(name)).as_deref(), Ok(name), "{}", quote(name));
        }
    }
}
