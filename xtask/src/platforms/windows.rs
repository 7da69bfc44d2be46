//! Windows: all tests, built for `x86_64-pc-windows-gnu` and run with wine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use super::toolchain::{Toolchain, target_directory};
use crate::needs::{self, Package};
use crate::published::package_options;

pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";
const PACKAGES: &[Package] =
    &[("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"), (WINE, "wine64")];
const WINE: &str = "/usr/lib/wine/wine64";
const WINE_SERVER: &str = "/usr/lib/wine/wineserver";

/// Needs a program that is built here.
const CTRL_C_TEST: &str = "windows::exec_outlives_ctrl_c_until_the_command_ends";

/// Builds the program as it is released, and returns its path.
pub(crate) fn program() -> Result<PathBuf> {
    cargo("build", &["--release", "--package", "sso-cli"])?;
    Ok(Toolchain::find(TARGET)?.output("release")?.join("ssocreds.exe"))
}

/// Returns the command that runs a program with wine, in no other environment.
pub(crate) fn command(program: &Path) -> Result<Command> {
    let environment = environment(&prefix()?).map(|(name, value)| format!("{name}={value}"));
    let mut command = Command::new("env");
    command.arg("-i").args(environment).arg(WINE).arg(program);
    Ok(command)
}

/// Runs all tests.
pub(crate) fn run() -> Result<()> {
    let packages = package_options()?;
    test(&packages.iter().map(String::as_str).collect::<Vec<_>>())?;
    // Where tests find it by its name.
    let program = prefix()?.join("drive_c/windows/ctrl_c.exe");
    compile("xtask/src/platforms/ctrl_c.c", &["-o"], &program)?;
    let test = ["--package", "sso-cli", "--test", "it", "--", "--ignored", "--exact", CTRL_C_TEST];
    cargo("test", &test)
}

/// Runs the tests of the crates that use files, locks, paths and times, and compiles the others that
/// the program needs.
pub(crate) fn short() -> Result<()> {
    test(&["--package", "sso-types", "--package", "sso-files", "--package", "sso-cache"])?;
    cargo("check", &["--package", "sso-cli", "--all-targets"])
}

fn test(packages: &[&str]) -> Result<()> {
    // Started before and kept: each test would wait for the start of another one.
    let mut server = Command::new(WINE_SERVER);
    server.arg("-p60").env("WINEPREFIX", prefix()?);
    // It outlives this process, and must not keep a pipe open.
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    server.status().context(WINE_SERVER)?;
    let options = ["--tests", "--no-fail-fast", "--", "--test-threads=2"];
    cargo("test", &[packages, &options].concat())
}

/// `cargo SUBCOMMAND ARGUMENTS` for Windows, with wine to run what is built.
fn cargo(subcommand: &str, arguments: &[&str]) -> Result<()> {
    let (shell, prefix, toolchain) = (project::shell()?, prefix()?, Toolchain::find(TARGET)?);
    let variables = environment(&prefix);
    let command = toolchain.cargo(&shell, subcommand, arguments)?.envs(variables);
    Ok(command
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", "x86_64-w64-mingw32-gcc")
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", format!("timeout 1200 {WINE}"))
        .run()?)
}

/// The directory of a separate Windows for wine, which is made once.
fn prefix() -> Result<PathBuf> {
    needs::packages(PACKAGES)?;
    let prefix = target_directory()?.join("wine");
    let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !library.exists() {
        println!("   making a Windows for wine in {} (once)", prefix.display());
        let shell = project::shell()?;
        shell.create_dir(&prefix)?;
        wine(&shell, &prefix, &["wineboot", "-i"])?;
        wine(&shell, &prefix, &["winecfg", "/v", "win10"])?;
        compile("xtask/src/platforms/random_numbers.c", &["-shared", "-o"], &library)?;
    }
    Ok(prefix)
}

fn wine(shell: &Shell, prefix: &Path, arguments: &[&str]) -> Result<()> {
    let command = cmd!(shell, "timeout 300 {WINE} {arguments...}").envs(environment(prefix));
    Ok(command.quiet().ignore_stdout().ignore_stderr().run()?)
}

fn compile(source: &str, options: &[&str], output: &Path) -> Result<()> {
    let shell = project::shell()?;
    Ok(cmd!(shell, "x86_64-w64-mingw32-gcc -O1 {options...} {output} {source} -ladvapi32")
        .quiet()
        .run()?)
}

fn environment(prefix: &Path) -> [(&'static str, String); 5] {
    [
        ("WINEPREFIX", prefix.display().to_string()),
        ("WINEARCH", "win64".to_owned()),
        ("WINEDEBUG", "-all".to_owned()),
        ("WINEDLLOVERRIDES", "mscoree,mshtml=".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
    ]
}
