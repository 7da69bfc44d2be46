//! The files of this project, for the checks of `cargo xtask tidy`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use xshell::cmd;

/// The text of each file, by its path from the root directory, with `/`.
pub(crate) type Sources = BTreeMap<String, String>;

/// Reads the text files that git tracks, and new ones that it does not ignore.
pub(crate) fn sources() -> Result<Sources> {
    let shell = project::shell()?;
    let files = cmd!(shell, "git ls-files --cached --others --exclude-standard").quiet().read();
    let files = files.context("git failed to list the files; run this in a git checkout")?;
    let read =
        |file: &str| Some((file.to_owned(), fs::read_to_string(project::root().join(file)).ok()?));
    Ok(files.lines().filter_map(read).collect())
}

/// Whether the file's name ends with a dot and this extension.
pub(crate) fn has_extension(file: &str, extension: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

/// The code of a Rust file, without comments and the unit tests at its end.
pub(crate) fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}
