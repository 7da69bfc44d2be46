//! Logs in and out as several tools do.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::files;
use crate::stage::Stage;

/// Logs in, and replaces the token file in one step.
pub(crate) fn log_in(stage: &Stage) -> bool {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let token = stage.emulator.login().to_json();
    note(stage, replace(stage, &stage.home.token_file, &token))
}

/// Logs in with an access token that has expired, so that every process needs a refresh.
pub(crate) fn log_in_long_ago(stage: &Stage) -> bool {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let mut token = stage.emulator.login();
    token.expires_at = jiff::Timestamp::UNIX_EPOCH;
    note(stage, replace(stage, &stage.home.token_file, &token.to_json()))
}

/// Logs in as the AWS CLI does: truncates the file, then writes it. This pauses in between.
pub(crate) fn log_in_in_place(stage: &Stage) -> bool {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let token = stage.emulator.login().to_json();
    let (first, rest) = token.split_at(token.len() / 2);
    let write = || {
        let mut file = private().open(&stage.home.token_file)?;
        file.write_all(first.as_bytes())?;
        thread::sleep(Duration::from_millis(2));
        file.write_all(rest.as_bytes())
    };
    // A process that reads only half of the file, twice, finds no login.
    let written = stage.logins.during(|| stage.in_place.during(write));
    note(stage, written)
}

/// Removes the token file and the role credentials, as `aws sso logout` does, and then logs in again.
pub(crate) fn log_out_and_in(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    stage.logins.during(|| {
        let _ = fs::remove_file(&stage.home.token_file);
        forget_role_credentials(stage);
        thread::sleep(Duration::from_millis(random.u64(1..800)));
        log_in(stage)
    })
}

pub(crate) fn forget_role_credentials(stage: &Stage) {
    for file in files::role_credentials(stage) {
        let _ = fs::remove_file(file);
    }
}

/// Returns whether the token file contains a refresh token that the service would not accept.
pub(crate) fn refresh_token_is_dead(stage: &Stage) -> bool {
    refresh_token(stage).is_some_and(|it| !stage.emulator.is_live(&it))
}

/// Returns whether the token file contains a refresh token that the service would accept.
pub(crate) fn is_live(stage: &Stage) -> bool {
    refresh_token(stage).is_some_and(|it| stage.emulator.is_live(&it))
}

/// Waits some seconds for [`is_live`]: a process may be about to write the new token.
pub(crate) fn becomes_live(stage: &Stage) -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    while !is_live(stage) {
        if Instant::now() >= until {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Returns the refresh token in the token file.
pub(crate) fn refresh_token(stage: &Stage) -> Option<String> {
    let token: Value = serde_json::from_slice(&fs::read(&stage.home.token_file).ok()?).ok()?;
    Some(token.get("refreshToken")?.as_str()?.to_owned())
}

/// Replaces a file by one of mode 0600.
pub(crate) fn replace(stage: &Stage, target: &Path, content: &str) -> io::Result<()> {
    let aside = stage.disk.path().join(target.file_name().unwrap_or_default());
    let written = private()
        .open(&aside)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .and_then(|()| fs::rename(&aside, target));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Returns the options to write a file from its beginning, and to create it with mode 0600.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
}

/// Returns whether a login was written. It may fail only while the disk may be full or closed.
fn note(stage: &Stage, written: io::Result<()>) -> bool {
    let written = written.inspect_err(|error| {
        if stage.weather().keeps_the_session() {
            stage.tally.violation(&format!("chaos could not write a login: {error}"));
        }
    });
    written.is_ok()
}
