//! Faults of the services and the disk.

use std::thread;
use std::time::{Duration, Instant};

use sso_emulator::{ErrorName, Fault, Operation, ScriptedAnswer};

use crate::stage::{Stage, Weather};
use crate::{disk, edits, logins, signals};

/// The name of a fault in the summary, and the fault. It returns whether it was possible.
type Named = (&'static str, fn(&Stage, &mut fastrand::Rng) -> bool);

const GENTLE: &[Named] = &[
    ("fault: storm of 429", |stage, random| {
        storm(stage, random, || {
            ScriptedAnswer::error(ErrorName::TooManyRequests).retry_after(Duration::from_secs(1))
        })
    }),
    ("fault: storm of 500", |stage, random| storm(stage, random, || Fault::status(500))),
    ("fault: storm of 503", |stage, random| storm(stage, random, || Fault::status(503))),
    ("fault: services hang up", |stage, random| storm(stage, random, || Fault::DropBeforeAnswer)),
    ("fault: services slow", |stage, random| {
        storm(stage, random, || Fault::Delay(Duration::from_millis(700)))
    }),
    ("fault: SIGSTOP for a moment", |stage, random| signals::stop(stage, random, 100..3_000)),
    ("fault: login by replacement", |stage, _| logins::log_in(stage)),
    ("fault: access token expired", |stage, _| logins::log_in_long_ago(stage)),
    ("fault: login in place", |stage, _| logins::log_in_in_place(stage)),
    ("fault: logout and login", logins::log_out_and_in),
];

const HARSH: &[Named] = &[
    ("fault: answers lost", |stage, random| storm(stage, random, || Fault::LoseAnswer)),
    ("fault: answers cut", |stage, random| storm(stage, random, || Fault::DropInsideAnswer)),
    ("fault: answers that are not HTTP", |stage, random| storm(stage, random, || Fault::Garbage)),
    ("fault: services silent", |stage, random| storm(stage, random, || Fault::Stall)),
    ("fault: session ended by an administrator", |stage, _| {
        stage.logins.during(|| stage.emulator.end_session());
        true
    }),
    ("fault: disk full", disk_full),
];

const UNWRITABLE: &[Named] = &[
    ("fault: disk full", disk_full),
    ("fault: file system read-only", read_only),
    ("fault: directory closed", closed_directory),
];

const DEADLY: &[Named] = &[
    ("fault: SIGKILL", signals::kill),
    ("fault: SIGKILL", signals::kill),
    ("fault: directory closed", closed_directory),
    ("fault: SIGSTOP for longer than the lock's limit", |stage, random| {
        // Rarely, since it takes as long as a period.
        random.u8(..8) == 0 && signals::stop(stage, random, 21_000..22_000)
    }),
];

/// Causes faults until the end of the period.
pub(crate) fn cause(stage: &Stage, weather: Weather, random: &mut fastrand::Rng, end: Instant) {
    let longest_pause = if weather == Weather::Unwritable { 300 } else { 1_000 };
    while Instant::now() < end {
        if random.u8(..8) == 0 {
            edits::edit(stage, random);
        }
        thread::sleep(Duration::from_millis(random.u64(50..longest_pause)));
        let own = match weather {
            Weather::Unwritable => UNWRITABLE,
            Weather::Harsh => HARSH,
            Weather::Deadly => DEADLY,
            _ => GENTLE,
        };
        let faults = if random.u8(..3) > 0 { own } else { GENTLE };
        let Some((name, fault)) = random.choice(faults) else { continue };
        if fault(stage, random) {
            stage.tally.count(name);
        }
    }
}

/// Makes the services answer with this fault for a while.
fn storm<F: Into<Fault>>(stage: &Stage, random: &mut fastrand::Rng, fault: impl Fn() -> F) -> bool {
    let operations: &[_] = match random.u8(..4) {
        0 => &[Operation::CreateToken],
        1 => &[Operation::GetRoleCredentials],
        2 => &[Operation::CreateToken, Operation::GetRoleCredentials],
        _ => &[
            Operation::RegisterClient,
            Operation::StartDeviceAuthorization,
            Operation::CreateToken,
            Operation::ListAccounts,
            Operation::ListAccountRoles,
        ],
    };
    stage.services.during(|| {
        if random.bool() {
            logins::log_in_long_ago(stage);
        }
        for operation in operations {
            stage.emulator.fault_on(*operation, fault());
        }
        thread::sleep(Duration::from_millis(random.u64(50..2_500)));
        stage.emulator.clear_faults();
    });
    true
}

fn disk_full(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    unwritable(stage, random, || stage.disk.fill(), || stage.disk.free())
}

fn read_only(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    unwritable(
        stage,
        random,
        || stage.disk.forbid_writes(),
        || {
            if !stage.disk.allow_writes() {
                stage.tally.violation("chaos could not make the file system writable again");
            }
        },
    )
}

fn closed_directory(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    let Some(directory) = stage.home.token_file.parent() else { return false };
    unwritable(stage, random, || disk::close(directory), || disk::open(directory))
}

/// Lets nothing be written for a while. Returns whether that was possible.
fn unwritable(
    stage: &Stage,
    random: &mut fastrand::Rng,
    begin: impl FnOnce() -> bool,
    end: impl FnOnce(),
) -> bool {
    let is_strict = stage.weather() == Weather::Unwritable;
    let has_begun = stage.services.during(|| {
        // Then every process needs a refresh.
        if is_strict && random.bool() {
            logins::log_in_long_ago(stage);
        }
        let has_begun = begin();
        if has_begun {
            thread::sleep(Duration::from_millis(random.u64(50..1_500)));
        }
        end();
        has_begun
    });
    if is_strict && has_begun {
        stage.tally.count("check: the refresh token survives while nothing can be written");
        // Before the next login hides the loss.
        if !logins::becomes_live(stage) {
            stage.tally.violation("the refresh token was lost while nothing could be written");
        }
    }
    has_begun
}
