//! Measures several programs in turn, so that other work on the machine affects all of them alike.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::table::{AWS_CLI, Row, Unit};

/// A program that is measured in each round. The AWS CLI is slow, so only in every tenth.
pub(crate) struct Subject<'a> {
    pub(crate) name: &'static str,
    pub(crate) command: Box<dyn Fn() -> Command + 'a>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(name: &'static str, command: impl Fn() -> Command + 'a) -> Self {
        Self { name, command: Box::new(command) }
    }
}

/// Measures each subject with `take` in each round, in another order each time.
pub(crate) fn rounds(
    name: &str,
    unit: Unit,
    rounds: usize,
    subjects: &[Subject<'_>],
    take: impl Fn(Command) -> Result<Vec<f64>>,
) -> Result<Row> {
    println!("  {name}");
    let mut measured: Vec<(&Subject<'_>, Vec<f64>)> =
        subjects.iter().map(|subject| (subject, Vec::new())).collect();
    // The first round fills the file system's cache and does not count.
    for round in 0..=rounds {
        fastrand::Rng::with_seed(round as u64).shuffle(&mut measured);
        for (subject, samples) in &mut measured {
            if subject.name == AWS_CLI && round % 10 > 1 {
                continue;
            }
            let taken = take((subject.command)());
            let taken = taken.with_context(|| format!("{name}: {}", subject.name))?;
            if round > 0 {
                samples.extend(taken);
            }
        }
    }
    let mut row = Row::new(name, unit);
    for (subject, samples) in measured {
        row.put(subject.name, &samples, "");
    }
    Ok(row)
}

/// The time from the start of a process to its exit.
pub(crate) fn wall_time(mut command: Command) -> Result<Vec<f64>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status()?;
    let took = started.elapsed().as_secs_f64();
    ensure!(status.success(), "it failed");
    Ok(vec![took])
}

/// The samples that a process prints as `{"ns": [...]}`, in seconds.
pub(crate) fn printed_samples(mut command: Command) -> Result<Vec<f64>> {
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "it failed: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).context("it printed no JSON")?;
    let samples = answer.get("ns").and_then(Value::as_array).context("it printed no samples")?;
    Ok(samples.iter().filter_map(Value::as_f64).map(|ns| ns * 1e-9).collect())
}
