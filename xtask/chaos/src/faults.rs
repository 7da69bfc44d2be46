//! The table of faults of each kind of weather.

use std::fs;
use std::ops::Range;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use sso_emulator::{ErrorName, Fault, Operation, ScriptedAnswer};

use crate::disk::Disk;
use crate::stage::{PROFILES, Stage, Weather, pause};
use crate::{config, files, logins, process};

/// The name of a fault in the summary, and the fault. It returns whether it was possible.
type Row = (&'static str, fn(&Stage, Weather) -> bool);

const GENTLE: &[Row] = &[
    ("fault: storm of 429", |stage, _| {
        let answer = ScriptedAnswer::error(ErrorName::TooManyRequests);
        storm(stage, answer.retry_after(Duration::from_secs(1)))
    }),
    ("fault: storm of 500", |stage, _| storm(stage, Fault::status(500))),
    ("fault: storm of 503", |stage, _| storm(stage, Fault::status(503))),
    ("fault: services hang up", |stage, _| storm(stage, Fault::DropBeforeAnswer)),
    ("fault: services slow", |stage, _| storm(stage, Fault::Delay(Duration::from_millis(700)))),
    ("fault: SIGSTOP for a moment", |stage, _| interrupt(stage, "STOP", 100..3_000)),
    ("fault: login by replacement", |stage, _| logins::log_in(stage)),
    ("fault: access token expired", |stage, _| logins::log_in_expired(stage)),
    ("fault: logout and login", |stage, _| log_out_and_in(stage)),
    CONFIG_EDITED,
    CONFIG_EDITED,
    DISK_FULL,
    DISK_FULL,
    DIRECTORY_CLOSED,
    DIRECTORY_CLOSED,
];

const HARSH: &[Row] = &[
    ("fault: answers lost", |stage, _| storm(stage, Fault::LoseAnswer)),
    ("fault: answers cut", |stage, _| storm(stage, Fault::DropInsideAnswer)),
    ("fault: answers that are not HTTP", |stage, _| storm(stage, Fault::Garbage)),
    ("fault: services silent", |stage, _| storm(stage, Fault::Stall)),
    ("fault: session ended by an administrator", |stage, _| {
        stage.emulator.end_session();
        true
    }),
    SIGKILL,
    SIGKILL,
    CONFIG_EDITED,
    // Rarely, since it takes as long as a period.
    ("fault: SIGSTOP for longer than the lock's limit", |stage, _| {
        fastrand::u8(..4) == 0 && interrupt(stage, "STOP", 21_000..22_000)
    }),
];

const MIXED: &[Row] = &[
    ("fault: login in place", |stage, _| logins::log_in_in_place(stage).is_ok()),
    ("fault: refreshes by botocore", |stage, _| refresh_with_botocore(stage)),
    CONFIG_EDITED,
];

const CONFIG_EDITED: Row = ("fault: config file edited", config::edit);
const DISK_FULL: Row =
    ("fault: disk full", |stage, weather| unwritable(stage, weather, Disk::fill));
const DIRECTORY_CLOSED: Row =
    ("fault: directory closed", |stage, weather| unwritable(stage, weather, Disk::close_directory));
/// The clients of a killed endpoint notice it a moment later.
const SIGKILL: Row = ("fault: SIGKILL", |stage, _| interrupt(stage, "KILL", 100..200));

/// Resolves a profile with botocore, which takes no lock.
const BOTOCORE: &str = "
import sys, botocore.session
session = botocore.session.Session(profile=sys.argv[1])
session.set_config_variable('region', 'us-east-1')
session.get_credentials().get_frozen_credentials()
";

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    [GENTLE, HARSH, MIXED].into_iter().flatten().map(|(name, _)| *name)
}

/// Causes faults until the end of the period.
pub(crate) fn cause(stage: &Stage, weather: Weather, end: Instant) {
    let own = match weather {
        Weather::Gentle => GENTLE,
        Weather::Harsh => HARSH,
        Weather::Mixed => MIXED,
    };
    while Instant::now() < end {
        pause(50..600);
        let faults = if fastrand::u8(..3) > 0 { own } else { GENTLE };
        if let Some((name, fault)) = fastrand::choice(faults)
            && fault(stage, weather)
        {
            stage.tally.add(name, 1);
        }
    }
}

/// Makes the services answer some operations with this fault for a while.
fn storm(stage: &Stage, fault: impl Into<Fault>) -> bool {
    let fault = fault.into();
    stage.faults.during(|| {
        if fastrand::bool() {
            logins::log_in_expired(stage);
        }
        // Without an answer for the browser, a login waits for its whole time.
        for operation in Operation::ALL.iter().filter(|it| **it != Operation::Authorize) {
            if fastrand::bool() {
                stage.emulator.fault_on(*operation, fault.clone());
            }
        }
        pause(50..2_500);
        stage.emulator.clear_faults();
    });
    true
}

/// Sends a signal to a random process, and lets it continue a while later unless it has ended. Returns
/// whether there was a process.
fn interrupt(stage: &Stage, signal: &str, milliseconds: Range<u64>) -> bool {
    let pid = fastrand::choice(stage.running.lock().keys().copied());
    let Some(pid) = pid else { return false };
    stage.faults.during(|| {
        process::signal(pid, signal);
        pause(milliseconds);
        process::signal(pid, "CONT");
    });
    true
}

/// Lets nothing be written for a while. Returns whether that was possible.
fn unwritable(stage: &Stage, weather: Weather, begin: fn(&Disk) -> bool) -> bool {
    let has_begun = stage.faults.during(|| {
        // Without a refresh, a process gets as far as the config file and the other caches.
        if fastrand::bool() {
            logins::log_in_expired(stage);
        }
        let has_begun = begin(&stage.disk);
        if has_begun {
            pause(50..1_500);
        }
        stage.disk.restore();
        has_begun
    });
    // Before the next login hides the loss.
    if has_begun && weather != Weather::Harsh && !logins::becomes_live(stage) {
        stage.tally.violation("the refresh token was lost while nothing could be written");
    }
    has_begun
}

/// Removes the token file and the role credentials, as `aws sso logout` does, and then logs in again.
fn log_out_and_in(stage: &Stage) -> bool {
    stage.logouts.during(|| {
        for file in files::role_credentials(stage).iter().chain([&stage.home.token_file]) {
            let _ = fs::remove_file(file);
        }
        pause(1..800);
        logins::log_in(stage)
    })
}

/// Runs botocore several times at once. Returns whether one of them succeeded.
fn refresh_with_botocore(stage: &Stage) -> bool {
    logins::log_in_expired(stage);
    let processes = PROFILES.map(|(profile, ..)| {
        let mut command = stage.home.command("python3");
        command.args(["-c", BOTOCORE, profile]).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    });
    let succeeded = processes.map(|child| child.and_then(|mut child| child.wait()));
    succeeded.iter().flatten().any(ExitStatus::success)
}
