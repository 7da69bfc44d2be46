//! Runs of several programs by turns, so that what the machine does meanwhile falls on all of them
//! alike.
//!
//! Not responsible for what the programs are.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::figures::{FLOOR, OURS, Row, Unit};

/// GNU time, which tells the memory and the processor time of a process.
pub(crate) const TIME: &str = "/usr/bin/time";

/// Someone whose turn it is in each round.
pub(crate) struct Turn<'a> {
    pub(crate) subject: &'static str,
    /// Its turn comes in every `every`-th round only.
    pub(crate) every: usize,
    /// What has to be done before; not timed.
    pub(crate) prepare: Box<dyn Fn() -> Result<()> + 'a>,
    pub(crate) command: Box<dyn Fn() -> Command + 'a>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(subject: &'static str, command: impl Fn() -> Command + 'a) -> Self {
        Self { subject, every: 1, prepare: Box::new(|| Ok(())), command: Box::new(command) }
    }

    pub(crate) fn every(mut self, every: usize) -> Self {
        self.every = every;
        self
    }

    pub(crate) fn prepare(mut self, prepare: impl Fn() -> Result<()> + 'a) -> Self {
        self.prepare = Box::new(prepare);
        self
    }
}

/// Times whole processes, from their start until they have been waited for.
pub(crate) fn processes(measure: &str, rounds: usize, turns: &[Turn<'_>]) -> Result<Row> {
    by_turns(measure, Unit::Seconds, rounds, turns, |turn| {
        let mut command = (turn.command)();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let status = command.status()?;
        let took = started.elapsed().as_secs_f64();
        ensure!(status.success(), "it failed in the middle of the rounds");
        Ok(vec![took])
    })
}

/// Lets processes measure inside themselves, and takes the `{"ns": [...]}` that they print.
pub(crate) fn inside(measure: &str, rounds: usize, turns: &[Turn<'_>]) -> Result<Row> {
    by_turns(measure, Unit::Seconds, rounds, turns, |turn| {
        let output = (turn.command)().stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "it failed: {said}");
        let answer: Value = serde_json::from_slice(&output.stdout).context("no JSON")?;
        let samples = answer.get("ns").and_then(Value::as_array).context("no samples")?;
        Ok(samples.iter().filter_map(Value::as_f64).map(|ns| ns * 1e-9).collect())
    })
}

/// The most memory that processes were given (`ru_maxrss`), as GNU time tells it.
pub(crate) fn memory(measure: &str, rounds: usize, turns: &[Turn<'_>]) -> Result<Row> {
    by_turns(measure, Unit::Kibibytes, rounds, turns, |turn| {
        let wanted = (turn.command)();
        let mut command = Command::new(TIME);
        command.args(["-q", "-f", "%M"]).arg(wanted.get_program()).args(wanted.get_args());
        command.env_clear();
        command.envs(wanted.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output()?;
        ensure!(output.status.success(), "it failed");
        let said = String::from_utf8_lossy(&output.stderr);
        Ok(vec![said.lines().last().unwrap_or_default().trim().parse()?])
    })
}

fn by_turns(
    measure: &str,
    unit: Unit,
    rounds: usize,
    turns: &[Turn<'_>],
    take: impl Fn(&Turn<'_>) -> Result<Vec<f64>>,
) -> Result<Row> {
    println!("  {measure} …");
    let mut samples = vec![Vec::new(); turns.len()];
    let mut out = vec![false; turns.len()];
    // Round 0 warms the file system's cache, and does not count.
    let mut order: Vec<usize> = (0..turns.len()).collect();
    for round in 0..=rounds {
        // Whoever follows a large program finds the processor's caches full of it: in another order
        // each time, that is everyone's lot.
        fastrand::Rng::with_seed(round as u64).shuffle(&mut order);
        for at in order.iter().copied() {
            let (Some(turn), Some(samples), Some(out)) =
                (turns.get(at), samples.get_mut(at), out.get_mut(at))
            else {
                continue;
            };
            if *out || round % turn.every != 0 {
                continue;
            }
            (turn.prepare)()?;
            match take(turn).with_context(|| format!("{measure}: {}", turn.subject)) {
                Ok(taken) if round > 0 => samples.extend(taken),
                Ok(_) => {}
                // A peer that cannot do this has no figure.
                Err(error) if turn.subject != OURS && turn.subject != FLOOR => {
                    println!("    {error:#}");
                    samples.clear();
                    *out = true;
                }
                Err(error) => return Err(error),
            }
        }
    }
    let mut row = Row::new(measure, unit);
    for (turn, samples) in turns.iter().zip(&samples) {
        row.put(turn.subject, samples);
    }
    Ok(row)
}

/// Runs a program once and shows that it prints credentials, so that what is timed is the job.
pub(crate) fn check(subject: &str, mut command: Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| subject.to_owned())?;
    let (said, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let printed = said.to_ascii_lowercase().contains("\"secretaccesskey\"");
    ensure!(output.status.success() && printed, "{subject} gives no credentials: {error}");
    Ok(())
}

/// Starts so many of a program at once; the time until the last has ended, and how many failed.
pub(crate) fn at_once(count: usize, command: impl Fn() -> Command) -> Result<(f64, usize)> {
    let null = File::options().write(true).open("/dev/null")?;
    let mut commands: Vec<_> = (0..count).map(|_| command()).collect();
    let started = Instant::now();
    let mut children = Vec::with_capacity(count);
    for command in &mut commands {
        command.stdin(Stdio::null()).stdout(null.try_clone()?).stderr(null.try_clone()?);
        children.push(command.spawn()?);
    }
    let mut failed = 0;
    for mut child in children {
        failed += usize::from(!child.wait()?.success());
    }
    Ok((started.elapsed().as_secs_f64(), failed))
}
