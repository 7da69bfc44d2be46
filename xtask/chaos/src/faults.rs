//! Faults of the services, the network and the disk.

use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use sso_emulator::{ErrorName, Fault, Operation, ScriptedAnswer};

use super::{Stage, Weather, disk, logins, signals};

/// What a fault is called in the account; and the fault, which tells whether it came to pass.
type Named = (&'static str, fn(&Stage, &mut fastrand::Rng) -> bool);

const GENTLE: &[Named] = &[
    ("fault: storm of 429", |stage, random| {
        storm(stage, random, || {
            ScriptedAnswer::error(ErrorName::TooManyRequests).retry_after(Duration::from_secs(1))
        })
    }),
    ("fault: storm of 500", |stage, random| storm(stage, random, || Fault::status(500))),
    ("fault: storm of 503", |stage, random| storm(stage, random, || Fault::status(503))),
    ("fault: services down, nobody listens", nobody_listens),
    ("fault: services hang up", |stage, random| storm(stage, random, || Fault::DropBeforeAnswer)),
    ("fault: services slow", |stage, random| {
        storm(stage, random, || Fault::Delay(Duration::from_millis(700)))
    }),
    ("fault: SIGSTOP for a moment", |stage, random| signals::stop(stage, random, 100..3_000)),
    ("fault: SIGSTOP again and again", signals::stutter),
    ("fault: login by replacement", |stage, _| {
        logins::log_in(stage);
        true
    }),
    ("fault: access token expired", |stage, _| {
        logins::log_in_long_ago(stage);
        true
    }),
    ("fault: login in place", |stage, _| {
        logins::log_in_in_place(stage);
        true
    }),
    ("fault: logout and login", |stage, random| {
        logins::log_out_and_in(stage, random);
        true
    }),
    ("fault: cached credentials about to expire", |stage, random| {
        logins::age_role_credentials(stage, random);
        true
    }),
];

const HARSH: &[Named] = &[
    ("fault: answers lost", |stage, random| storm(stage, random, || Fault::LoseAnswer)),
    ("fault: answers cut", |stage, random| storm(stage, random, || Fault::DropInsideAnswer)),
    ("fault: answers that are no HTTP", |stage, random| storm(stage, random, || Fault::Garbage)),
    ("fault: services silent", |stage, random| storm(stage, random, || Fault::Stall)),
    ("fault: connections cut", |stage, _| {
        stage.services.during(|| stage.relay.cut());
        true
    }),
    ("fault: session ended by an administrator", |stage, _| {
        stage.logins.during(|| stage.emulator.end_session());
        true
    }),
    ("fault: disk full", disk_full),
];

const UNWRITABLE: &[Named] = &[
    ("fault: disk full", disk_full),
    ("fault: file system read-only", read_only),
    ("fault: directory not writable", not_writable),
];

const DEADLY: &[Named] = &[
    ("fault: SIGKILL", signals::kill),
    ("fault: SIGKILL", signals::kill),
    ("fault: SIGKILL while a token is put in place", signals::kill_while_put_in_place),
    ("fault: SIGKILL while a token is put in place", signals::kill_while_put_in_place),
    ("fault: directory not writable", not_writable),
];

/// Lets faults loose until the end.
pub(crate) fn rage(stage: &Stage, weather: Weather, random: &mut fastrand::Rng, end: Instant) {
    thread::scope(|scope| {
        if weather == Weather::Frozen {
            if signals::freeze_the_holder(stage) {
                stage.tally.count("fault: SIGSTOP of the lock's holder, for very long");
            }
            return;
        }
        if weather == Weather::Deadly && stage.has_time {
            stop_for_long(scope, stage, random.fork());
        }
        let longest_pause = if weather == Weather::Unwritable { 300 } else { 1_000 };
        while Instant::now() < end {
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
    });
}

/// Longer than the time limit of the lock, and meanwhile all the rest goes on.
fn stop_for_long<'scope>(
    scope: &'scope Scope<'scope, '_>,
    stage: &'scope Stage,
    mut random: fastrand::Rng,
) {
    scope.spawn(move || {
        if signals::stop(stage, &mut random, 21_000..22_000) {
            stage.tally.count("fault: SIGSTOP for longer than the lock's limit");
        }
    });
}

/// The services answer so for a while.
fn storm<F: Into<Fault>>(stage: &Stage, random: &mut fastrand::Rng, fault: impl Fn() -> F) -> bool {
    let operations: &[_] = match random.u8(..3) {
        0 => &[Operation::CreateToken],
        1 => &[Operation::GetRoleCredentials],
        _ => &[Operation::CreateToken, Operation::GetRoleCredentials],
    };
    stage.services.during(|| {
        expire(stage, random);
        for operation in operations {
            stage.emulator.fault_on(*operation, fault());
        }
        thread::sleep(Duration::from_millis(random.u64(50..2_500)));
        stage.emulator.clear_faults();
    });
    true
}

/// Often there is nothing to live on meanwhile: an outage is shorter than the life of a token, and
/// than that of role credentials.
fn expire(stage: &Stage, random: &mut fastrand::Rng) {
    if random.bool() {
        logins::log_in_long_ago(stage);
    }
    if random.bool() {
        logins::age_role_credentials(stage, random);
    }
}

fn nobody_listens(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    stage.services.during(|| {
        expire(stage, random);
        stage.relay.close();
        thread::sleep(Duration::from_millis(random.u64(50..4_000)));
        if let Err(error) = stage.relay.reopen() {
            stage.tally.violation(&format!("the chaos itself cannot listen again: {error}"));
        }
    });
    true
}

fn disk_full(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    if !stage.disk.is_small() {
        return false;
    }
    unwritable(
        stage,
        random,
        || {
            stage.disk.fill();
            true
        },
        || stage.disk.free(),
    )
}

fn read_only(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    unwritable(
        stage,
        random,
        || stage.disk.forbid_writes(),
        || {
            if !stage.disk.allow_writes() {
                stage
                    .tally
                    .violation("the chaos itself could not make the file system writable again");
            }
        },
    )
}

fn not_writable(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    let Some(directory) = stage.home.token_file.parent() else { return false };
    unwritable(stage, random, || disk::close(directory), || disk::open(directory))
}

/// Nothing can be written for a while. Returns whether that was so.
fn unwritable(
    stage: &Stage,
    random: &mut fastrand::Rng,
    begin: impl FnOnce() -> bool,
    end: impl FnOnce(),
) -> bool {
    let is_strict = stage.weather() == Weather::Unwritable;
    let has_begun = stage.services.during(|| {
        // Half of the time every process needs a refresh.
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
