//! Logs in and out with several tools.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::Value;

use super::{Stage, files};

/// A new login, written as a careful tool does: whole.
pub(crate) fn log_in(stage: &Stage) {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let token = stage.emulator.login().to_json();
    let written = replace(stage, &stage.home.token_file, &token);
    note(stage, written);
}

/// A login whose access token has expired: nobody can do without a refresh.
pub(crate) fn log_in_long_ago(stage: &Stage) {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let token = stage.emulator.login().to_json();
    let written = edit(&token, "/expiresAt", "2020-01-01T00:00:00Z")
        .and_then(|token| replace(stage, &stage.home.token_file, &token));
    note(stage, written);
}

/// A new login, written as the AWS CLI does: truncated, then written, with time in between.
pub(crate) fn log_in_in_place(stage: &Stage) {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let token = stage.emulator.login().to_json();
    let (first, rest) = token.split_at(token.len() / 2);
    let write = || {
        let mut file = File::create(&stage.home.token_file)?;
        file.write_all(first.as_bytes())?;
        thread::sleep(Duration::from_millis(2));
        file.write_all(rest.as_bytes())
    };
    // To who looks for longer than it takes to read twice, it is no login.
    let written = stage.logins.during(|| stage.in_place.during(write));
    note(stage, written);
}

/// Both files of a login go, as `aws sso logout` does it; then somebody logs in again.
pub(crate) fn log_out_and_in(stage: &Stage, random: &mut fastrand::Rng) {
    stage.logins.during(|| {
        let _ = fs::remove_file(&stage.home.token_file);
        forget_role_credentials(stage);
        thread::sleep(Duration::from_millis(random.u64(1..800)));
        log_in(stage);
    });
}

pub(crate) fn forget_role_credentials(stage: &Stage) {
    for file in files::json_files(&files::role_credentials(stage)) {
        let _ = fs::remove_file(file);
    }
}

/// Lets the cached role credentials expire in some seconds, or some seconds ago: with services that
/// do not answer they serve until then, and not a moment longer.
pub(crate) fn age_role_credentials(stage: &Stage, random: &mut fastrand::Rng) {
    let expires_at = stage.emulator.now() + SignedDuration::from_secs(random.i64(-3..6));
    let expires_at = expires_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for file in files::json_files(&files::role_credentials(stage)) {
        let aged = fs::read_to_string(&file).and_then(|content| {
            let aged = edit(&content, "/Credentials/Expiration", &expires_at)?;
            replace(stage, &file, &aged)
        });
        match aged {
            // A logout came first.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            aged => note(stage, aged),
        }
    }
}

/// Whether the token file holds a refresh token that the service would not take.
pub(crate) fn refresh_token_is_dead(stage: &Stage) -> bool {
    refresh_token(&stage.home.token_file).is_some_and(|it| !stage.emulator.is_live(&it))
}

/// Whether a file holds a refresh token that the service would take.
pub(crate) fn is_live(stage: &Stage, file: &Path) -> bool {
    refresh_token(file).is_some_and(|it| stage.emulator.is_live(&it))
}

/// Waits until the token file holds a refresh token that the service would take: a process may be
/// about to write the new one. Returns whether it does after at most some seconds.
pub(crate) fn becomes_live(stage: &Stage) -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    while !is_live(stage, &stage.home.token_file) {
        if Instant::now() >= until {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

fn refresh_token(file: &Path) -> Option<String> {
    let mut content = fs::read(file).ok()?;
    // What reserved the space may follow a token that is written aside.
    content.truncate(content.iter().rposition(|&byte| byte != 0xff)? + 1);
    let token: Value = serde_json::from_slice(&content).ok()?;
    Some(token.get("refreshToken")?.as_str()?.to_owned())
}

/// Writes a file of mode 0600 aside, and puts it in place in one step.
fn replace(stage: &Stage, file: &Path, content: &str) -> io::Result<()> {
    let aside = stage.disk.path().join("aside");
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&aside)?.write_all(content.as_bytes())?;
        fs::rename(&aside, file)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

/// A JSON document with another text at one place.
fn edit(content: &str, place: &str, text: &str) -> io::Result<String> {
    let mut content: Value = serde_json::from_str(content)?;
    if let Some(there) = content.pointer_mut(place) {
        *there = Value::from(text);
    }
    Ok(content.to_string())
}

/// Only where the disk may be full and the directory closed may the chaos itself fail to write: it
/// tries again when it has to.
fn note(stage: &Stage, written: io::Result<()>) {
    if let Err(error) = written
        && stage.weather().keeps_the_session()
    {
        stage.tally.violation(&format!("the chaos itself could not write: {error}"));
    }
}
