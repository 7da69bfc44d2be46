//! The paths of the project, and the list of its files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

/// The workspace's root directory.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A shell in the root directory that says what it runs.
pub(crate) fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    Ok(shell)
}

/// Every file that is tracked or would be, relative to the root, with `/` between its parts.
pub(crate) fn files() -> Result<Vec<String>> {
    let shell = shell()?;
    let listed = cmd!(shell, "git ls-files --cached --others --exclude-standard").quiet().read();
    let listed = listed.context("the file list comes from git; is this a checkout?")?;
    let there = |file: &&str| root().join(file).is_file();
    Ok(listed.lines().filter(there).map(str::to_owned).collect())
}

/// A source file but for its unit tests, which are at its foot. Other items that only tests see stay.
pub(crate) fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source)
}

/// Where the programs of this workspace are built.
pub(crate) fn target() -> Result<PathBuf> {
    // This program lies in `TARGET/PROFILE`.
    let this = std::env::current_exe()?;
    Ok(this.ancestors().nth(2).context("a program lies in a target directory")?.to_owned())
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> String {
    option_env!("CARGO").unwrap_or("cargo").to_owned()
}
