//! A whole run: the setup, the periods, and the summary.

use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::stage::{Stage, Weather};
use crate::{faults, files, process, quiet, worker};

/// The number of processes that run at the same time.
const WORKERS: u64 = 6;
/// A period lasts a sixth of the run, within these limits.
const SHORTEST_PERIOD: Duration = Duration::from_secs(5);
const LONGEST_PERIOD: Duration = Duration::from_secs(20);

/// Runs for this many minutes. The seed of an earlier run repeats its choices.
///
/// # Errors
///
/// Fails if an invariant was violated.
pub fn run(minutes: f64, seed: Option<u64>) -> Result<()> {
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let length = Duration::try_from_secs_f64(minutes * 60.0).context("the minutes")?;
    let program = project::ssocreds()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stage = Stage::new(&runtime, program)?;
    println!("chaos: seed {seed}, {minutes} minutes, {WORKERS} processes at a time");
    for missing in stage.left_out() {
        println!("chaos: left out: {missing}");
    }
    thread::scope(|scope| {
        for number in 0..WORKERS {
            let (stage, random) = (&stage, fastrand::Rng::with_seed(seed ^ (number + 1)));
            scope.spawn(move || worker::work(stage, random));
        }
        scope.spawn(|| files::watch(&stage));
        scope.spawn(|| process::watch(&stage));
        periods(&stage, fastrand::Rng::with_seed(seed), length);
        stage.end();
    });
    stage.tally.print();
    let violations = stage.tally.violations();
    if violations > 0 {
        bail!("{violations} violations (seed {seed})");
    }
    Ok(())
}

/// Changes the weather until time is up. Between two periods no process runs.
fn periods(stage: &Stage, mut random: fastrand::Rng, length: Duration) {
    let until = Instant::now() + length;
    let period = (length / 6).clamp(SHORTEST_PERIOD, LONGEST_PERIOD);
    for weather in Weather::ROUND.iter().filter(|it| stage.has(**it)).cycle() {
        let quiet = stage.under_way.write().unwrap_or_else(PoisonError::into_inner);
        quiet::check(stage, stage.weather());
        stage.set_weather(*weather);
        drop(quiet);
        if Instant::now() >= until {
            return;
        }
        let end = until.min(Instant::now() + period);
        faults::cause(stage, *weather, &mut random, end);
    }
}
