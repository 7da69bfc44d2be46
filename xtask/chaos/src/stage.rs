//! What all threads of a run share.

use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use parking_lot::Mutex;
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::disk::Disk;
use crate::span::Span;
use crate::tally::Tally;

/// Shorter than the refresh window, so that every process that starts wants to refresh.
const TOKEN_LIFETIME: Duration = Duration::from_secs(20);
/// A little longer than the remaining lifetime that cached role credentials must have.
const CREDENTIALS_LIFETIME: Duration = Duration::from_secs(15 * 60 + 20);

/// A profile with its account and role.
pub(crate) type Profile = (&'static str, &'static str, &'static str);

/// The profiles that processes use.
pub(crate) static PROFILES: [Profile; 3] = [
    ("first-reader", "111111111111", "Reader"),
    ("first-writer", "111111111111", "Writer"),
    ("second-reader", "222222222222", "Reader"),
];

/// The kinds of faults of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// No fault can end the session. No process may require a login, and a refresh token must not be
    /// spent if the new one cannot be stored.
    Gentle,
    /// Faults that can end a session, such as an answer that is lost after the refresh token was
    /// spent, and faults that can leave a temporary file, such as SIGKILL.
    Harsh,
    /// Those of gentle weather, with tools that take no lock and write in place.
    Mixed,
}

pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) home: Home,
    pub(crate) disk: Disk,
    /// The config file that the emulator wrote.
    pub(crate) config: String,
    /// The directory for temporary files of the processes.
    pub(crate) temporary: TempDir,
    pub(crate) program: PathBuf,
    /// The processes of `ssocreds` and its clients, and when each was started.
    pub(crate) running: Mutex<HashMap<u32, Instant>>,
    /// When the services, the disk or a process had a fault.
    pub(crate) faults: Span,
    /// When there was no login, or only a part of the file.
    pub(crate) logouts: Span,
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
            builder = builder.extra_profile(name, account_id, role_name);
        }
        let emulator = runtime.block_on(builder.start())?;
        let home = emulator.write_home(disk.path(), TokenState::Valid)?;
        Ok(Self {
            emulator,
            config: fs::read_to_string(&home.config_file)?,
            home,
            disk,
            temporary: TempDir::new()?,
            program,
            running: Mutex::default(),
            faults: Span::default(),
            logouts: Span::default(),
            tally: Tally::default(),
        })
    }
}

/// Sleeps for a random number of milliseconds.
pub(crate) fn pause(milliseconds: Range<u64>) {
    thread::sleep(Duration::from_millis(fastrand::u64(milliseconds)));
}
