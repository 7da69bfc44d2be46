//! What the maintainers' tasks share: paths, the list of files, and the programs of this workspace.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tasks print, and look at the machine's PATH"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

/// The workspace's root directory.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A shell in the root directory that prints the commands it runs.
pub fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    Ok(shell)
}

/// The files that git tracks, and new ones that it does not ignore. Paths are relative to the root and
/// separated by `/`.
pub fn files() -> Result<Vec<String>> {
    let shell = shell()?;
    let listed = cmd!(shell, "git ls-files --cached --others --exclude-standard").quiet().read();
    let listed = listed.context("git failed to list the files; run this in a git checkout")?;
    let exists = |file: &&str| root().join(file).is_file();
    Ok(listed.lines().filter(exists).map(str::to_owned).collect())
}

/// A source file without the unit tests at its end. Other `#[cfg(test)]` items remain.
pub fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source)
}

/// The directory that cargo builds this workspace in.
pub fn target() -> Result<PathBuf> {
    // The running program is `TARGET/PROFILE/NAME`.
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).context("the program is not in a target directory")?.to_owned())
}

/// The cargo that runs this task.
pub fn cargo() -> String {
    option_env!("CARGO").unwrap_or("cargo").to_owned()
}

/// Whether a directory of `PATH` contains the program, or the file with this absolute path exists.
pub fn is_installed(file: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Joining an absolute path replaces the directory.
    std::env::split_paths(&path).any(|directory| directory.join(file).is_file())
}

/// Prints the error of a task, without a backtrace, and returns the exit code.
pub fn exit_code(done: Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a crate of this workspace, such as `chaos`.
pub fn run(package: &str, arguments: &[&str]) -> Result<()> {
    let (shell, cargo) = (shell()?, cargo());
    Ok(cmd!(shell, "{cargo} run --quiet --package {package} -- {arguments...}").quiet().run()?)
}

/// Builds the program `ssocreds` and returns its path.
pub fn ssocreds() -> Result<PathBuf> {
    program("sso-cli", "ssocreds")
}

/// Builds a program of a package and returns its path.
pub fn program(package: &str, name: &str) -> Result<PathBuf> {
    eprintln!("building {name} …");
    let (shell, cargo) = (shell()?, cargo());
    cmd!(shell, "{cargo} build --quiet --package {package}").quiet().run()?;
    let program = target()?.join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} was not built", program.display());
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path_and_files_by_their_path() {
        assert!(is_installed("cargo"));
        assert!(is_installed(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")));
        assert!(!is_installed("no-such-program"));
        assert!(!is_installed("/no/such/file"));
    }
}
