//! Which functions a cold process runs: the list by which the linker puts them side by side.
//!
//! Not responsible for having the linker do it: that is the build script of `sso-cli`.
//!
//! A kernel maps a program's file in pieces of 64 KiB around each place that is touched. Where the
//! functions of a cold process lie among those of all else that the program can do, nearly all of
//! it is mapped for a tenth of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use xshell::cmd;

use super::programs::{Programs, clean};
use super::stage::Stage;
use crate::project;

/// What the build script of `sso-cli` gives the linker.
const FILE: &str = "crates/sso-cli/cold-start.ld";

/// Runs the program under callgrind in each way of a cold process, and writes the list.
pub(crate) fn run() -> Result<()> {
    let program = with_symbols()?;
    let emulator = Programs::build_ours()?.emulator;
    let http = Stage::start(&emulator, false)?;
    let tls = Stage::start(&emulator, true)?;
    let mut listed = BTreeSet::new();
    let mut script = String::from(HEAD);
    // Those that run most often come first; each function stands where it is first needed.
    scene(&mut script, &mut listed, "role credentials from the cache", || {
        http.forget_role_credentials()?;
        functions(&program, &http, true)?;
        functions(&program, &http, true)
    })?;
    scene(&mut script, &mut listed, "role credentials from the portal", || {
        functions(&program, &http, false)
    })?;
    scene(&mut script, &mut listed, "the same over TLS", || functions(&program, &tls, false))?;
    scene(&mut script, &mut listed, "an expired token, and a cache to write", || {
        http.forget_role_credentials()?;
        http.token_state("expired")?;
        functions(&program, &http, true)
    })?;
    script.push_str(FOOT);
    fs::write(project::root().join(FILE), script)?;
    println!("written: {FILE}, {} functions", listed.len());
    Ok(())
}

const HEAD: &str = "\
/* Written by `cargo xtask bench --layout`: the functions that a cold process runs, side by side, so
   that it maps little of the program. Only a hint: a name that is not there is passed over. `*` stands
   for what differs from one build to the next. */
