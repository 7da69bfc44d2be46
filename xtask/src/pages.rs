//! Checks the pages: links and paths lead to files, `file.rs::name` names a function of that file, the
//! architecture page names code that exists, and the troubleshooting page has each error and warning.
//!
//! All of it is plain text search. The tests compile the code in the pages.

use std::fs;
use std::path::Path;

use anyhow::Result;

const ERRORS: &str = "docs/TROUBLESHOOTING.md";
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// Crates whose errors users do not see: the emulator is for tests, an adapter's errors are its library's.
const NOT_LISTED: &[&str] =
    &["sso-aws-sdk", "sso-emulator", "sso-endpoint", "sso-object-store", "sso-reqsign"];

/// Words in backquotes on the architecture page that are not names of this project.
const OTHER_NAMES: &[&str] = &["await", "fsync", "invalid_grant", "stat"];

pub(crate) fn faults() -> Result<Vec<String>> {
    let mut sources = Vec::new();
    let mut faults = Vec::new();
    for file in project::files()? {
        let extension = Path::new(&file).extension().unwrap_or_default();
        if extension == "md" {
            let text = fs::read_to_string(project::root().join(&file))?;
            faults.extend(dead_links(&file, &text));
            faults.extend(dead_paths(&file, &text));
        } else if extension == "rs" && file.starts_with("crates/") && file.contains("/src/") {
            let text = fs::read_to_string(project::root().join(&file))?;
            sources.push((file, project::without_tests(&text).to_owned()));
        }
    }
    let read = |page| fs::read_to_string(project::root().join(page));
    faults.extend(unknown_names(&read(ARCHITECTURE)?, &sources));
    let listed = |file: &str| !NOT_LISTED.iter().any(|name| file.contains(name));
    sources.retain(|(file, _)| listed(file));
    faults.extend(unlisted_errors(&read(ERRORS)?, &sources));
    Ok(faults)
}

/// Relative links to files that do not exist.
fn dead_links(page: &str, text: &str) -> Vec<String> {
    let directory = project::root().join(page);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let is_dead =
        |it: &&str| !it.is_empty() && !it.contains("://") && !directory.with_file_name(it).exists();
    targets.filter(is_dead).map(|it| format!("{page}: there is no file {it}")).collect()
}

/// Paths in backquotes that do not exist. Of `tests/file.rs::name`, also the function.
fn dead_paths(page: &str, text: &str) -> Vec<String> {
    let is_dead = |span: &&str| {
        let (path, name) = span.split_once("::").unwrap_or((span, ""));
        let file = project::root().join(path);
        let is_path =
            ["crates/", "docs/", "xtask/", ".github/"].iter().any(|it| path.starts_with(it))
                && !path.contains(char::is_whitespace);
        if name.is_empty() || !span.contains(".rs::") {
            return is_path && !file.exists();
        }
        let text = fs::read_to_string(file).unwrap_or_default();
        !text.contains(&format!("fn {name}("))
    };
    code_spans(text).filter(is_dead).map(|it| format!("{page}: there is no {it}")).collect()
}

/// Files, types and functions that the page names and the sources do not have.
fn unknown_names(page: &str, sources: &[(String, String)]) -> Vec<String> {
    let is_declared = |name: &str| {
        let declaration =
            ["fn ", "struct ", "enum ", "trait ", "mod "].map(|it| it.to_owned() + name);
        sources.iter().any(|(_, text)| declaration.iter().any(|it| text.contains(it)))
    };
    let is_word =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_unknown = |span: &&str| {
        if span.contains(".rs") {
            return !sources.iter().any(|(file, _)| file.ends_with(&format!("/{span}")));
        }
        let names = span.split("::").filter(|name| !name.starts_with("sso_") && is_word(name));
        names.filter(|name| !OTHER_NAMES.contains(name)).any(|name| !is_declared(name))
    };
    let unknown = code_spans(page).filter(is_unknown);
    unknown.map(|it| format!("{ARCHITECTURE}: there is no {it}")).collect()
}

/// The errors and warnings that the page lacks. Compares the longest part without a value of the first
/// line of each text.
fn unlisted_errors(page: &str, sources: &[(String, String)]) -> Vec<String> {
    let page = page.replace('`', "");
    let mut faults = Vec::new();
    for (file, source) in sources {
        let errors = source.split("#[error(").skip(1);
        let errors = errors.filter_map(|rest| rest.trim_start().strip_prefix('"'));
        let warnings = source.split("tracing::warn!(").skip(1);
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

    #[test]
    fn dead_links_and_paths_are_found() {
        let text =
            "[a](ARCHITECTURE.md#the-layers) [b](../README.md) [c](https://x.example/) [d](NO.md)";
        assert_eq!(dead_links("docs/x.md", text), ["docs/x.md: there is no file NO.md"]);
        let text = "`crates/sso-http`, `docs`, `xtask/src/no.rs`, `xtask/src/tidy.rs::no`, \
                    `xtask/src/tidy.rs::run`\n```sh\ncrates/\n```";
        let expected = ["xtask/src/no.rs", "xtask/src/tidy.rs::no"]
            .map(|it| format!("docs/x.md: there is no {it}"));
        assert_eq!(dead_paths("docs/x.md", text), expected);
    }

    #[test]
    fn unknown_names_are_found() {
        let sources = [("crates/a/src/b.rs".to_owned(), "fn find() {}\nstruct Cache;".to_owned())];
        let page = "`b.rs` `sso_a::Cache::find` `c.rs` `Cache::missing` `x y` `-v`";
        let expected =
            ["c.rs", "Cache::missing"].map(|it| format!("{ARCHITECTURE}: there is no {it}"));
        assert_eq!(unknown_names(page, &sources), expected);
    }

    #[test]
    fn errors_and_warnings_without_a_row_are_found() {
        let source = "#[error(\n  \"{path} is \\\"x\\\"\")]\n#[error(transparent)]\n#[error(\"the lock {0}\")]
                      tracing::warn!(\n  error = &error,\n  \"failed to {step} the token\"\n);";
        let found =
            unlisted_errors("| `the lock FILE` |", &[("a.rs".to_owned(), source.to_owned())]);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
