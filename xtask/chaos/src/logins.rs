//! Logs in as other tools do, and reads the refresh token.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::stage::Stage;

/// Logs in, and replaces the token file by a rename. Returns whether that was possible.
pub(crate) fn log_in(stage: &Stage) -> bool {
    let token = stage.emulator.login().to_json();
    stage.disk.replace(&stage.home.token_file, &token).is_ok()
}

/// Logs in with an access token that has expired, so that every process needs a refresh.
pub(crate) fn log_in_expired(stage: &Stage) -> bool {
    let mut token = stage.emulator.login();
    token.expires_at = Timestamp::UNIX_EPOCH;
    stage.disk.replace(&stage.home.token_file, &token.to_json()).is_ok()
}

/// Logs in as the AWS CLI does: truncates the file, then writes it. This pauses in between.
pub(crate) fn log_in_in_place(stage: &Stage) -> io::Result<()> {
    let token = stage.emulator.login().to_json();
    let (first, rest) = token.split_at(token.len() / 2);
    let file = &stage.home.token_file;
    // A process that reads only half of the file, twice, finds no login.
    stage.logouts.during(|| {
        let mut file = OpenOptions::new().write(true).truncate(true).open(file)?;
        file.write_all(first.as_bytes())?;
        thread::sleep(Duration::from_millis(2));
        file.write_all(rest.as_bytes())
    })
}

/// Returns whether the token file contains a refresh token that the service would accept.
pub(crate) fn is_live(stage: &Stage) -> bool {
    refresh_token(stage).is_some_and(|it| stage.emulator.is_live(&it))
}

/// Waits some seconds for [`is_live`], since a process may be about to write the new token.
pub(crate) fn becomes_live(stage: &Stage) -> bool {
    (0..1_000).any(|_| {
        thread::sleep(Duration::from_millis(5));
        is_live(stage)
    })
}

/// Returns the refresh token in the token file.
pub(crate) fn refresh_token(stage: &Stage) -> Option<String> {
    let token: Value = serde_json::from_slice(&fs::read(&stage.home.token_file).ok()?).ok()?;
    Some(token.get("refreshToken")?.as_str()?.to_owned())
}
