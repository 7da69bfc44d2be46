//! Checks the files of the home directory while processes run.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::span::Moment;
use crate::stage::{Stage, Weather};

/// The time for which a tool that writes in place may leave a file incomplete.
const LONGEST_INCOMPLETE: Duration = Duration::from_secs(5);

/// A file as it was at the last check. It is held open, so that no other file gets its inode.
struct Seen {
    _file: File,
    inode: u64,
    content: Vec<u8>,
    /// The state of [`Stage::in_place`] then.
    moment: Moment,
}

/// Checks the config file and every file of the caches again and again: each is complete and private, and is replaced, not
/// written in place.
pub(crate) fn watch(stage: &Stage) {
    let mut seen = HashMap::new();
    while !stage.is_over() {
        if stage.weather() == Weather::Mixed {
            seen.clear();
        }
        for directory in directories(stage) {
            check_mode(stage, &directory);
        }
        for path in entries(stage) {
            check_mode(stage, &path);
            if has_extension(&path, "json") || path == stage.home.config_file {
                check(stage, &path, &mut seen);
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// All entries of the directories of AWS tools.
pub(crate) fn entries(stage: &Stage) -> Vec<PathBuf> {
    let directories = directories(stage);
    let entries = directories.iter().flat_map(|it| fs::read_dir(it).into_iter().flatten());
    entries.flatten().map(|entry| entry.path()).collect()
}

/// The files of role credentials.
pub(crate) fn role_credentials(stage: &Stage) -> Vec<PathBuf> {
    let [_, directory, _] = directories(stage);
    let mut entries = entries(stage);
    entries.retain(|path| path.starts_with(&directory) && has_extension(path, "json"));
    entries
}

pub(crate) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

/// The directories of the token files, the role credentials and the config file.
fn directories(stage: &Stage) -> [PathBuf; 3] {
    [".aws/sso/cache", ".aws/cli/cache", ".aws"].map(|it| stage.home.directory.join(it))
}

/// Checks that a file or directory is private, lock files and temporary files included. The processes
/// run with the mode mask 0.
fn check_mode(stage: &Stage, path: &Path) {
    // It may have been removed.
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    stage.tally.count("check: a file or directory is private");
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        stage.tally.violation(&format!("others may use {}: mode {mode:o}", path.display()));
    }
}

fn check(stage: &Stage, path: &Path, all: &mut HashMap<PathBuf, Seen>) {
    stage.tally.count("check: a cache file or the config file is complete");
    let moment = stage.in_place.now();
    let Some((file, inode, content)) = read(path) else { return };
    if stage.weather() == Weather::Mixed || stage.in_place.since(moment) {
        if stays_incomplete(stage, path) {
            stage.tally.violation(&format!("{} stays incomplete", path.display()));
        }
        return;
    }
    if !is_complete(stage, path, &content) {
        let length = content.len();
        stage.tally.violation(&format!("{} is incomplete: {length} bytes", path.display()));
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

fn stays_incomplete(stage: &Stage, file: &Path) -> bool {
    let since = Instant::now();
    loop {
        let Ok(bytes) = fs::read(file) else { return false };
        if is_complete(stage, file, &bytes) {
            return false;
        }
        if since.elapsed() >= LONGEST_INCOMPLETE {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_complete(stage: &Stage, path: &Path, content: &[u8]) -> bool {
    if path == stage.home.config_file {
        stage.config.is_expected(content)
    } else {
        serde_json::from_slice::<Value>(content).is_ok()
    }
}
