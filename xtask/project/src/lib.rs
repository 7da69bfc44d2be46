//! What the maintainers' tasks share: paths, and the programs of this workspace.

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

/// Builds a program of this workspace, such as `chaos`, `ssocreds` and all examples, and returns the
/// path of the program.
///
/// The whole workspace is selected, because cargo would build a package alone with other features, and
/// so build its dependencies once more. The features are those of `cargo test --workspace`.
pub fn build(program: &str) -> Result<PathBuf> {
    let (shell, cargo) = (shell()?, cargo());
    let programs = ["--bin", "ssocreds", "--bin", program];
    cmd!(shell, "{cargo} build --quiet --workspace --examples {programs...}").quiet().run()?;
    Ok(target()?.join("debug").join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds and runs a program of this workspace.
pub fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let (shell, program) = (shell()?, build(program)?);
    Ok(cmd!(shell, "{program} {arguments...}").quiet().run()?)
}

/// The path of `ssocreds`, which [`build`] has put beside the running program.
pub fn ssocreds() -> Result<PathBuf> {
    let name = format!("ssocreds{}", std::env::consts::EXE_SUFFIX);
    let program = std::env::current_exe()?.with_file_name(name);
    ensure!(program.is_file(), "{} is missing; start this with cargo xtask", program.display());
    Ok(program)
}
