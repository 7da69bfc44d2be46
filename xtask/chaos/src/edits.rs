//! Edits the config file while `populate` runs, and checks `populate`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::command::{What, command};
use crate::config::first_line;
use crate::judge::Run;
use crate::process::must_succeed;
use crate::stage::{PROFILES, Stage};
use crate::{logins, process};

/// One edit in so many may be lost. `populate` checks that the file is unchanged and then renames its
/// own; no lock excludes another program between these two steps.
const EDITS_FOR_A_LOSS: u64 = 500;

/// Edits the file as a program without a lock does, while a `populate` runs.
pub(crate) fn edit(stage: &Stage, random: &mut fastrand::Rng) {
    let Some(profile) = random.choice(PROFILES) else { return };
    // `populate` gives up if the file keeps changing.
    stage.services.during(|| {
        thread::scope(|scope| {
            let populate = scope.spawn(|| {
                let command = command(stage, What::Populate, false, profile.0, false);
                process::finish(stage, Run::new(stage, What::Populate, profile), command)
            });
            while !populate.is_finished() {
                edit_once(stage, random);
            }
        });
    });
}

/// Changes the first line and removes the generated profiles. Checks a moment later that the change
/// is still there.
fn edit_once(stage: &Stage, random: &mut fastrand::Rng) {
    stage.tally.count("check: an edit of the config file by another program is kept");
    let (config, file) = (&stage.config, &stage.home.config_file);
    let number = config.edits.fetch_add(1, Ordering::Relaxed) + 1;
    let first_line = first_line(number);
    if logins::replace(stage, file, &(first_line.clone() + &config.users)).is_err() {
        stage.tally.violation("chaos could not edit the config file");
    }
    thread::sleep(Duration::from_millis(random.u64(1..8)));
    if !fs::read_to_string(file).is_ok_and(|content| content.starts_with(&first_line)) {
        let lost = config.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost > 1 + number / EDITS_FOR_A_LOSS {
            let why = format!("{lost} of {number} edits of the config file were lost");
            stage.tally.violation(&why);
        }
    }
}

/// Checks that `populate` writes exactly the expected profiles, and that a second one writes nothing.
pub(crate) fn check(stage: &Stage) {
    stage.tally.count("check: populate writes the expected profiles, and then nothing");
    let [(profile, ..), ..] = PROFILES else { return };
    let (config, file) = (&stage.config, &stage.home.config_file);
    let inode = || fs::metadata(file).map(|it| it.ino()).ok();
    must_succeed(stage, What::Populate, profile);
    let first = inode();
    let content = fs::read_to_string(file).unwrap_or_default();
    if !content.ends_with(&config.populated) {
        stage.tally.violation(&format!("populate wrote something else: {content:?}"));
    }
    must_succeed(stage, What::Populate, profile);
    if inode() != first || fs::read_to_string(file).ok() != Some(content) {
        stage.tally.violation("a second populate wrote the config file");
    }
}
