//! Fuzzes the parsers of untrusted input with cargo-fuzz, one target after the other.
//!
//! The checks are in `fuzz/src`. Ordinary tests run them with the seeds.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{flags, tool};

/// The default duration for each target.
const SHORT: Duration = Duration::from_secs(5);

/// The longest input in bytes. It enters the loops of every parser many times.
const LONGEST_INPUT: &str = "4096";

/// Builds quickly, for a run of seconds.
const DEV: &str = "--dev";
/// Runs quickly, for a run of minutes.
const RELEASE: &str = "--release";

pub(crate) fn run(flags: &flags::Fuzz) -> Result<()> {
    if flags.target.is_none() && flags.minutes.is_none() {
        return short_run();
    }
    let mut targets = targets()?;
    if let Some(target) = &flags.target {
        let all = targets.join(", ");
        ensure!(targets.contains(target), "there is no target {target:?}; the targets are {all}");
        targets = vec![target.clone()];
    }
    let each = flags.minutes.map(|minutes| Duration::try_from_secs_f64(60.0 * minutes));
    fuzz(&targets, each.transpose()?.unwrap_or(SHORT), RELEASE)
}

/// Fuzzes every target for this long.
pub(crate) fn all(each: Duration) -> Result<()> {
    fuzz(&targets()?, each, RELEASE)
}

/// Fuzzes every target for some seconds.
pub(crate) fn short_run() -> Result<()> {
    fuzz(&targets()?, SHORT, DEV)
}

/// Runs all targets, and fails if one has a finding.
fn fuzz(targets: &[String], each: Duration, profile: &str) -> Result<()> {
    let cargo_fuzz = tool::installed("cargo-fuzz", "0.13.2")?;
    let shell = project::shell()?;
    // Coverage and AddressSanitizer are unstable flags of the stable compiler.
    shell.set_var("RUSTC_BOOTSTRAP", "1");
    // All targets at once share the work.
    let one = if let [target] = targets { Some(target) } else { None };
    cmd!(shell, "{cargo_fuzz} fuzz build {profile} {one...}").quiet().ignore_stdout().run()?;
    let mut findings = Vec::new();
    for target in targets {
        let log = fuzz_one(&shell, &cargo_fuzz, profile, target, each)?;
        let executions = after(&log, "stat::number_of_executed_units:");
        println!("   {:>11} executions of {target}", executions.unwrap_or("no"));
        if let Some(input) = after(&log, "Test unit written to ") {
            println!("\n{log}");
            findings.push(format!("RUSTC_BOOTSTRAP=1 cargo fuzz run {target} {input}"));
        } else {
            ensure!(executions.is_some(), "{target} did not run:\n{log}");
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{} findings; to reproduce them:\n{}", findings.len(), findings.join("\n"));
}

/// Runs one target, and returns the output of libFuzzer.
fn fuzz_one(
    shell: &Shell,
    cargo_fuzz: &PathBuf,
    profile: &str,
    target: &str,
    each: Duration,
) -> Result<String> {
    let (seeds, words) = (format!("corpus/{target}"), format!("dictionaries/{target}.dict"));
    // libFuzzer adds the inputs that it finds to the first directory. They are not committed.
    let found = directory().join("target/corpus").join(target);
    fs::create_dir_all(&found)?;
    // Zero would mean without end.
    let seconds = each.as_secs().max(1).to_string();
    let (seeds, words) = (directory().join(seeds), directory().join(words));
    let mut command = std::process::Command::from(cmd!(
        shell,
        "{cargo_fuzz} fuzz run {profile} {target} {found} {seeds} --
             -max_total_time={seconds} -max_len={LONGEST_INPUT} -dict={words}
             -timeout=10 -print_final_stats=1"
    ));
    let log = found.with_extension("log");
    let output = File::create(&log)?;
    command.stdout(output.try_clone()?).stderr(output).status()?;
    Ok(String::from_utf8_lossy(&fs::read(&log)?).into_owned())
}

/// The first word after this text.
fn after<'a>(log: &'a str, text: &str) -> Option<&'a str> {
    log.split_once(text)?.1.split_whitespace().next()
}

/// The names of the targets, sorted.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory().join("fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn directory() -> PathBuf {
    project::root().join("fuzz")
}
