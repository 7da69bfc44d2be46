//! Fuzzes the parsers of untrusted input with cargo-fuzz, one target after the other.
//!
//! The checks are in `fuzz/src`. Ordinary tests run them with the seeds.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{flags, tool};

/// For each target when nothing else is said.
const SHORT: Duration = Duration::from_secs(5);

/// The longest input that is tried, in bytes: every reader's loops are entered many times by then.
const LONGEST_INPUT: &str = "4096";

pub(crate) fn run(flags: &flags::Fuzz) -> Result<()> {
    let (target, minutes) = match (&flags.target, flags.minutes) {
        (None, None) => return short_run(),
        both => both,
    };
    let minutes = minutes.map(|minutes| Duration::try_from_secs_f64(60.0 * minutes));
    let mut targets = targets()?;
    if let Some(target) = target {
        ensure!(
            targets.contains(target),
            "there is no target {target:?}; there are {}",
            targets.join(", ")
        );
        targets = vec![target.clone()];
    }
    fuzz(&targets, minutes.transpose()?.unwrap_or(SHORT), Profile::Release)
}

/// Every target for so long each.
pub(crate) fn all(each: Duration) -> Result<()> {
    fuzz(&targets()?, each, Profile::Release)
}

/// Every target for some seconds: whether all build and run, and nothing lies on the surface.
pub(crate) fn short_run() -> Result<()> {
    fuzz(&targets()?, SHORT, Profile::Dev)
}

/// How the targets are compiled.
#[derive(Debug, Clone, Copy)]
enum Profile {
    /// Fast to build: for a run of seconds.
    Dev,
    /// Fast to run: for a run of minutes.
    Release,
}

impl Profile {
    fn flag(self) -> &'static str {
        match self {
            Self::Dev => "--dev",
            Self::Release => "--release",
        }
    }
}

fn fuzz(targets: &[String], each: Duration, profile: Profile) -> Result<()> {
    let fuzzer = Fuzzer::new(profile)?;
    fuzzer.build(targets)?;
    println!(
        "   {:>11} {:>7} {:>6} {:>7} {:>8} {:>6}  target",
        "executions", "per s", "edges", "of all", "features", "inputs"
    );
    let (mut total, mut findings) = (0, Vec::new());
    let started = Instant::now();
    for target in targets {
        let figures = fuzzer.fuzz(target, each)?;
        println!("   {figures}  {target}");
        total += figures.executions;
        findings.extend(figures.finding.map(|artifact| (target, artifact)));
    }
    println!("   {total:>11} in all, in {:.0?}", started.elapsed());
    if findings.is_empty() {
        return Ok(());
    }
    for (target, artifact) in &findings {
        println!("\n   {target} breaks a promise; the whole story: {}", log(target).display());
        let cargo_fuzz = fuzzer.cargo_fuzz.display();
        println!("   RUSTC_BOOTSTRAP=1 {cargo_fuzz} fuzz run {target} {artifact}");
    }
    bail!(
        "{} of {} targets have a finding; the commands above show it again",
        findings.len(),
        targets.len()
    );
}

/// The targets by name, sorted.
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

/// What libFuzzer writes while it works on a target.
fn log(target: &str) -> PathBuf {
    directory().join("target/logs").join(target)
}

struct Fuzzer {
    shell: Shell,
    cargo_fuzz: PathBuf,
    profile: &'static str,
}

impl Fuzzer {
    fn new(profile: Profile) -> Result<Self> {
        let cargo_fuzz = tool::installed("cargo-fuzz", "0.13.2")?;
        let shell = project::shell()?;
        // Coverage and AddressSanitizer are unstable flags of the stable compiler.
        shell.set_var("RUSTC_BOOTSTRAP", "1");
        fs::create_dir_all(directory().join("target/logs"))?;
        Ok(Self { shell, cargo_fuzz, profile: profile.flag() })
    }

    fn build(&self, targets: &[String]) -> Result<()> {
        let Self { shell, cargo_fuzz, profile } = self;
        let started = Instant::now();
        // All at once shares the work; of one, only that is built.
        let one = if let [target] = targets { Some(target) } else { None };
        cmd!(shell, "{cargo_fuzz} fuzz build {profile} {one...}").quiet().ignore_stdout().run()?;
        println!("   built with AddressSanitizer in {:.0?}", started.elapsed());
        Ok(())
    }

