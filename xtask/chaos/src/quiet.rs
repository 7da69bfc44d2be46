//! Checks the home directory after each period, while no process runs.

use std::fs;

use sso_emulator::Operation;

use crate::command::What;
use crate::stage::{Stage, Weather};
use crate::{files, logins, process};

/// Checks the state that the period has left, and starts anew.
pub(crate) fn check(stage: &Stage, weather: Weather) {
    stage.emulator.clear_faults();
    if weather.has_one_writer() {
        check_one_writer(stage);
    }
    if weather == Weather::Unwritable {
        // The next process that takes the lock finishes what could not be written.
        process::run_undisturbed(stage, What::Token);
    }
    if weather.keeps_the_session() {
        stage.tally.count("check: the refresh token in the file is live");
        if !logins::is_live(stage) {
            let why = format!("the refresh token was lost in {weather:?} weather");
            stage.tally.violation(&why);
        }
    }
    if weather != Weather::Deadly {
        check_nothing_is_left(stage, weather);
    }
    logins::log_in(stage);
    logins::forget_role_credentials(stage);
    // The next writer removes the temporary file of a killed process.
    process::run_undisturbed(stage, What::Credentials);
    process::run_undisturbed(stage, What::CachedCredentials);
    check_nothing_is_left(stage, weather);
    for (what, count) in stage.emulator.counts().named().filter(|it| it.1 > 0) {
        stage.tally.add(&format!("service: {what}"), count);
    }
    stage.emulator.reset_counts();
}

/// Checks that the processes refreshed one at a time, each with the newest refresh token.
fn check_one_writer(stage: &Stage) {
    stage.tally.count("check: one writer at a time");
    let requests = stage.emulator.requests();
    let is_spent = |status| status == Some(400);
    let refreshes = requests.iter().filter(|it| it.operation == Some(Operation::CreateToken));
    let spent = refreshes.filter(|it| is_spent(it.status)).count();
    if spent > 0 {
        stage.tally.violation(&format!("a spent refresh token was sent, {spent} times"));
    }
}

/// Checks that there are only cache files and lock files. A killed process may leave a file with a
/// random name for an hour.
fn check_nothing_is_left(stage: &Stage, weather: Weather) {
    stage.tally.count("check: nothing is left behind");
    for path in files::entries(stage) {
        if files::has_extension(&path, "tmp") && weather == Weather::Deadly {
            stage.tally.count("left by a killed process, to be removed later");
            let _ = fs::remove_file(path);
        } else if !files::has_extension(&path, "json") && !files::has_extension(&path, "lock") {
            stage.tally.violation(&format!("{} is left behind", path.display()));
            let _ = fs::remove_file(path);
        }
    }
    if fs::read_dir(stage.scratch.path()).is_ok_and(|mut entries| entries.next().is_some()) {
        stage.tally.violation("a file is left in the directory for temporary files");
    }
}
