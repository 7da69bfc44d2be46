//! Checks the home directory after each period, while no process runs.

use std::fs;
use std::path::Path;

use crate::command::What;
use crate::stage::{PROFILES, Stage, Weather};
use crate::{edits, files, logins, process};

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
    check_logout_and_login(stage, weather);
    edits::check(stage);
    // The next writer removes the temporary file of a killed process.
    process::run_undisturbed(stage, What::Credentials);
    process::run_undisturbed(stage, What::CachedCredentials);
    // It removes the directory that a killed endpoint left.
    process::run_undisturbed(stage, What::Renew);
    check_nothing_is_left(stage, weather);
    for (what, count) in stage.emulator.counts().named().filter(|it| it.1 > 0) {
        stage.tally.add(&format!("service: {what}"), count);
    }
    stage.emulator.reset_counts();
}

/// Checks that the processes refreshed one at a time, each with the newest refresh token.
fn check_one_writer(stage: &Stage) {
    stage.tally.count("check: one writer at a time");
    let spent = stage.emulator.counts().spent_refresh_tokens;
    if spent > 0 {
        stage.tally.violation(&format!("a spent refresh token was sent, {spent} times"));
    }
}

/// Checks that `logout` ends the session and removes its files, and that `login` stores a new one.
fn check_logout_and_login(stage: &Stage, weather: Weather) {
    stage
        .tally
        .count("check: a logout ends the session and removes its files, and a login follows");
    let [(profile, ..), ..] = PROFILES else { return };
    let before = logins::refresh_token(stage);
    process::must_succeed(stage, What::Logout, profile);
    if stage.home.token_file.exists() || !files::role_credentials(stage).is_empty() {
        stage.tally.violation("a logout left the token or role credentials");
    }
    if before.is_none_or(|token| stage.emulator.is_live(&token)) {
        stage.tally.violation("a logout did not end the session");
    }
    let is_harsh = matches!(weather, Weather::Harsh | Weather::Deadly);
    let login = if is_harsh { What::BrowserLogin } else { What::CodeLogin };
    process::must_succeed(stage, login, profile);
    if !logins::is_live(stage) {
        stage.tally.violation("a login stored no live refresh token");
    }
}

/// Checks that there are only the config file, cache files and lock files. A killed process may leave a
/// file with a random name for an hour.
fn check_nothing_is_left(stage: &Stage, weather: Weather) {
    stage.tally.count("check: nothing is left behind");
    for path in files::entries(stage) {
        if files::has_extension(&path, "tmp") && weather == Weather::Deadly {
            stage.tally.count("left by a killed process, to be removed later");
            let _ = fs::remove_file(path);
        } else if !is_expected(&path) {
            stage.tally.violation(&format!("{} is left behind", path.display()));
            let _ = fs::remove_file(path);
        }
    }
    if fs::read_dir(stage.scratch.path()).is_ok_and(|mut entries| entries.next().is_some()) {
        stage.tally.violation("a file is left in the directory for temporary files");
    }
}

fn is_expected(path: &Path) -> bool {
    let is_of_aws = ["config", "sso", "cli"].iter().any(|name| path.ends_with(name));
    is_of_aws || files::has_extension(path, "json") || files::has_extension(path, "lock")
}
