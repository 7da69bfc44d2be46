//! Checks the home directory after each period, when its processes have ended.

use std::fs;

use anyhow::{Result, ensure};

use crate::job::{Job, Run};
use crate::stage::{Stage, Weather};
use crate::{config, files, logins, process};

/// The checks, in this order.
const CHECKS: &[fn(&Stage, Weather) -> Result<()>] = &[
    one_writer,
    refresh_token_is_kept,
    // The processes of later checks remove what a killed process left.
    |stage, weather| {
        if weather == Weather::Harsh { Ok(()) } else { nothing_is_left(stage, weather) }
    },
    logout_and_login,
    |stage, _| config::check_populate(stage),
    |stage, _| undisturbed(stage, Job::Credentials),
    |stage, _| undisturbed(stage, Job::CachedCredentials),
    |stage, _| undisturbed(stage, Job::Renew),
    nothing_is_left,
];

pub(crate) fn check(stage: &Stage, weather: Weather) {
    for check in CHECKS {
        stage.tally.check(check(stage, weather));
    }
    stage.emulator.reset_counts();
}

/// Checks that the processes refreshed one at a time, each with the newest refresh token.
fn one_writer(stage: &Stage, weather: Weather) -> Result<()> {
    let spent = stage.emulator.counts().spent_refresh_tokens;
    let is_right = spent == 0 || weather != Weather::Gentle;
    ensure!(is_right, "a spent refresh token was sent, {spent} times");
    Ok(())
}

fn refresh_token_is_kept(stage: &Stage, weather: Weather) -> Result<()> {
    if weather == Weather::Harsh {
        return Ok(());
    }
    // The next process that takes the lock finishes what could not be written.
    let done = undisturbed(stage, Job::Token);
    ensure!(logins::is_live(stage), "the refresh token was lost in {weather:?} weather");
    done
}

/// Checks that there are only the config file, cache files and lock files. A killed process may leave
/// a temporary file for an hour.
fn nothing_is_left(stage: &Stage, weather: Weather) -> Result<()> {
    let mut left = files::entries(stage);
    left.retain(|path| {
        let has_extension = |extension| files::has_extension(path, extension);
        let is_directory_or_config = ["config", "sso", "cli"].iter().any(|it| path.ends_with(it));
        !(is_directory_or_config || has_extension("json") || has_extension("lock"))
    });
    for path in &left {
        let _ = fs::remove_file(path);
    }
    left.retain(|path| weather != Weather::Harsh || !files::has_extension(path, "tmp"));
    ensure!(left.is_empty(), "left behind: {left:?}");
    let is_empty = fs::read_dir(stage.temporary.path())?.next().is_none();
    ensure!(is_empty, "a file is left in the directory for temporary files");
    Ok(())
}

/// Checks that `logout` ends the session and removes its files, and that `login` stores a new one.
fn logout_and_login(stage: &Stage, _: Weather) -> Result<()> {
    logins::log_in(stage);
    let before = logins::refresh_token(stage);
    undisturbed(stage, Job::Logout)?;
    let is_removed = !stage.home.token_file.exists() && files::role_credentials(stage).is_empty();
    ensure!(is_removed, "a logout left the token or role credentials");
    let has_ended = before.is_some_and(|token| !stage.emulator.is_live(&token));
    ensure!(has_ended, "a logout did not end the session");
    let login = if fastrand::bool() { Job::BrowserLogin } else { Job::CodeLogin };
    undisturbed(stage, login)?;
    ensure!(logins::is_live(stage), "a login stored no live refresh token");
    Ok(())
}

/// Runs a job while there is no fault. It must succeed.
fn undisturbed(stage: &Stage, job: Job) -> Result<()> {
    process::complete(stage, &Run::new(job, Weather::Gentle), &[]).map(drop)
}
