//! Chooses processes and runs one after the other.

use std::process::Command;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use crate::command::{What, command};
use crate::judge::Run;
use crate::process::finish;
use crate::stage::{PROFILES, Stage, Weather};
use crate::{logins, serve};

/// Runs one process after the other until the run is over.
pub(crate) fn work(stage: &Stage, mut random: fastrand::Rng) {
    while !stage.is_over() {
        let quiet = stage.under_way.read().unwrap_or_else(PoisonError::into_inner);
        one(stage, &mut random);
        drop(quiet);
        thread::sleep(Duration::from_millis(random.u64(0..40)));
    }
}

fn one(stage: &Stage, random: &mut fastrand::Rng) {
    let weather = stage.weather();
    let Some(profile) = random.choice(PROFILES) else { return };
    let what = What::choose(stage, weather, random);
    // The others write files that are not of the login.
    let can_fill =
        matches!(what, What::Credentials | What::CachedCredentials | What::Token | What::Exec);
    let is_disk_full = can_fill
        && matches!((random.u8(..10), weather), (0, Weather::Harsh) | (0..=1, Weather::Unwritable));
    let run = Run { is_disk_full, ..Run::new(stage, what, profile) };
    let command = command(stage, what, is_disk_full, profile.0, random.bool());
    match what {
        What::Serve => serve::run(stage, run, command, random),
        What::Logout => log_out(stage, run, command, random),
        _ => drop(finish(stage, run, command)),
    }
}

/// Logs out, and logs in again a moment later.
fn log_out(stage: &Stage, run: Run, command: Command, random: &mut fastrand::Rng) {
    stage.logins.during(|| {
        let before = logins::refresh_token(stage);
        let output = finish(stage, run, command);
        let is_success = output.is_some_and(|output| output.status.success());
        // Another process may log in meanwhile, but none may store this token again.
        if is_success && before.is_some() && logins::refresh_token(stage) == before {
            stage.tally.violation("a logout left the refresh token");
        }
        thread::sleep(Duration::from_millis(random.u64(0..500)));
        logins::log_in(stage);
    });
}
