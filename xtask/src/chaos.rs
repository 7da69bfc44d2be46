//! Many processes, one home, faults at random, and what must hold all the same.
//!
//! This file runs the show: cycles of gentle and of harsh faults, and the account at the end. A seed
//! repeats the choices, not the timing. Linux and other Unixes only: faults are signals and limits.

mod faults;
mod files;
mod process;
mod tally;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;
use xshell::cmd;

use crate::demo::binary;
use crate::project;

use tally::Tally;

/// Shorter than the refresh window, so that every process that starts wants to refresh.
const TOKENS_LIVE: Duration = Duration::from_secs(20);
/// Processes that run at the same time.
const WORKERS: u64 = 6;
/// How long one kind of weather lasts.
const CYCLE: Duration = Duration::from_secs(20);

/// The profiles of the home beside the emulator's own, with the account and the role of each.
const PROFILES: &[(&str, &str, &str)] = &[
    ("first-reader", "111111111111", "Reader"),
    ("first-writer", "111111111111", "Writer"),
    ("second-reader", "222222222222", "Reader"),
];

/// What may go wrong at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    /// Nothing that can cost the session: not one process may be told to log in.
    Gentle,
    /// The same, with botocore beside us: it takes no lock.
    Mixed,
    /// What can cost a session whoever is careful: answers lost after the token was spent, kills
    /// before an answer is on the disk, a disk that is full for a process that then ends.
    Harsh,
}

/// What all threads of a run share.
struct Stage {
    emulator: Emulator,
    home: Home,
    program: std::path::PathBuf,
    has_botocore: bool,
    faketime: Option<&'static str>,
    weather: RwLock<Weather>,
    /// Read-held by each process under way; write-held while the weather changes.
    under_way: RwLock<()>,
    running: Mutex<Vec<process::Running>>,
    /// Counts the moments at which the login changed, or may have got lost.
    disturbances: AtomicU64,
    /// How many disturbances last right now: a logout that no login has followed, a fault switched on.
    outages: AtomicUsize,
    login: Mutex<()>,
    over: AtomicBool,
    tally: Tally,
}

pub(crate) fn run(minutes: f64, seed: Option<u64>) -> Result<()> {
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("building ssocreds …");
    let (shell, cargo) = (project::shell()?, project::cargo());
    cmd!(shell, "{cargo} build --quiet --package sso-cli").quiet().run()?;

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let directory = TempDir::new()?;
    let emulator = runtime.block_on(
        Emulator::builder()
            .rotate_refresh_tokens(true)
            .token_ttl(TOKENS_LIVE)
            .account("111111111111", "First", "first@example.com", ["Reader", "Writer"])
            .account("222222222222", "Second", "second@example.com", ["Reader"])
            .start(),
    )?;
    let home = emulator.write_home(directory.path(), TokenState::Valid)?;
    files::add_profiles(&home)?;
    let stage = Stage {
        emulator,
        home,
        program: binary("ssocreds")?,
        has_botocore: process::has_botocore(),
        faketime: process::faketime(),
        weather: RwLock::new(Weather::Gentle),
        under_way: RwLock::new(()),
        running: Mutex::default(),
        disturbances: AtomicU64::new(0),
        outages: AtomicUsize::new(0),
        login: Mutex::default(),
        over: AtomicBool::new(false),
        tally: Tally::default(),
    };
    println!("chaos: seed {seed}, {minutes} minutes, {WORKERS} processes at a time");
    for (name, there) in
        [("botocore", stage.has_botocore), ("libfaketime", stage.faketime.is_some())]
    {
        if !there {
            println!("chaos: {name} is not installed here; its part is left out");
        }
    }
    let until = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    thread::scope(|scope| {
        for number in 0..WORKERS {
            let (stage, random) = (&stage, fastrand::Rng::with_seed(seed ^ (number + 1)));
            scope.spawn(move || process::work(stage, random));
        }
        scope.spawn(|| files::watch(&stage));
        let random = fastrand::Rng::with_seed(seed);
        cycles(&stage, random, until);
        stage.over.store(true, Ordering::SeqCst);
    });
    stage.tally.print(&stage.emulator.counts());
    let violations = stage.tally.violations();
    if violations > 0 {
        bail!("{violations} violations (seed {seed})");
    }
    Ok(())
}

/// Changes the weather until time is up; between two kinds of it the sky is clear for a moment.
fn cycles(stage: &Stage, mut random: fastrand::Rng, until: Instant) {
    let all = [Weather::Gentle, Weather::Harsh, Weather::Mixed, Weather::Harsh];
    let kinds = all.iter().filter(|it| **it != Weather::Mixed || stage.has_botocore).cycle();
    for weather in kinds {
        // Nothing is under way here: what must hold when all is quiet is looked at.
        let quiet = stage.under_way.write().unwrap_or_else(PoisonError::into_inner);
        stage.emulator.clear_faults();
        faults::log_in(stage);
        files::check_nothing_is_left(stage);
        *stage.weather.write().unwrap_or_else(PoisonError::into_inner) = *weather;
        drop(quiet);
        if Instant::now() >= until {
            return;
        }
        let end = until.min(Instant::now() + CYCLE);
        faults::rage(stage, *weather, &mut random, end);
    }
}

impl Stage {
    fn weather(&self) -> Weather {
        *self.weather.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn disturb(&self) {
        self.disturbances.fetch_add(1, Ordering::SeqCst);
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Vec<process::Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
