//! The files under the home, as anyone may look at them at any moment.
//!
//! Not responsible for what the processes print.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;
use sso_emulator::Home;

use super::{PROFILES, Stage, process};

/// How long a tool that writes in place may leave a file torn.
const TORN_AT_MOST: Duration = Duration::from_millis(500);

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

/// Reads every cache file again and again: each is whole, whoever writes.
pub(crate) fn watch(stage: &Stage) {
    while !stage.is_over() {
        for file in json_files(stage) {
            stage.tally.count("looks at a cache file");
            if let Some(torn) = torn(&file) {
                let why = format!("{} stays torn: {torn}", file.display());
                stage.tally.violation(&why);
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn torn(file: &Path) -> Option<String> {
    let since = Instant::now();
    loop {
        // A file that is gone has been removed by a logout, whole.
        let bytes = fs::read(file).ok()?;
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(_) => return None,
            Err(_) if since.elapsed() < TORN_AT_MOST => thread::sleep(Duration::from_millis(1)),
            Err(error) => return Some(format!("{} bytes, {:?}", bytes.len(), error.classify())),
        }
    }
}

/// After a run that nothing disturbs there are cache files and lock files, and nothing else.
pub(crate) fn check_nothing_is_left(stage: &Stage) {
    process::run_undisturbed(stage);
    for directory in directories(stage) {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !Path::new(&name).extension().is_some_and(|it| it == "json" || it == "lock") {
                stage.tally.violation(&format!("{name} is left in {}", directory.display()));
            }
        }
    }
}

fn json_files(stage: &Stage) -> Vec<PathBuf> {
    let directories = directories(stage);
    let entries = directories.iter().filter_map(|it| fs::read_dir(it).ok()).flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|it| it == "json")).collect()
}

/// The directories of the token files and of the role credentials.
fn directories(stage: &Stage) -> [PathBuf; 2] {
    let aws = stage.home.directory.join(".aws");
    [aws.join("sso/cache"), aws.join("cli/cache")]
}
