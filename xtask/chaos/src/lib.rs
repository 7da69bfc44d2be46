//! Runs many processes in one home directory, causes faults at random, and checks what must always hold.
//!
//! A run is a series of periods ("weather"), each with its kinds of faults, with a check of the quiet
//! home directory after each, and a summary at the end. A seed repeats the choices, not the timing. Runs
//! on Unix only, since the faults are signals, limits and modes. docs/CONTRIBUTING.md says how to read a
//! run.

#![forbid(unsafe_code)]
#![cfg(unix)]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a maintainer's task: it prints, and reads the machine's clock and files"
)]

mod command;
mod disk;
mod faults;
mod files;
mod judge;
mod logins;
mod process;
mod quiet;
mod relay;
mod secrets;
mod signals;
mod span;
mod tally;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;

use command::Tools;
use disk::Disk;
use relay::Relay;
use span::Span;
use tally::Tally;

/// Shorter than the refresh window, so that every process that starts wants to refresh.
const TOKENS_LIVE: Duration = Duration::from_secs(20);
/// A little longer than cached role credentials must have left: the cache serves for that little.
const CREDENTIALS_LIVE: Duration = Duration::from_secs(15 * 60 + 20);
/// Processes that run at the same time.
const WORKERS: u64 = 6;
/// How long one kind of weather lasts: a sixth of the run, within these.
const SHORTEST_CYCLE: Duration = Duration::from_secs(5);
const LONGEST_CYCLE: Duration = Duration::from_secs(20);
/// A shorter run has no time for what takes longer than the time limits.
const LONG_RUN: Duration = Duration::from_secs(4 * 60);

/// The profiles of the home beside the emulator's own, with the account and the role of each.
const PROFILES: &[(&str, &str, &str)] = &[
    ("first-reader", "111111111111", "Reader"),
    ("first-writer", "111111111111", "Writer"),
    ("second-reader", "222222222222", "Reader"),
];

/// The kinds of faults at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    /// No fault that can end the session: no process may say that a login is needed.
    Gentle,
    /// The same, with processes of botocore, which takes no lock and writes in place.
    Mixed,
    /// A full disk, a read-only file system, a closed directory: a refresh token that could not be
    /// replaced must not be spent.
    Unwritable,
    /// Faults that can end a session in any case: answers lost after the token was spent, a disk that
    /// is full for a process that then ends, a wrong clock.
    Harsh,
    /// Faults that may also leave a temporary file: kills, a directory that nobody can write to.
    Deadly,
    /// The holder of the token file's lock is stopped for longer than any process waits for it.
    Frozen,
}

impl Weather {
    const ROUND: &[Self] = &[
        Self::Gentle,
        Self::Unwritable,
        Self::Harsh,
        Self::Deadly,
        Self::Mixed,
        Self::Gentle,
        Self::Frozen,
    ];

    /// Whether nothing in it can cost the session.
    fn keeps_the_session(self) -> bool {
        matches!(self, Self::Gentle | Self::Unwritable | Self::Mixed | Self::Frozen)
    }

    /// Whether, besides, all who refresh take the lock.
    fn has_one_writer(self) -> bool {
        matches!(self, Self::Gentle | Self::Unwritable | Self::Frozen)
    }
}

/// What all threads of a run share.
struct Stage {
    emulator: Emulator,
    relay: Relay,
    disk: Disk,
    home: Home,
    /// For files of the chaos itself.
    scratch: TempDir,
    program: PathBuf,
    tools: Tools,
    has_time: bool,
    weather: RwLock<Weather>,
    /// Read-held by each process under way; write-held while the weather changes.
    under_way: RwLock<()>,
    running: Mutex<Vec<process::Running>>,
    /// When the services, or what leads to them, were not as they should be.
    services: Span,
    /// When there was no login, or not a whole one.
    logins: Span,
    /// When the chaos itself wrote a file in place, as the AWS CLI does.
    in_place: Span,
    login: Mutex<()>,
    /// Whether the new token of a killed process waits to be found: nobody else may log in.
    survives: AtomicBool,
    over: AtomicBool,
    tally: Tally,
}