    fn fuzz(&self, target: &str, each: Duration) -> Result<Figures> {
        let Self { shell, cargo_fuzz, profile } = self;
        let (seeds, words) = (directory().join("corpus").join(target), dictionary(target));
        // The first directory is the one that libFuzzer adds to: what it finds is not committed.
        let found = directory().join("target/corpus").join(target);
        fs::create_dir_all(&found)?;
        let seconds = seconds(each).to_string();
        let mut command = std::process::Command::from(cmd!(
            shell,
            "{cargo_fuzz} fuzz run {profile} {target} {found} {seeds} --
                 -max_total_time={seconds} -max_len={LONGEST_INPUT} -dict={words}
                 -timeout=10 -print_final_stats=1"
        ));
        let log = log(target);
        let output = File::create(&log)?;
        command.stdout(output.try_clone()?).stderr(output);
        let status = command.status().context("cargo-fuzz does not start")?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        let figures = Figures::of(&text);
        ensure!(
            status.success() || figures.finding.is_some(),
            "{target} did not run ({status}); see {}",
            log.display()
        );
        Ok(figures)
    }
}

/// libFuzzer counts whole seconds, and to it none means without end.
fn seconds(each: Duration) -> u64 {
    each.as_secs().max(1)
}

fn dictionary(target: &str) -> PathBuf {
    Path::new(&directory()).join("dictionaries").join(format!("{target}.dict"))
}

/// What libFuzzer has to say of its work.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    executions: u64,
    per_second: u64,
    /// Places in the program that were reached, and all that there are, dependencies included.
    edges: u64,
    all_edges: u64,
    features: u64,
    inputs: u64,
    /// The input that breaks a promise.
    finding: Option<String>,
}

impl Figures {
    fn of(log: &str) -> Self {
        let mut figures = Self::default();
        for line in log.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            let after = |word: &str| {
                let place = words.iter().position(|it| *it == word)?;
                words.get(place + 1)?.split('/').next()?.parse().ok()
            };
            if line.starts_with('#') {
                figures.edges = after("cov:").unwrap_or(figures.edges);
                figures.features = after("ft:").unwrap_or(figures.features);
                figures.inputs = after("corp:").unwrap_or(figures.inputs);
            } else if line.contains("inline 8-bit counters") {
                let number = line.split(['(', ' ']).filter_map(|word| word.parse().ok()).nth(1);
                figures.all_edges = number.unwrap_or_default();
            } else if let Some(number) = after("stat::number_of_executed_units:") {
                figures.executions = number;
            } else if let Some(number) = after("stat::average_exec_per_sec:") {
                figures.per_second = number;
            } else if let Some((_, artifact)) = line.split_once("Test unit written to ") {
                let root = format!("{}/", project::root().display());
                figures.finding = Some(artifact.trim_start_matches(&root).to_owned());
            }
        }
        figures
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { executions, per_second, edges, all_edges, features, inputs, .. } = self;
        write!(
            f,
            "{executions:>11} {per_second:>7} {edges:>6} {all_edges:>7} {features:>8} {inputs:>6}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_second_is_not_for_ever() {
        assert_eq!(seconds(Duration::from_millis(600)), 1);
        assert_eq!(seconds(Duration::from_secs(90)), 90);
    }

    #[test]
    fn libfuzzers_figures_are_read() {
        let log = "\
INFO: Loaded 1 modules   (87231 inline 8-bit counters): 87231 [0x55, 0x56), \n\
#2\tINITED cov: 100 ft: 101 corp: 1/1b exec/s: 0 rss: 40Mb\n\
#4096\tNEW    cov: 513 ft: 1024 corp: 37/5Kb lim: 8 exec/s: 2048 rss: 50Mb L: 4/9 MS: 1 CMP-\n\
stat::number_of_executed_units: 4100\n\
stat::average_exec_per_sec:     2050\n";
        let figures = Figures::of(log);
        let expected = Figures {
            executions: 4100,
            per_second: 2050,
            edges: 513,
            all_edges: 87231,
            features: 1024,
            inputs: 37,
            finding: None,
        };
        assert_eq!(figures, expected);
        let broken =
            format!("{log}artifact_prefix='x'; Test unit written to fuzz/artifacts/t/crash-1\n");
        assert_eq!(Figures::of(&broken).finding.as_deref(), Some("fuzz/artifacts/t/crash-1"));
    }
}
