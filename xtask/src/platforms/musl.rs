//! Linux with musl: the program as it is released, linked statically, and all tests.
//!
//! rustup's target brings musl. With Debian's compiler, musl comes from `musl-tools`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use super::extent::{Extent, packages};
use super::toolchain::{Toolchain, target_directory};
use crate::needs::{self, Package};

pub(crate) const X86_64: &str = "x86_64-unknown-linux-musl";
/// Compiles the C of ring.
const COMPILER: Package = ("musl-gcc", "musl-tools");
/// The flags of rustc for the released program.
///
/// It ends at a panic and has no symbols: tables for unwinding the stack are of no use, and a tenth of
/// its size. It is linked for a fixed address: at a random one, a role-cache hit takes 21 % longer.
pub(crate) const RELEASE_FLAGS: &str = "-C force-unwind-tables=no -C relocation-model=static";
const LIBRARIES: &str = "/usr/lib/x86_64-linux-musl";

/// Builds the program as it is released, and returns its path.
pub(crate) fn program() -> Result<PathBuf> {
    Ok(build("sso-cli")?.join("ssocreds"))
}

/// Builds the programs of a package for release, statically linked, and returns their directory.
///
/// One package at a time: together, each would be built with the features of the other.
pub(crate) fn build(package: &str) -> Result<PathBuf> {
    let shell = project::shell()?;
    let toolchain = Toolchain::find(X86_64)?;
    let arguments = ["--release", "--package", package];
    let variables = variables(&shell, &toolchain, RELEASE_FLAGS)?;
    toolchain.cargo(&shell, "build", &arguments, &variables)?.run()?;
    toolchain.output("release")
}

pub(super) fn run(extent: Extent) -> Result<()> {
    let program = program()?.display().to_string();
    project::run("interop", &["empty-root", &program])?;
    let shell = project::shell()?;
    let toolchain = Toolchain::find(X86_64)?;
    let packages = packages(extent)?;
    let mut arguments: Vec<&str> = packages.iter().map(String::as_str).collect();
    arguments.push("--tests");
    let variables = variables(&shell, &toolchain, "")?;
    Ok(toolchain.cargo(&shell, "test", &arguments, &variables)?.run()?)
}

/// The environment for cargo, with these flags of rustc.
fn variables(
    shell: &Shell,
    toolchain: &Toolchain,
    flags: &str,
) -> Result<Vec<(&'static str, String)>> {
    needs::packages(&[COMPILER])?;
    let mut variables = vec![("CC_x86_64_unknown_linux_musl", "musl-gcc".to_owned())];
    let mut flags = flags.to_owned();
    if toolchain.is_debian() {
        let unwinder = unwinder(shell)?;
        flags += &format!(
            " -C link-self-contained=no -C target-feature=+crt-static -C relocation-model=static \
             -L native={LIBRARIES} -L native={}",
            unwinder.display()
        );
        variables.push(("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", "musl-gcc".to_owned()));
    }
    variables.push(("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS", flags));
    Ok(variables)
}

/// A directory with the `libunwind.a` that the standard library links for musl: GCC's unwinder, and
/// what it takes from glibc.
fn unwinder(shell: &Shell) -> Result<PathBuf> {
    let directory = target_directory()?.join("unwinder");
    let archive = directory.join("libunwind.a");
    if archive.is_file() {
        return Ok(directory);
    }
    std::fs::create_dir_all(&directory)?;
    let gcc = cmd!(shell, "gcc -print-file-name=libgcc_eh.a").quiet().read()?;
    let (unfinished, object) = (directory.join("unfinished.a"), directory.join("find_object.o"));
    std::fs::copy(&gcc, &unfinished).context("GCC has no libgcc_eh.a")?;
    let source = "xtask/src/platforms/find_object.c";
    cmd!(shell, "musl-gcc -O1 -c {source} -o {object}").quiet().run()?;
    cmd!(shell, "ar r {unfinished} {object}").quiet().run()?;
    std::fs::rename(unfinished, archive)?;
    Ok(directory)
}
