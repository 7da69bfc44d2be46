//! Checks the files of the home directory while processes run.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::config;
use crate::stage::{Stage, Weather};

/// The inode and content of each file at the last check. The file is held open, so that no other file
/// gets its inode.
type Seen = HashMap<PathBuf, (File, u64, Vec<u8>)>;

/// Checks all files again and again: each is private. The config file and the files of the caches are
/// complete, and are replaced, not written in place, unless other tools do so in mixed weather.
pub(crate) fn watch(stage: &Stage, weather: Weather, is_over: &AtomicBool) {
    let mut seen = Seen::new();
    while !is_over.load(Ordering::Relaxed) {
        for path in directories(stage).into_iter().chain(entries(stage)) {
            stage.tally.check(check_mode(&path));
            let has_content = has_extension(&path, "json") || path == stage.home.config_file;
            if has_content && weather != Weather::Mixed {
                stage.tally.check(check_content(stage, &path, &mut seen));
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

/// Checks that a file or directory is private, also a lock file or a temporary file. The processes
/// run with the mode mask 0.
fn check_mode(path: &Path) -> Result<()> {
    // It may have been removed.
    let mode = fs::symlink_metadata(path).map_or(0, |it| it.mode() & 0o777);
    ensure!(mode.trailing_zeros() >= 6, "others may use {}: mode {mode:o}", path.display());
    Ok(())
}

fn check_content(stage: &Stage, path: &Path, all: &mut Seen) -> Result<()> {
    let Ok((file, inode, content)) = read(path) else { return Ok(()) };
    let is_complete = if path == stage.home.config_file {
        config::generated(stage, &String::from_utf8_lossy(&content)).is_some()
    } else {
        serde_json::from_slice::<Value>(&content).is_ok()
    };
    ensure!(is_complete, "{} is incomplete: {} bytes", path.display(), content.len());
    let was_changed = all.get(path).is_some_and(|it| it.1 == inode && it.2 != content);
    all.insert(path.to_owned(), (file, inode, content));
    ensure!(!was_changed, "{} was written in place", path.display());
    Ok(())
}

fn read(path: &Path) -> io::Result<(File, u64, Vec<u8>)> {
    let mut file = File::open(path)?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    let inode = file.metadata()?.ino();
    Ok((file, inode, content))
}
