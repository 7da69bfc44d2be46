//! What the programs weigh: their size, their dependencies, and how long they take to build.
//!
//! Not responsible for what they do when they run.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail, ensure};
use serde_json::Value;
use xshell::cmd;

use super::figures::{OURS, Row, Unit};
use super::programs::Programs;
use super::rounds::TIME;
use crate::project;

/// The smallest programs over the library and over its peer; see `xtask/bench/peers`.
const SMALLEST: [(&str, &str); 2] = [(OURS, "build-ssocreds"), ("aws-config", "build-aws-config")];

/// Sizes and numbers: at no cost.
pub(crate) fn measure(programs: &Programs) -> Result<Vec<Row>> {
    let mut size = Row::new("release program of the benchmark, stripped", Unit::Bytes);
    size.put(OURS, &[length(&programs.ours)?]);
    size.put(super::figures::FLOOR, &[length(&programs.floor_tls)?]);
    for peer in programs.peers.iter().filter(|peer| !peer.slow) {
        let command = peer.command(&[], &[]);
        size.put(peer.name, &[length(&command.get_program().into())?]);
    }
    let mut crates =
        Row::new("crates of the library (`cargo tree -e normal`, unique)", Unit::Count);
    for (subject, program) in SMALLEST {
        crates.put(subject, &[number_of_crates(program)?]);
    }
    Ok(vec![size, crates])
}

const BUILDS: [(&str, Unit); 3] = [
    ("clean release build of the smallest program", Unit::Seconds),
    ("processor time of that build", Unit::Seconds),
    ("size of the smallest program, stripped", Unit::Bytes),
];

/// The figures of the last run that had them.
pub(crate) fn earlier_builds(data: &Value) -> Vec<Row> {
    BUILDS.into_iter().filter_map(|(measure, unit)| Row::earlier(measure, unit, data)).collect()
}

/// Clean builds for release: minutes.
pub(crate) fn builds() -> Result<Vec<Row>> {
    let [mut wall, mut processor, mut size] = BUILDS.map(|(measure, unit)| Row::new(measure, unit));
    for (subject, program) in SMALLEST {
        println!("  a clean release build of {program} …");
        let target = project::target()?.join("bench/builds").join(program);
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let manifest = manifest(program)?;
        let mut command = Command::new(TIME);
        command.args(["-q", "-f", "%e %U %S", &project::cargo(), "build", "--release"]);
        command.args(["--quiet", "--manifest-path"]).arg(&manifest);
        let output = command.env("CARGO_TARGET_DIR", &target).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} does not build: {said}");
        let last = said.lines().last().unwrap_or_default();
        let seconds: Vec<f64> = last.split(' ').filter_map(|it| it.parse().ok()).collect();
        let [real, user, system] = seconds.as_slice() else {
            bail!("GNU time tells no times of {program}: {last}")
        };
        wall.put(subject, &[*real]);
        processor.put(subject, &[user + system]);
        size.put(subject, &[length(&target.join("release").join(program))?]);
    }
    Ok(vec![wall, processor, size])
}

#[allow(clippy::cast_precision_loss, reason = "sizes and numbers far below 2^52")]
fn length(program: &PathBuf) -> Result<f64> {
    Ok(fs::metadata(program)?.len() as f64)
}

#[allow(clippy::cast_precision_loss, reason = "sizes and numbers far below 2^52")]
fn number_of_crates(program: &str) -> Result<f64> {
    let (shell, cargo, manifest) = (project::shell()?, project::cargo(), manifest(program)?);
    let format = "{p}";
    let tree = cmd!(
        shell,
        "{cargo} tree --manifest-path {manifest} -e normal --prefix none --format {format}"
    );
    let tree = tree.quiet().read()?;
    let line = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let crates: BTreeSet<String> = tree.lines().map(line).collect();
    // Without the program itself.
    Ok(crates.len().saturating_sub(1) as f64)
}

/// The manifest, with the workspace's lock file beside it: what is ours depends on what ours is
/// tested with, and cargo removes what is not needed.
fn manifest(program: &str) -> Result<PathBuf> {
    let root = project::root();
    let directory = root.join("xtask/bench/peers").join(program);
    if program == "build-ssocreds" {
        fs::copy(root.join("Cargo.lock"), directory.join("Cargo.lock"))?;
    }
    Ok(directory.join("Cargo.toml"))
}