/// Runs for so many minutes. The seed of an earlier run repeats its choices.
pub fn run(minutes: f64, seed: Option<u64>) -> Result<()> {
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let length = Duration::try_from_secs_f64(minutes * 60.0).context("--minutes")?;
    let program = project::ssocreds()?;

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let disk = Disk::new()?;
    let emulator = runtime.block_on(
        Emulator::builder()
            .rotate_refresh_tokens(true)
            .token_ttl(TOKENS_LIVE)
            .credentials_ttl(CREDENTIALS_LIVE)
            .account("111111111111", "First", "first@example.com", ["Reader", "Writer"])
            .account("222222222222", "Second", "second@example.com", ["Reader"])
            .start(),
    )?;
    let home = emulator.write_home(disk.path(), TokenState::Valid)?;
    files::add_profiles(&home)?;
    let stage = Stage {
        relay: Relay::open(runtime.handle(), &emulator.portal_url())?,
        emulator,
        disk,
        home,
        scratch: TempDir::new()?,
        program,
        tools: Tools::find(),
        has_time: length >= LONG_RUN,
        weather: RwLock::new(Weather::Gentle),
        under_way: RwLock::new(()),
        running: Mutex::default(),
        services: Span::default(),
        logins: Span::default(),
        in_place: Span::default(),
        login: Mutex::default(),
        survives: AtomicBool::new(false),
        over: AtomicBool::new(false),
        tally: Tally::new(),
    };
    println!("chaos: seed {seed}, {minutes} minutes, {WORKERS} processes at a time");
    for missing in stage.left_out() {
        println!("chaos: left out: {missing}");
    }
    thread::scope(|scope| {
        for number in 0..WORKERS {
            let (stage, random) = (&stage, fastrand::Rng::with_seed(seed ^ (number + 1)));
            scope.spawn(move || process::work(stage, random));
        }
        scope.spawn(|| files::watch(&stage));
        scope.spawn(|| process::watch(&stage));
        cycles(&stage, fastrand::Rng::with_seed(seed), length);
        stage.over.store(true, Ordering::SeqCst);
    });
    stage.tally.print();
    let violations = stage.tally.violations();
    if violations > 0 {
        bail!("{violations} violations (seed {seed})");
    }
    Ok(())
}

/// Changes the weather until time is up; between two kinds of it all is quiet for a moment.
fn cycles(stage: &Stage, mut random: fastrand::Rng, length: Duration) {
    let until = Instant::now() + length;
    let cycle = (length / 6).clamp(SHORTEST_CYCLE, LONGEST_CYCLE);
    let kinds = Weather::ROUND.iter().filter(|it| stage.has(**it)).cycle();
    for weather in kinds {
        // Nothing is under way here: what must hold when all is quiet is looked at.
        let quiet = stage.under_way.write().unwrap_or_else(PoisonError::into_inner);
        quiet::check(stage, stage.weather());
        *stage.weather.write().unwrap_or_else(PoisonError::into_inner) = *weather;
        drop(quiet);
        if Instant::now() >= until {
            return;
        }
        let end = until.min(Instant::now() + cycle);
        faults::rage(stage, *weather, &mut random, end);
    }
}

impl Stage {
    fn weather(&self) -> Weather {
        *self.weather.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this kind of weather can be had in this run.
    fn has(&self, weather: Weather) -> bool {
        match weather {
            Weather::Mixed => self.tools.python.is_some(),
            Weather::Frozen => self.has_time && signals::can_tell_holders(),
            _ => true,
        }
    }

    fn left_out(&self) -> impl Iterator<Item = &'static str> {
        [
            (self.tools.python.is_some(), "botocore, which is not installed"),
            (self.tools.faketime.is_some(), "wrong clocks: libfaketime is not installed"),
            (signals::can_tell_holders(), "who holds a lock, and command lines: there is no /proc"),
            (
                self.disk.is_small(),
                "a disk that is full or read-only for all: no small one can be mounted",
            ),
            (
                self.disk.read_only_path().is_some(),
                "a home that is read-only for one process: it cannot be mounted twice",
            ),
            (
                self.disk.can_close(),
                "a directory that nobody can write to: it cannot be made immutable for root",
            ),
            (
                self.has_time,
                "stops for longer than the time limits: the run is shorter than 4 minutes",
            ),
        ]
        .into_iter()
        .filter_map(|(is_there, what)| (!is_there).then_some(what))
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn running(&self) -> MutexGuard<'_, Vec<process::Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
