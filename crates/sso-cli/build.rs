//! Makes the program start sooner: fewer shared libraries to load, fewer pages of it to map. It is
//! started anew for every credential, and what it then does is little beside being started.
//!
//! Nothing depends on either: where something is not found, or is not what is needed, the program is
//! linked as any other. Not for debug builds, nor when cross-compiling, nor where it was not tried.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The functions that a cold process runs; `cargo xtask bench --layout` writes it.
const LAYOUT: &str = "cold-start.ld";
/// The variable that leaves it out when it is `none`: for tools that know no functions outside of the
/// section `.text` (valgrind), and for comparing.
const SWITCH: &str = "SSOCREDS_LAYOUT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={LAYOUT}");
    println!("cargo::rerun-if-env-changed={SWITCH}");
    if !is_wanted() {
        return;
    }
    if let Some(directory) = unwinder() {
        println!("cargo::rustc-link-search=native={directory}");
        println!("cargo::rustc-link-lib=static=gcc_eh");
    }
    if let Some(arguments) = layout() {
        for argument in arguments {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}

fn is_wanted() -> bool {
    let is_static = variable("CARGO_CFG_TARGET_FEATURE").split(',').any(|it| it == "crt-static");
    variable("PROFILE") == "release"
        && variable("TARGET") == "x86_64-unknown-linux-gnu"
        && variable("HOST") == variable("TARGET")
        && !is_static
}

/// Where the compiler that links the program has the stack's unwinder as an archive.
///
/// On Linux with glibc, Rust programs take the unwinder (here for backtraces alone) from
/// `libgcc_s.so.1`. To find, map and relocate that is an eighth of what a program costs that reads one
/// file and prints it. GCC has the same code as an archive, `libgcc_eh.a`, which it links itself when
/// it is told `-static-libgcc`.
fn unwinder() -> Option<String> {
    let linker = Some(variable("RUSTC_LINKER")).filter(|it| !it.is_empty());
    let mut command = Command::new(linker.as_deref().unwrap_or("cc"));
    let said = command.arg("-print-file-name=libgcc_eh.a").output().ok()?.stdout;
    let archive = PathBuf::from(String::from_utf8(said).ok()?.trim());
    // A compiler that has none says the bare name again.
    let directory = archive.parent().filter(|it| it.is_absolute() && archive.is_file())?;
    directory.to_str().map(str::to_owned)
}

/// What makes the linker put the functions of a cold process side by side.
///
/// The kernel maps a program in pieces of 64 KiB around each place that is touched: with these
/// functions strewn over all of the program, most of it is mapped for the tenth that is needed. The
/// script adds to the linker's own layout. GNU ld and LLD know such scripts, other linkers do not, so
/// that a program of one line is linked and run first, with all that the user has rustc link with.
fn layout() -> Option<[String; 2]> {
    if variable(SWITCH) == "none" {
        return None;
    }
    let script = Path::new(&variable("CARGO_MANIFEST_DIR")).join(LAYOUT);
    let arguments = ["-T".to_owned(), script.to_str()?.to_owned()];
    let trial = Path::new(&variable("OUT_DIR")).join("trial");
    let mut command = Command::new(variable("RUSTC"));
    command.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|it| !it.is_empty()));
    let linker = Some(variable("RUSTC_LINKER")).filter(|it| !it.is_empty());
    command.args(linker.map(|it| format!("-Clinker={it}")));
    command.args(arguments.iter().map(|it| format!("-Clink-arg={it}")));
    command.args(["--crate-name=trial", "-o"]).arg(&trial).arg("-");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut rustc = command.spawn().ok()?;
    // What cannot be written is a program that is not built.
    let _ = rustc.stdin.take()?.write_all(b"fn main() {}");
    let is_built = rustc.wait().ok()?.success();
    let runs = || Command::new(&trial).status().is_ok_and(|it| it.success());
    (is_built && runs()).then_some(arguments)
}

/// What cargo tells build scripts; empty where it does not say.
#[expect(clippy::disallowed_methods, reason = "how cargo talks to a build script")]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
