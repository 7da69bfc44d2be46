//! Windows: all tests, built for `x86_64-pc-windows-gnu` and run with wine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use super::extent::{Extent, packages};
use super::toolchain::{Toolchain, target_directory};
use crate::needs::{self, Package};

pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";
const PACKAGES: &[Package] =
    &[("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"), (WINE, "wine64")];
const WINE: &str = "/usr/lib/wine/wine64";
const WINE_SERVER: &str = "/usr/lib/wine/wineserver";

/// The crates whose tests are run in the short form: they use files, locks, paths and times.
const SHORT: &[&str] = &["sso-types", "sso-files", "sso-cache"];
/// The short form compiles this and all crates below it.
const COMPILED_IN_SHORT: &[&str] = &["--package", "sso-cli", "--all-targets"];

/// Needs a program that is built here.
const CTRL_C_TEST: &[&str] = &[
    "--package",
    "sso-cli",
    "--test",
    "it",
    "--",
    "--ignored",
    "--exact",
    "windows::exec_outlives_ctrl_c_until_the_command_ends",
];

/// Tests that fail under wine 8.0 and not on Windows, each with the reason.
const QUIRKS: &[(&str, &str)] = &[];

/// The standard library's random numbers come from this library of Windows, which wine has since 8.21.
const RANDOM_NUMBERS: &str = r"
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    while (size) {
        ULONG part = size > 0x10000000 ? 0x10000000 : (ULONG)size;
        if (!SystemFunction036(data, part)) return FALSE;
        data += part; size -= part;
    }
    return TRUE;
}
";

/// Builds the program as it is released, and returns its path.
pub(crate) fn program() -> Result<PathBuf> {
    needs::packages(PACKAGES)?;
    let shell = project::shell()?;
    let toolchain = Toolchain::find(TARGET)?;
    let arguments = ["--release", "--package", "sso-cli"];
    toolchain.cargo(&shell, "build", &arguments, &linker())?.run()?;
    Ok(toolchain.output("release")?.join("ssocreds.exe"))
}

/// Returns the command that runs a program with wine.
pub(crate) fn command(program: &Path) -> Result<Command> {
    needs::packages(PACKAGES)?;
    let prefix = prefix(&project::shell()?)?;
    let mut command = Command::new("env");
    command.arg("-i").args(environment(&prefix).map(|(name, value)| format!("{name}={value}")));
    command.arg(WINE).arg(program);
    Ok(command)
}

pub(super) fn run(extent: Extent) -> Result<()> {
    needs::packages(PACKAGES)?;
    let shell = project::shell()?;
    let prefix = prefix(&shell)?;
    let toolchain = Toolchain::find(TARGET)?;
    for (test, reason) in QUIRKS {
        println!("   not run under wine: {test}: {reason}");
    }
    let packages = match extent {
        Extent::Full => packages(extent)?,
        Extent::Short => {
            SHORT.iter().flat_map(|name| ["--package", name].map(str::to_owned)).collect()
        }
    };
    let mut arguments: Vec<&str> = packages.iter().map(String::as_str).collect();
    arguments.extend(["--tests", "--no-fail-fast", "--", "--test-threads=2", "--exact"]);
    arguments.extend(QUIRKS.iter().flat_map(|(test, _)| ["--skip", test]));
    // Started before and kept: each test would wait for the start of another one.
    let mut server = Command::new(WINE_SERVER);
    server.arg("-p60").env("WINEPREFIX", &prefix);
    // It outlives this process, and must not keep a pipe open.
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    server.status().context(WINE_SERVER)?;
    let mut variables = environment(&prefix).to_vec();
    variables.extend(linker());
    let runner = format!("timeout 1200 {WINE}");
    variables.push(("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", runner));
    toolchain.cargo(&shell, "test", &arguments, &variables)?.run()?;
    let command = match extent {
        Extent::Short => toolchain.cargo(&shell, "check", COMPILED_IN_SHORT, &variables)?,
        Extent::Full => {
            build_ctrl_c(&shell, &prefix)?;
            toolchain.cargo(&shell, "test", CTRL_C_TEST, &variables)?
        }
    };
    Ok(command.run()?)
}

/// Builds the program that presses Ctrl-C for a test, where tests find it by its name.
fn build_ctrl_c(shell: &Shell, prefix: &Path) -> Result<()> {
    let program = prefix.join("drive_c/windows/ctrl_c.exe");
    let source = "xtask/src/platforms/ctrl_c.c";
    Ok(cmd!(shell, "x86_64-w64-mingw32-gcc -O1 -o {program} {source}").quiet().run()?)
}

/// A Windows of its own, made once.
fn prefix(shell: &Shell) -> Result<PathBuf> {
    let prefix = target_directory()?.join("wine");
    let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !library.exists() {
        println!("   making a Windows for wine in {} (once)", prefix.display());
        std::fs::create_dir_all(&prefix)?;
        wine(shell, &prefix, &["wineboot", "-i"])?;
        wine(shell, &prefix, &["winecfg", "/v", "win10"])?;
        let source = prefix.join("random-numbers.c");
        std::fs::write(&source, RANDOM_NUMBERS)?;
        cmd!(shell, "x86_64-w64-mingw32-gcc -O1 -shared -o {library} {source} -ladvapi32")
            .quiet()
            .run()?;
    }
    ensure!(library.exists(), "wine made no Windows in {}", prefix.display());
    Ok(prefix)
}

fn wine(shell: &Shell, prefix: &Path, arguments: &[&str]) -> Result<()> {
    let command = cmd!(shell, "timeout 300 {WINE} {arguments...}").envs(environment(prefix));
    Ok(command.quiet().ignore_stdout().ignore_stderr().run()?)
}

fn linker() -> [(&'static str, String); 1] {
    [("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", "x86_64-w64-mingw32-gcc".to_owned())]
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
