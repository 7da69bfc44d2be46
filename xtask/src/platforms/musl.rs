//! Linux with musl: the program as it is released, linked statically, and all tests.
//!
//! rustup's target brings musl. With Debian's compiler, musl comes from `musl-tools`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

use super::toolchain::{Toolchain, target_directory};
use crate::needs;
use crate::published::package_options;

pub(crate) const X86_64: &str = "x86_64-unknown-linux-musl";
/// The flags of rustc for the released program.
///
/// It ends at a panic and has no symbols: tables for unwinding the stack are of no use, and a tenth of
/// its size. It is linked for a fixed address: at a random one, a role-cache hit takes 21 % longer.
pub(crate) const RELEASE_FLAGS: &str = "-C force-unwind-tables=no -C relocation-model=static";

/// Builds the program as it is released, and returns its path.
pub(crate) fn program() -> Result<PathBuf> {
    Ok(build("sso-cli")?.join("ssocreds"))
}

/// Builds the programs of a package for release, statically linked, and returns their directory.
///
/// One package at a time: together, each would be built with the features of the other.
pub(crate) fn build(package: &str) -> Result<PathBuf> {
    let toolchain = Toolchain::find(X86_64)?;
    let shell = shell(&toolchain, RELEASE_FLAGS)?;
    toolchain.cargo(&shell, "build", &["--release", "--package", package])?.run()?;
    toolchain.output("release")
}

pub(crate) fn run() -> Result<()> {
    let program = program()?.display().to_string();
    project::run("interop", &["empty-root", &program])?;
    let packages = package_options()?;
    let mut arguments: Vec<&str> = packages.iter().map(String::as_str).collect();
    arguments.push("--tests");
    let toolchain = Toolchain::find(X86_64)?;
    Ok(toolchain.cargo(&shell(&toolchain, "")?, "test", &arguments)?.run()?)
}

/// A shell whose environment names the C compiler, the linker and these flags of rustc.
fn shell(toolchain: &Toolchain, flags: &str) -> Result<Shell> {
    needs::packages(&[("musl-gcc", "musl-tools")])?;
    let shell = project::shell()?;
    // Compiles the C of ring.
    shell.set_var("CC_x86_64_unknown_linux_musl", "musl-gcc");
    let mut flags = flags.to_owned();
    if toolchain.is_debian {
        flags += &format!(
            " -C link-self-contained=no -C target-feature=+crt-static -C relocation-model=static \
             -L native=/usr/lib/x86_64-linux-musl -L native={}",
            unwinder(&shell)?.display()
        );
        shell.set_var("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", "musl-gcc");
    }
    shell.set_var("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS", flags);
    Ok(shell)
}

/// A directory with the `libunwind.a` that the standard library links for musl: GCC's unwinder, and
/// what it takes from glibc.
fn unwinder(shell: &Shell) -> Result<PathBuf> {
    let directory = shell.create_dir(target_directory()?.join("unwinder"))?;
    let archive = directory.join("libunwind.a");
    if !archive.is_file() {
        let gcc = cmd!(shell, "gcc -print-file-name=libgcc_eh.a").quiet().read()?;
        let (unfinished, object) = (directory.join("new.a"), directory.join("find_object.o"));
        shell.copy_file(gcc, &unfinished)?;
        let source = "xtask/src/platforms/find_object.c";
        cmd!(shell, "musl-gcc -O1 -c {source} -o {object}").quiet().run()?;
        cmd!(shell, "ar r {unfinished} {object}").quiet().run()?;
        std::fs::rename(unfinished, archive)?;
    }
    Ok(directory)
}
