//! Checks the documentation where a program can.
//!
//! The page of errors lists every error and every warning (each `#[error("…")]` and `warn!(…, "…")` of
//! the crates that users see), links and paths lead somewhere, and the architecture page names files,
//! types and functions that exist. The tests compile the code in the pages.

use std::fs;
use std::path::Path;

use anyhow::Result;

const ERRORS: &str = "docs/TROUBLESHOOTING.md";
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Those whose errors reach users; the emulator is for tests.
const CRATES: &[&str] = &[
    "crates/sso-files/src/",
    "crates/sso-types/src/",
    "crates/sso-cache/src/",
    "crates/sso-config/src/",
    "crates/sso-http/src/",
    "crates/sso-login/src/",
    "crates/sso-provider/src/",
    "crates/sso-cli/src/",
];

pub(crate) fn faults() -> Result<Vec<String>> {
    let files = project::files()?;
    let mut sources = Vec::new();
    let mut faults = Vec::new();
    for file in &files {
        if CRATES.iter().any(|it| file.starts_with(it)) {
            sources.push((file.as_str(), fs::read_to_string(project::root().join(file))?));
        } else if Path::new(file).extension().is_some_and(|it| it == "md") {
            let text = fs::read_to_string(project::root().join(file))?;
            faults.extend(dead_links(file, &text));
            faults.extend(missing_files(file, &text));
        }
    }
    faults.extend(unlisted_errors(&sources)?);
    faults.extend(unknown_names(&sources)?);
    Ok(faults)
}

/// Links to files of the project that are not there.
fn dead_links(page: &str, text: &str) -> Vec<String> {
    let directory = project::root().join(page);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.map(|it| it.split('#').next().unwrap_or(it));
    let is_dead =
        |it: &&str| !it.is_empty() && !it.contains("://") && !directory.with_file_name(it).exists();
    files.filter(is_dead).map(|it| format!("{page}: {it} is not there")).collect()
}

/// Paths from the root, in backquotes, that are not there.
fn missing_files(page: &str, text: &str) -> Vec<String> {
    let spans = text.split('`').skip(1).step_by(2);
    let paths = spans.map(|span| span.split("::").next().unwrap_or(span));
    let is_missing = |path: &&str| {
        // `tests` and `fuzz` are folders of crates, too.
        ["crates/", "docs/", "xtask/", ".github/"].iter().any(|it| path.starts_with(it))
            && !path.contains(char::is_whitespace)
            && !project::root().join(path).exists()
    };
    paths.filter(is_missing).map(|it| format!("{page}: {it} is not there")).collect()
}

/// Words that look like names of ours on the architecture page, and are the system's or OAuth's.
const OTHERS: &[&str] = &["await", "fsync", "invalid_grant", "stat"];

/// Files, types and functions that the architecture page names and the sources do not have.
fn unknown_names(sources: &[(&str, String)]) -> Result<Vec<String>> {
    let page = fs::read_to_string(project::root().join(ARCHITECTURE))?;
    let is_known = |span: &&str| {
        if span.strip_suffix(".rs").is_some() {
            return sources.iter().any(|(file, _)| file.ends_with(&format!("/{span}")));
        }
        let mut names = span.split("::").filter(|name| !name.starts_with("sso_"));
        names.all(|name| {
            let is_name = !name.is_empty() && name.bytes().all(is_of_a_name);
            !is_name
                || OTHERS.contains(&name)
                || sources.iter().any(|(_, text)| declares(text, name))
        })
    };
    let unknown = page.split('`').skip(1).step_by(2).filter(|span| !is_known(span));
    Ok(unknown.map(|it| format!("{ARCHITECTURE}: there is no {it}")).collect())
}

/// Whether a type, a function or a module has that name, and no longer one.
fn declares(text: &str, name: &str) -> bool {
    ["fn ", "struct ", "enum ", "trait ", "mod "].iter().any(|what| {
        let declaration = format!("{what}{name}");
        text.match_indices(&declaration).any(|(at, _)| {
            let next = text.as_bytes().get(at + declaration.len());
            !next.is_some_and(|next| is_of_a_name(*next))
        })
    })
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The errors and warnings that their page lacks.
fn unlisted_errors(sources: &[(&str, String)]) -> Result<Vec<String>> {
    let page = fs::read_to_string(project::root().join(ERRORS))?.replace('`', "");
    let mut faults = Vec::new();
    for (file, text) in sources {
        for message in messages(text) {
            if !page.lines().any(|line| says(line, &message)) {
                faults.push(format!("{ERRORS}: no line has {message:?} of {file}"));
            }
        }
    }
    Ok(faults)
}

/// The format strings of the derived errors and of the warnings, their escapes resolved.
fn messages(text: &str) -> Vec<String> {
    let code = project::without_tests(text);
    let errors = code.split("#[error(").skip(1).map(str::trim_start);
    // The text of an event comes after its fields, none of which is a string of its own.
    let warnings = code.split("tracing::warn!(").skip(1);
    let warnings = warnings.map(|rest| rest.trim_start_matches(|it| it != '"'));
    errors.chain(warnings).filter_map(literal).collect()
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
    fn a_link_that_leads_nowhere_is_found() {
        let text = "[a](ARCHITECTURE.md#the-layers) [b](../README.md) [c](https://x.example/) [d](NOWHERE.md)";
        assert_eq!(dead_links("docs/x.md", text), ["docs/x.md: NOWHERE.md is not there"]);
    }

    #[test]
    fn a_path_that_is_not_there_is_found() {
        let text =
            "`crates/sso-http/src/lib.rs::x`, `docs`, `xtask/src/nowhere.rs`\n```sh\ncrates/\n```";
        assert_eq!(
            missing_files("docs/x.md", text),
            ["docs/x.md: xtask/src/nowhere.rs is not there"]
        );
    }

    #[test]
    fn names_that_nobody_has_are_found() {
        // Without any source, everything that the page names is unknown.
        let unknown = unknown_names(&[]).unwrap().join("\n");
        for name in
            ["token_store.rs", "sso_config::SharedConfig::load", "wait_for_refresh", "RetryLayer"]
        {
            assert!(unknown.contains(&format!("there is no {name}")), "{name}: {unknown}");
        }
        assert!(declares("fn look(&self)", "look") && declares("pub struct Flight<T>", "Flight"));
        assert!(!declares("fn looks()", "look") && !declares("look()", "look"));
    }

    #[test]
    fn messages_are_read_as_rust_reads_them() {
        let code = "#[error(\n  \"the \\\"x\\\" of {a} \\\n     and {}; do\", b\n)]\n#[error(transparent)]\n\
                    tracing::warn!(\n  error = &error as &dyn Error,\n  \"it still serves\"\n);\n\
                    #[cfg(test)]\nmod tests {\n#[error(\"not this\")]";
        assert_eq!(messages(code), ["the \"x\" of {a} and {}; do", "it still serves"]);
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
