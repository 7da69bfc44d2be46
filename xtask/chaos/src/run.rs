//! A whole run: the setup, the periods, and the summary.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::job::{Job, Run};
use crate::stage::{Stage, Weather, pause};
use crate::{config, faults, files, logins, process, quiet, serve};

/// The number of processes that run at the same time.
const WORKERS: usize = 6;
/// The time in which processes are started with one kind of faults.
const PERIOD: Duration = Duration::from_secs(10);

/// Runs with the arguments `MINUTES [SEED]`. The seed of an earlier run repeats its choices.
///
/// # Errors
///
/// Fails if an invariant was violated.
pub fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let minutes = arguments.next().context("start this with cargo xtask chaos")?;
    let minutes: f64 = minutes.parse().context("MINUTES is not a number")?;
    let length = Duration::try_from_secs_f64(minutes * 60.0).context("MINUTES is out of range")?;
    let seed = arguments.next().map(|seed| seed.parse()).transpose();
    let seed = seed.context("SEED is not a number")?.unwrap_or_else(|| fastrand::u64(..));
    ensure!(
        project::is_installed("curl"),
        "curl is not installed; install it: chaos uses it as the browser and as a client"
    );
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stage = Stage::new(&runtime, project::ssocreds()?)?;
    config::write(&stage, 0)?;
    for name in faults::names() {
        stage.tally.add(name, 0);
    }
    println!("chaos: seed {seed}, {minutes} minutes, {WORKERS} processes at a time");
    let mut seeds = fastrand::Rng::with_seed(seed);
    let until = Instant::now() + length;
    let round = [Weather::Gentle, Weather::Harsh, Weather::Mixed];
    for weather in round.into_iter().cycle().take_while(|_| Instant::now() < until) {
        period(&stage, weather, until.min(Instant::now() + PERIOD), &mut seeds);
    }
    let violations = stage.tally.print();
    ensure!(violations == 0, "{violations} violations (seed {seed})");
    Ok(())
}

/// Runs processes and causes faults until `end`, then checks the home directory when all processes
/// have ended.
fn period(stage: &Stage, weather: Weather, end: Instant, seeds: &mut fastrand::Rng) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| files::watch(stage, weather, &is_over));
        scope.spawn(|| process::watch(stage, &is_over));
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                let seed = seeds.u64(..);
                scope.spawn(move || work(stage, weather, end, seed));
            }
            fastrand::seed(seeds.u64(..));
            faults::cause(stage, weather, end);
        });
        quiet::check(stage, weather);
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Runs one job after the other.
fn work(stage: &Stage, weather: Weather, end: Instant, seed: u64) {
    fastrand::seed(seed);
    while Instant::now() < end {
        let run = Run::new(Job::choose(weather), weather);
        stage.tally.check(match run.job {
            Job::Serve => serve::run(stage, &run),
            Job::Logout => log_out(stage, &run),
            _ => process::complete(stage, &run, &[]).map(drop),
        });
        pause(0..40);
    }
}

/// Logs out, and logs in again a moment later.
fn log_out(stage: &Stage, run: &Run) -> Result<()> {
    stage.logouts.during(|| {
        let before = logins::refresh_token(stage);
        let output = process::complete(stage, run, &[]);
        let after = logins::refresh_token(stage);
        pause(0..500);
        logins::log_in(stage);
        // Another process may log in meanwhile, but none may store this token again.
        let is_left = output?.status.success() && before.is_some() && before == after;
        ensure!(!is_left, "a logout left the refresh token");
        Ok(())
    })
}
