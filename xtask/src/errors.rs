//! Whether the page of errors has every error: each `#[error("…")]` of the crates that users see.
//!
//! Not responsible for what the page says of them.

use std::fs;

use anyhow::Result;

use crate::project;

const PAGE: &str = "docs/TROUBLESHOOTING.md";

/// Those whose errors reach users; the emulator is for tests.
const CRATES: &[&str] = &[
    "crates/sso-types/src/",
    "crates/sso-cache/src/",
    "crates/sso-config/src/",
    "crates/sso-http/src/",
    "crates/sso-provider/src/",
    "crates/sso-cli/src/",
];

/// The errors that the page lacks.
pub(crate) fn faults() -> Result<Vec<String>> {
    let page = fs::read_to_string(project::root().join(PAGE))?.replace('`', "");
    let mut faults = Vec::new();
    for file in project::files()? {
        if !CRATES.iter().any(|it| file.starts_with(it)) {
            continue;
        }
        let text = fs::read_to_string(project::root().join(&file))?;
        for message in messages(&text) {
            if !page.lines().any(|line| says(line, &message)) {
                faults.push(format!("{PAGE}: no line has {message:?} of {file}"));
            }
        }
    }
    Ok(faults)
}

/// The format strings of the derived errors, their escapes resolved.
fn messages(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    code.split("#[error(").skip(1).filter_map(|rest| literal(rest.trim_start())).collect()
}

/// The string literal at the beginning; none for `transparent`.
fn literal(text: &str) -> Option<String> {
    let mut characters = text.strip_prefix('"')?.chars().peekable();
    let mut literal = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(literal),
            '\\' => match characters.next()? {
                '\n' => while characters.next_if(|it| it.is_whitespace()).is_some() {},
                'n' => literal.push(' '),
                other => literal.push(other),
            },
            other => literal.push(other),
        }
    }
}

/// Whether what stands between the placeholders is in the line, in its order.
fn says(line: &str, message: &str) -> bool {
    let message = message.replace('`', "");
    let mut rest = line;
    for between in message.split('}') {
        let words = between.split('{').next().unwrap_or(between).trim();
        if !words.contains(char::is_alphabetic) {
            continue;
        }
        let Some(found) = rest.find(words) else { return false };
        rest = rest.get(found + words.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_rust_reads_them() {
        let code = "#[error(\n  \"the \\\"x\\\" of {a} \\\n     and {}; do\", b\n)]\n#[error(transparent)]\n\
                    #[cfg(test)] #[error(\"not this\")]";
        assert_eq!(messages(code), ["the \"x\" of {a} and {}; do"]);
    }

    #[test]
    fn a_line_says_a_message_with_any_values() {
        let message = "the field {field} holds {found} where {expected} should be";
        assert!(says("| the field F holds X where Y should be | c |", message));
        assert!(!says("| the field F is null |", message));
        assert!(!says("| where it should be, the field F holds X |", message));
        assert!(says("anything", "{0}"), "nothing of its own to look for");
    }
}
