//! Links the stack's unwinder into the program, so that starting it loads one shared library less.
//!
//! On Linux with glibc, Rust programs take the unwinder (here for backtraces alone) from
//! `libgcc_s.so.1`. To find, map and relocate that is an eighth of what a program costs that reads one
//! file and prints it, and this program is started anew for every credential. GCC has the same code as
//! an archive, `libgcc_eh.a`, which it links itself when it is told `-static-libgcc`.
//!
//! Nothing depends on it: where the archive is not found, or is not what is needed, the program is
//! linked as any other. Not for debug builds, nor when cross-compiling, nor where it was not tried.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if !is_wanted() {
        return;
    }
    if let Some(directory) = directory() {
        println!("cargo::rustc-link-search=native={directory}");
        println!("cargo::rustc-link-lib=static=gcc_eh");
    }
}

fn is_wanted() -> bool {
    let is_static = variable("CARGO_CFG_TARGET_FEATURE").split(',').any(|it| it == "crt-static");
    variable("PROFILE") == "release"
        && variable("TARGET") == "x86_64-unknown-linux-gnu"
        && variable("HOST") == variable("TARGET")
        && !is_static
}

/// Where the compiler that links the program has the archive.
fn directory() -> Option<String> {
    let linker = Some(variable("RUSTC_LINKER")).filter(|it| !it.is_empty());
    let mut command = Command::new(linker.as_deref().unwrap_or("cc"));
    let said = command.arg("-print-file-name=libgcc_eh.a").output().ok()?.stdout;
    let archive = PathBuf::from(String::from_utf8(said).ok()?.trim());
    // A compiler that has none says the bare name again.
    let directory = archive.parent().filter(|it| it.is_absolute() && archive.is_file())?;
    directory.to_str().map(str::to_owned)
}

/// What cargo tells build scripts; empty where it does not say.
#[expect(clippy::disallowed_methods, reason = "how cargo talks to a build script")]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
