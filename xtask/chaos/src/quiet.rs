//! Checks the home directory after each kind of weather, when no process runs.

use std::fs;
use std::path::Path;

use sso_emulator::Operation;

use super::command::What;
use super::{Stage, Weather, files, logins, process};

/// Judges what `weather` has left, and clears the sky.
pub(crate) fn check(stage: &Stage, weather: Weather) {
    stage.emulator.clear_faults();
    if weather.has_one_writer() {
        check_one_writer(stage);
    }
    if weather == Weather::Unwritable {
        // The next process that takes the lock puts in place what could not be written.
        process::run_undisturbed(stage, What::Token);
    }
    if weather.keeps_the_session() {
        check_session(stage, weather);
    }
    if weather != Weather::Deadly {
        check_nothing_is_left(stage, weather);
    }
    logins::log_in(stage);
    // The next writer removes the temporary file of a killed one.
    logins::forget_role_credentials(stage);
    process::run_undisturbed(stage, What::Credentials);
    process::run_undisturbed(stage, What::CachedCredentials);
    check_nothing_is_left(stage, weather);
    for (what, count) in stage.emulator.counts().named() {
        if count > 0 {
            stage.tally.add(&format!("service: {what}"), count);
        }
    }
    stage.emulator.reset_counts();
    stage.relay.take_most_in_flight();
}

/// All who refresh take the lock: one at a time asks for a token, and with a token that is not spent.
fn check_one_writer(stage: &Stage) {
    stage.tally.count("check: one writer at a time");
    let most = stage.relay.take_most_in_flight();
    if most > 1 {
        stage.tally.violation(&format!("two writers: {most} refreshes were in flight at once"));
    }
    let requests = stage.emulator.requests();
    let refreshes = || requests.iter().filter(|it| it.operation == Some(Operation::CreateToken));
    if most == 0 && refreshes().next().is_some() {
        stage.tally.violation("the chaos itself does not see the refreshes that are in flight");
    }
    let spent = refreshes().filter(|it| it.status == Some(400)).count();
    if spent > 0 {
        let why = format!("two writers: a spent refresh token was presented, {spent} times");
        stage.tally.violation(&why);
    }
}

/// Nothing cost the session: the refresh token that the service takes is the one in the file.
fn check_session(stage: &Stage, weather: Weather) {
    stage.tally.count("check: the refresh token in the file is live");
    // A file without one, or no file at all, has lost it too.
    if !logins::is_live(stage, &stage.home.token_file) {
        let why =
            format!("the refresh token was lost in {weather:?} weather: the file's is not live");
        stage.tally.violation(&why);
    }
}

/// There are cache files and lock files, and nothing else. What a killed process wrote under a
/// random name may stay for an hour; it is cleared away here.
fn check_nothing_is_left(stage: &Stage, weather: Weather) {
    stage.tally.count("check: nothing is left behind");
    for directory in files::directories(stage) {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is = |extension| Path::new(&name).extension().is_some_and(|it| it == extension);
            if is("tmp") && weather == Weather::Deadly {
                stage.tally.count("left by a killed process, to be swept later");
                let _ = fs::remove_file(entry.path());
            } else if !is("json") && !is("lock") {
                let why = format!("{name} is left in {}", directory.display());
                stage.tally.violation(&why);
                let _ = fs::remove_file(entry.path());
            }
        }
    }
    if fs::read_dir(stage.scratch.path()).is_ok_and(|mut entries| entries.next().is_some()) {
        stage.tally.violation("something is left in the directory for temporary files");
    }
}
