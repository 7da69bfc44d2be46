//! Checks the files under the home directory at any moment.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;
use sso_emulator::Home;

use super::span::Moment;
use super::{PROFILES, Stage, Weather};

/// How long a tool that writes in place may leave a file torn.
const TORN_AT_MOST: Duration = Duration::from_secs(5);

/// A cache file as it was when it was looked at last. It is held open: no other file gets its inode.
struct Seen {
    _file: File,
    inode: u64,
    content: Vec<u8>,
    /// How the files stood that the chaos writes in place.
    moment: Moment,
}

pub(crate) fn add_profiles(home: &Home) -> Result<()> {
    let mut config = OpenOptions::new().append(true).open(&home.config_file)?;
    for (name, account, role) in PROFILES {
        writeln!(
            config,
            "\n[profile {name}]\nsso_session = dev-session\n\
             sso_account_id = {account}\nsso_role_name = {role}\nregion = us-east-1"
        )?;
    }
    Ok(())
}

/// Checks every file of the caches again and again: each is complete, and private to its owner.
pub(crate) fn watch(stage: &Stage) {
    let mut seen = HashMap::new();
    while !stage.is_over() {
        if stage.weather() == Weather::Mixed {
            seen.clear();
        }
        for directory in directories(stage) {
            check_mode(stage, &directory);
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                check_mode(stage, &path);
                if has_extension(&path, "json") {
                    look(stage, &path, &mut seen);
                } else if !has_extension(&path, "lock") {
                    stage.tally.count("check: a temporary file seen while it is written");
                }
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn json_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| has_extension(path, "json")).collect()
}

/// The directories of the token files and of the role credentials.
pub(crate) fn directories(stage: &Stage) -> [PathBuf; 2] {
    [stage.home.directory.join(".aws/sso/cache"), role_credentials(stage)]
}

pub(crate) fn role_credentials(stage: &Stage) -> PathBuf {
    stage.home.directory.join(".aws/cli/cache")
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

/// Temporary files and lock files included. Processes leave nothing to the mode mask: it is 0.
fn check_mode(stage: &Stage, path: &Path) {
    // Gone by now, perhaps.
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    stage.tally.count("check: a file or directory is its owner's alone");
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        stage.tally.violation(&format!("others may use {}: mode {mode:o}", path.display()));
    }
}

fn look(stage: &Stage, path: &Path, all: &mut HashMap<PathBuf, Seen>) {
    stage.tally.count("check: a cache file is whole");
    let moment = stage.in_place.now();
    // A file that is gone has been removed by a logout, whole.
    let Some((file, inode, content)) = read(path) else { return };
    let is_mixed = stage.weather() == Weather::Mixed;
    if is_mixed || stage.in_place.since(moment) {
        if let Some(torn) = stays_torn(path) {
            stage.tally.violation(&format!("{} stays torn: {torn}", path.display()));
        }
        return;
    }
    if let Err(error) = serde_json::from_slice::<Value>(&content) {
        let what = format!("{} bytes, {:?}", content.len(), error.classify());
        stage.tally.violation(&format!("{} is torn: {what}", path.display()));
        return;
    }
    let before = all.get(path).filter(|it| it.inode == inode && !stage.in_place.since(it.moment));
    if before.is_some_and(|it| it.content != content) {
        stage.tally.violation(&format!("{} was written in place", path.display()));
    }
    all.insert(path.to_owned(), Seen { _file: file, inode, content, moment });
}

fn read(path: &Path) -> Option<(File, u64, Vec<u8>)> {
    let mut file = File::open(path).ok()?;
    let mut content = Vec::new();
    file.read_to_end(&mut content).ok()?;
    let inode = file.metadata().ok()?.ino();
    Some((file, inode, content))
}

fn stays_torn(file: &Path) -> Option<String> {
    let since = Instant::now();
    loop {
        let bytes = fs::read(file).ok()?;
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(_) => return None,
            Err(_) if since.elapsed() < TORN_AT_MOST => thread::sleep(Duration::from_millis(1)),
            Err(error) => return Some(format!("{} bytes, {:?}", bytes.len(), error.classify())),
        }
    }
}