SECTIONS {
  .text.cold_start : {
";
const FOOT: &str = "  }\n} INSERT BEFORE .text;\n";

/// The program as it is released, with the names of its functions.
fn with_symbols() -> Result<PathBuf> {
    let (shell, cargo) = (project::shell()?, project::cargo());
    println!("building ssocreds for release, with its symbols …");
    let directory = project::target()?.join("bench/layout");
    let whole = "profile.release.strip=false";
    let own = "profile.release.package.sso-cli.strip=false";
    cmd!(shell, "{cargo} build --quiet --release -p sso-cli --config {whole} --config {own}")
        .env("CARGO_TARGET_DIR", &directory)
        // Valgrind knows no functions outside of the section .text.
        .env("SSOCREDS_LAYOUT", "none")
        .quiet()
        .run()?;
    Ok(directory.join("release/ssocreds"))
}

/// Adds the functions of one way to run that are not listed yet.
fn scene(
    script: &mut String,
    listed: &mut BTreeSet<String>,
    title: &str,
    run: impl FnOnce() -> Result<BTreeSet<String>>,
) -> Result<()> {
    let found: Vec<_> = run()?.into_iter().filter(|it| listed.insert(it.clone())).collect();
    println!("  {title}: {} functions more", found.len());
    script.push_str(&format!("    /* {title} */\n"));
    for pattern in found {
        // Also `.text.unlikely.`: what the compiler takes for cold.
        script.push_str(&format!("    *(.text*.{pattern})\n"));
    }
    Ok(())
}

/// The functions of the program that ran, as patterns of their names.
fn functions(program: &Path, stage: &Stage, cache: bool) -> Result<BTreeSet<String>> {
    let directory = TempDir::new()?;
    let profile = directory.path().join("profile");
    let mut out = OsStr::new("--callgrind-out-file=").to_owned();
    out.push(&profile);
    let mut command = clean("valgrind", &stage.environment);
    command.args(["--tool=callgrind", "--demangle=no"]).arg(out).arg(program);
    command.arg("credential-process").args((!cache).then_some("--no-cache"));
    let output = command.output().context("valgrind is not here")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the program failed under valgrind: {said}");
    let profile = fs::read_to_string(&profile).context("callgrind wrote no profile")?;
    let found: BTreeSet<_> =
        names(&profile, program).iter().map(|it| pattern(it)).filter(|it| is_name(it)).collect();
    let (count, program) = (found.len(), program.display());
    ensure!(count > 100, "callgrind names no more than {count} functions of {program}");
    Ok(found)
}

/// The functions of one object that a profile has costs of. Names are written once, `fn=(7) name`,
/// also where a function is first called, and are `(7)` from then on; so are objects.
fn names(profile: &str, object: &Path) -> BTreeSet<String> {
    let (mut functions, mut objects) = (BTreeMap::new(), BTreeMap::new());
    let mut is_in_object = false;
    let mut found = BTreeSet::new();
    for (key, value) in profile.lines().filter_map(|line| line.split_once('=')) {
        let known = match key {
            "ob" | "cob" => &mut objects,
            "fn" | "cfn" => &mut functions,
            _ => continue,
        };
        let (number, name) = value.split_once(' ').unwrap_or((value, ""));
        if !name.is_empty() {
            known.insert(number.to_owned(), name.to_owned());
        }
        let name = known.get(number).map(String::as_str).unwrap_or_default();
        match key {
            "ob" => is_in_object = Path::new(name) == object,
            "fn" if is_in_object => {
                found.insert(name.to_owned());
            }
            _ => {}
        }
    }
    found
}

/// A name with `*` for what another build has otherwise: the hash of a legacy name, the identity of
/// crates in one of the newer form, and what callgrind and LLVM put behind a name.
fn pattern(name: &str) -> String {
    let name = name.split('\'').next().unwrap_or(name);
    if name.starts_with("_ZN") {
        let is_hash = |rest: &str| rest.as_bytes().get(16) == Some(&b'E');
        let hash = name.rfind("17h").filter(|at| name.get(at + 3..).is_some_and(is_hash));
        return hash.and_then(|at| name.get(..at)).unwrap_or(name).to_owned() + "17h*";
    }
    if !name.starts_with("_R") {
        return name.to_owned();
    }
    // A dot begins what LLVM has added.
    let mut parts = name.split('.').next().unwrap_or(name).split("Cs");
    let mut pattern = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('_') {
            Some((identity, rest)) if identity.bytes().all(|it| it.is_ascii_alphanumeric()) => {
                pattern.push_str("Cs*_");
                pattern.push_str(rest);
            }
            _ => {
                pattern.push_str("Cs");
                pattern.push_str(part);
            }
        }
    }
    pattern + "*"
}

/// Whether a linker takes it for one; callgrind also says `(below main)`, and an address where it
/// knows no name.
fn is_name(pattern: &str) -> bool {
    let is_part = |it: u8| it.is_ascii_alphanumeric() || b"_.$*".contains(&it);
    pattern.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && pattern.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a line that no linker understands, the program would be linked without all of them.
    #[test]
    fn the_committed_list_has_names_and_remarks_alone() {
        let script = fs::read_to_string(project::root().join(FILE)).unwrap();
        let lines = script.strip_prefix(HEAD).unwrap().strip_suffix(FOOT).unwrap().lines();
        let (remarks, patterns): (Vec<_>, Vec<_>) =
            lines.map(str::trim).partition(|line| line.starts_with("/*") && line.ends_with("*/"));
        assert_eq!(remarks.len(), 4);
        assert!(patterns.len() > 500, "{} functions", patterns.len());
        for line in patterns {
            let pattern = line.strip_prefix("*(.text*.").and_then(|it| it.strip_suffix(')'));
            assert!(pattern.is_some_and(is_name), "{line}");
        }
    }

    #[test]
    fn a_profile_names_each_function_once() {
        let profile = "ob=(1) /lib/libc.so\nfn=(1) malloc\n5 3\nob=(2) /bin/p\nfn=(2) a\n1 2\n\
                       cob=(1)\ncfn=(1)\ncalls=1 0\n1 5\ncfn=(3) b'2\ncalls=1 0\n1 5\n\
                       fn=(3)\n1 1\nob=(1)\nfn=(4) free\n1 1\n";
        let names = names(profile, Path::new("/bin/p"));
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b'2"]);
    }

    #[test]
    fn a_pattern_leaves_out_what_a_build_makes_up() {
        for (name, wanted) in [
            ("main", "main"),
            ("fe_invert'2", "fe_invert"),
            ("_ZN5hyper4body17h0123456789abcdefE", "_ZN5hyper4body17h*"),
            ("_ZN5hyper4body17h0123456789abcdefE.llvm.12", "_ZN5hyper4body17h*"),
            ("_ZN5hyper4h..b17h0123456789abcdefE.594'2", "_ZN5hyper4h..b17h*"),
            ("_RNvNtCs4X_3std2fs4open.1151", "_RNvNtCs*_3std2fs4open*"),
            ("_RNvMsl_NtCsjrHSEGnQ3l9_3std2fs4open", "_RNvMsl_NtCs*_3std2fs4open*"),
        ] {
            assert_eq!(pattern(name), wanted);
        }
    }
}
