//! Fuzzes the parsers of untrusted input with cargo-fuzz, one target after the other.
//!
//! The checks are in `fuzz/src`. Ordinary tests run them with the seeds.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use xshell::{Shell, cmd};

use crate::tool;

/// Fuzzes every target for seconds. Without the address sanitizer the targets build in half the time;
/// what it sees is the `unsafe` code of dependencies.
pub(crate) fn short() -> Result<()> {
    fuzz(None, 4, &["--dev", "--sanitizer", "none"])
}

/// Fuzzes every target, or one, for this many minutes each, with the address sanitizer.
pub(crate) fn run(minutes: &str, target: Option<&str>) -> Result<()> {
    let minutes: u64 = minutes.parse().context("MINUTES is not a whole number")?;
    // Zero would mean without end.
    fuzz(target, (60 * minutes).max(1), &["--release"])
}

/// Fuzzes the targets, and fails if one has a finding. cargo-fuzz prints how to reproduce it.
fn fuzz(only: Option<&str>, seconds: u64, profile: &[&str]) -> Result<()> {
    let cargo_fuzz = tool::installed("cargo-fuzz", "0.13.2")?;
    let shell = project::shell()?;
    // The flags for coverage and for the sanitizer are unstable, and the compiler is stable.
    shell.set_var("RUSTC_BOOTSTRAP", "1");
    cmd!(shell, "{cargo_fuzz} fuzz build {profile...} {only...}").quiet().ignore_stdout().run()?;
    let targets = cmd!(shell, "{cargo_fuzz} fuzz list").quiet().read()?;
    let mut failed = Vec::new();
    for target in targets.lines().filter(|target| only.is_none_or(|only| only == *target)) {
        if fuzz_one(&shell, &cargo_fuzz, profile, target, seconds).is_err() {
            failed.push(target);
        }
    }
    ensure!(failed.is_empty(), "findings in {}", failed.join(", "));
    Ok(())
}

fn fuzz_one(
    shell: &Shell,
    cargo_fuzz: &Path,
    profile: &[&str],
    target: &str,
    seconds: u64,
) -> Result<()> {
    println!("   {target}");
    let directory = project::root().join("fuzz");
    // libFuzzer adds the inputs that it finds to the first directory. They are not committed.
    let found = shell.create_dir(directory.join("target/corpus").join(target))?;
    let seeds = directory.join("corpus").join(target);
    let words = directory.join("dictionaries").join(target).with_extension("dict");
    let seconds = seconds.to_string();
    // 4,096 bytes enter the loops of every parser many times.
    cmd!(
        shell,
        "{cargo_fuzz} fuzz run {profile...} {target} {found} {seeds} --
             -max_total_time={seconds} -max_len=4096 -dict={words} -timeout=10 -verbosity=0"
    )
    .quiet()
    .run()?;
    Ok(())
}
