//! What all threads of a run share.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::Result;
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::config::Config;
use crate::disk::Disk;
use crate::span::Span;
use crate::tally::Tally;

/// Shorter than the refresh window, so that every process that starts wants to refresh.
const TOKEN_LIFETIME: Duration = Duration::from_secs(20);
/// A little longer than the remaining lifetime that cached role credentials must have.
const CREDENTIALS_LIFETIME: Duration = Duration::from_secs(15 * 60 + 20);

/// A profile with its account and role.
pub(crate) type Profile = (&'static str, &'static str, &'static str);

/// The profiles of the home, apart from the emulator's own.
pub(crate) const PROFILES: &[Profile] = &[
    ("first-reader", "111111111111", "Reader"),
    ("first-writer", "111111111111", "Writer"),
    ("second-reader", "222222222222", "Reader"),
];

/// The kinds of faults of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// No fault can end the session. No process may say that a login is required.
    Gentle,
    /// The same, with processes of botocore, which takes no lock and writes in place.
    Mixed,
    /// A full disk, a read-only file system, a closed directory. A refresh token must not be spent if the
    /// new one cannot be stored.
    Unwritable,
    /// Faults that can end a session: answers lost after the token was spent, or a disk that is full for
    /// one process.
    Harsh,
    /// Faults that may also leave a temporary file: SIGKILL, and a closed directory.
    Deadly,
}

impl Weather {
    pub(crate) const ROUND: &[Self] =
        &[Self::Gentle, Self::Unwritable, Self::Harsh, Self::Deadly, Self::Mixed];

    /// Returns whether no fault can end the session.
    pub(crate) fn keeps_the_session(self) -> bool {
        matches!(self, Self::Gentle | Self::Unwritable | Self::Mixed)
    }

    /// Returns whether, besides, every process takes the lock to refresh.
    pub(crate) fn has_one_writer(self) -> bool {
        matches!(self, Self::Gentle | Self::Unwritable)
    }
}

/// A process that is running.
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) ours: bool,
    pub(crate) stopped: bool,
    pub(crate) killed: bool,
    pub(crate) since: Instant,
}

pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) disk: Disk,
    pub(crate) home: Home,
    pub(crate) config: Config,
    /// The directory for temporary files of the processes.
    pub(crate) scratch: TempDir,
    pub(crate) program: PathBuf,
    /// A Python that has botocore.
    pub(crate) python: Option<PathBuf>,
    weather: RwLock<Weather>,
    /// Locked for reading by each running process, and for writing while no process may run.
    pub(crate) under_way: RwLock<()>,
    running: Mutex<Vec<Running>>,
    /// When the services or the disk had a fault.
    pub(crate) services: Span,
    /// When there was no login, or only a part of the file.
    pub(crate) logins: Span,
    /// When the run itself wrote a file in place, as the AWS CLI does.
    pub(crate) in_place: Span,
    pub(crate) login: Mutex<()>,
    over: AtomicBool,
    pub(crate) tally: Tally,
}

impl Stage {
    pub(crate) fn new(runtime: &Runtime, program: PathBuf) -> Result<Self> {
        let disk = Disk::new()?;
        let mut builder = Emulator::builder()
            .rotate_refresh_tokens(true)
            .token_ttl(TOKEN_LIFETIME)
            .credentials_ttl(CREDENTIALS_LIFETIME)
            .account("111111111111", "First", "first@example.com", ["Reader", "Writer"])
            .account("222222222222", "Second", "second@example.com", ["Reader"]);
        for (name, account_id, role_name) in PROFILES {
            builder = builder.extra_profile(*name, *account_id, *role_name);
        }
        let emulator = runtime.block_on(builder.start())?;
        let home = emulator.write_home(disk.path(), TokenState::Valid)?;
        Ok(Self {
            emulator,
            config: Config::new(&home)?,
            disk,
            home,
            scratch: TempDir::new()?,
            program,
            python: python(),
            weather: RwLock::new(Weather::Gentle),
            under_way: RwLock::new(()),
            running: Mutex::default(),
            services: Span::default(),
            logins: Span::default(),
            in_place: Span::default(),
            login: Mutex::default(),
            over: AtomicBool::new(false),
            tally: Tally::new(),
        })
    }

    pub(crate) fn weather(&self) -> Weather {
        *self.weather.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        *self.weather.write().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// Returns whether this machine can have this kind of weather.
    pub(crate) fn has(&self, weather: Weather) -> bool {
        weather != Weather::Mixed || self.python.is_some()
    }

    /// What cannot be done on this machine.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &'static str> {
        [
            (self.python.is_some(), "botocore, which is not installed"),
            (
                self.disk.is_small(),
                "a disk that is full or read-only for all: no file system can be mounted",
            ),
            (
                self.disk.can_close(),
                "a directory that is closed to new files: it cannot be made immutable for root",
            ),
        ]
        .into_iter()
        .filter_map(|(is_possible, what)| (!is_possible).then_some(what))
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub(crate) fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn python() -> Option<PathBuf> {
    let script = "import sys, botocore; print(sys.executable)";
    let output = Command::new("python3").args(["-c", script]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().into())
}
