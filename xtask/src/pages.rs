//! Checks the pages: links and paths lead to files, `file.rs::name` names a function of that file, the
//! architecture page names code that exists, and the troubleshooting page has each error and warning.
//!
//! All of it is plain text search. The tests compile the code in the pages.

use std::collections::BTreeSet;

use crate::sources::{Sources, code, has_extension};

const ERRORS: &str = "docs/TROUBLESHOOTING.md";
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Crates whose errors users do not see: the emulator is for tests, an adapter's errors are its library's.
const NOT_LISTED: &[&str] =
    &["sso-aws-sdk", "sso-emulator", "sso-endpoint", "sso-object-store", "sso-reqsign"];

pub(crate) fn faults(sources: &Sources) -> Vec<String> {
    let text = |page: &str| sources.get(page).map_or("", String::as_str);
    let is_code = |file: &str| file.starts_with("crates/") && file.contains("/src/");
    let code: Sources = sources
        .iter()
        .filter(|(file, _)| is_code(file))
        .map(|(file, text)| (file.clone(), code(text)))
        .collect();
    let pages = sources.iter().filter(|(file, _)| has_extension(file, "md"));
    let dead = pages.flat_map(|(page, text)| dead_references(page, text, sources));
    let unknown = unknown_names(text(ARCHITECTURE), &code);
    dead.chain(unknown).chain(unlisted_errors(text(ERRORS), &code)).collect()
}

/// Relative links, and paths in backquotes, to files that do not exist. Of `tests/file.rs::name`, also
/// the function.
fn dead_references(page: &str, text: &str, sources: &Sources) -> Vec<String> {
    let root = project::root();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let is_dead_link = |link: &&str| {
        let file = root.join(page).with_file_name(link);
        !link.is_empty() && !link.contains("://") && !file.exists()
    };
    let is_dead_path = |span: &&str| {
        if let Some((file, name)) = span.split_once(".rs::") {
            let declaration = format!("fn {name}(");
            return !sources.get(&format!("{file}.rs")).is_some_and(|it| it.contains(&declaration));
        }
        let is_path =
            ["crates/", "docs/", "xtask/", ".github/"].iter().any(|it| span.starts_with(it));
        is_path && !span.contains(char::is_whitespace) && !root.join(span).exists()
    };
    let dead = links.filter(is_dead_link).chain(code_spans(text).filter(is_dead_path));
    dead.map(|it| format!("{page}: there is no {it}")).collect()
}

/// Files and names on the architecture page that the code does not have.
fn unknown_names(page: &str, code: &Sources) -> Vec<String> {
    let is_separator = |it: char| !it.is_alphanumeric() && it != '_';
    let words: BTreeSet<&str> = code.values().flat_map(|text| text.split(is_separator)).collect();
    let is_unknown = |span: &&str| {
        if has_extension(span, "rs") {
            return !code.keys().any(|file| file.ends_with(&format!("/{span}")));
        }
        let mut names = span.split("::").filter(|name| !name.contains(is_separator));
        names.any(|name| !words.contains(name))
    };
    let unknown = code_spans(page).filter(is_unknown);
    unknown.map(|it| format!("{ARCHITECTURE}: there is no {it}")).collect()
}

/// The errors and warnings that the page lacks. Compares the longest part without a value of the first
/// line of each text.
fn unlisted_errors(page: &str, code: &Sources) -> Vec<String> {
    let page = page.replace('`', "");
    let mut faults = Vec::new();
    let listed = |file: &str| !NOT_LISTED.iter().any(|name| file.contains(name));
    for (file, code) in code.iter().filter(|(file, _)| listed(file)) {
        let errors = code.split("#[error(").skip(1);
        let errors = errors.filter_map(|rest| rest.trim_start().strip_prefix('"'));
        let warnings = code.split("tracing::warn!(").skip(1);
        let warnings = warnings.filter_map(|rest| rest.split_once('"').map(|(_, text)| text));
        for text in errors.chain(warnings) {
            let line = text.split(['"', '\\', '\n']).next().unwrap_or_default().replace('`', "");
            let parts = line.split('}').filter_map(|part| part.split('{').next()).map(str::trim);
            let words = parts.max_by_key(|part| part.len()).unwrap_or_default();
            if !page.contains(words) {
                faults.push(format!("{ERRORS}: no row has {words:?} of {file}"));
            }
        }
    }
    faults
}

fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(file: &str, text: &str) -> Sources {
        Sources::from([(file.to_owned(), text.to_owned())])
    }

    #[test]
    fn dead_links_and_paths_are_found() {
        let text = "[a](ARCHITECTURE.md#the-layers) [b](../README.md) [c](https://x.example/) \
                    [d](NO.md) `crates/sso-http`, `docs`, `xtask/src/no.rs`, `tests/a.rs::no`, \
                    `tests/a.rs::run`\n```sh\ncrates/\n```";
        let found = dead_references("docs/x.md", text, &sources("tests/a.rs", "fn run() {}"));
        let expected = ["NO.md", "xtask/src/no.rs", "tests/a.rs::no"];
        assert_eq!(found, expected.map(|it| format!("docs/x.md: there is no {it}")));
    }

    #[test]
    fn unknown_names_are_found() {
        let code = sources("crates/sso-a/src/b.rs", "use sso_a::c; fn find() {}\nstruct Cache;");
        let found =
            unknown_names("`b.rs` `sso_a::Cache::find` `c.rs` `Cache::no` `x y` `-v`", &code);
        assert_eq!(
            found,
            ["c.rs", "Cache::no"].map(|it| format!("{ARCHITECTURE}: there is no {it}"))
        );
    }

    #[test]
    fn errors_and_warnings_without_a_row_are_found() {
        let code = "#[error(\n  \"{path} is \\\"x\\\"\")]\n#[error(transparent)]\n#[error(\"the lock {0}\")]
                    tracing::warn!(\n  error = &error,\n  \"failed to {step} the token\"\n);";
        let found = unlisted_errors("| `the lock FILE` |", &sources("a.rs", code));
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
