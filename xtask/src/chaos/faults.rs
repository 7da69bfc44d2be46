//! What is done to the processes, the services and the files.
//!
//! Not responsible for what must hold all the same.

use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use sso_emulator::{ErrorName, Fault, Operation};

use super::{Stage, Weather};

/// One fault and what it is called in the account.
type Named = (&'static str, fn(&Stage, &mut fastrand::Rng));

const GENTLE: &[Named] = &[
    ("fault: storm of 429", |stage, random| {
        storm(stage, random, || Fault::error(ErrorName::TooManyRequests));
    }),
    ("fault: storm of 503", |stage, random| storm(stage, random, || Fault::status(503))),
    ("fault: services down", |stage, random| storm(stage, random, || Fault::DropBeforeAnswer)),
    ("fault: slow services", |stage, random| {
        storm(stage, random, || Fault::Delay(Duration::from_millis(700)));
    }),
    ("fault: SIGSTOP for a moment", |stage, random| stop(stage, random, 100..3_000)),
    ("fault: login by replacement", |stage, _| log_in(stage)),
    ("fault: login in place", |stage, _| log_in_in_place(stage)),
    ("fault: logout and login", log_out_and_in),
];

const HARSH: &[Named] = &[
    ("fault: SIGKILL", |stage, random| signal_one(stage, random, "KILL")),
    ("fault: SIGKILL", |stage, random| signal_one(stage, random, "KILL")),
    ("fault: SIGKILL", |stage, random| signal_one(stage, random, "KILL")),
    ("fault: answers lost", |stage, random| storm(stage, random, || Fault::LoseAnswer)),
    ("fault: answers cut", |stage, random| storm(stage, random, || Fault::DropInsideAnswer)),
    ("fault: answers that are no HTTP", |stage, random| storm(stage, random, || Fault::Garbage)),
    ("fault: directory not writable", not_writable),
    // Longer than the time limit of the lock.
    ("fault: SIGSTOP for long", |stage, random| stop(stage, random, 21_000..22_000)),
];

/// Lets faults loose until the end.
pub(crate) fn rage(stage: &Stage, weather: Weather, random: &mut fastrand::Rng, end: Instant) {
    while Instant::now() < end {
        thread::sleep(Duration::from_millis(random.u64(50..1_000)));
        let harsh = weather == Weather::Harsh && random.bool();
        let faults = if harsh { HARSH } else { GENTLE };
        let Some((name, fault)) = random.choice(faults) else { continue };
        stage.tally.count(name);
        fault(stage, random);
    }
}

/// A new login, written as a careful tool does: whole.
pub(crate) fn log_in(stage: &Stage) {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let token = stage.emulator.sign_in().to_json();
    let file = &stage.home.token_file;
    let aside = file.with_extension("login");
    let written = fs::write(&aside, token).and_then(|()| fs::rename(&aside, file));
    note(stage, "login", written);
    stage.disturb();
}

/// A new login, written as the AWS CLI does: truncated, then written, with time in between.
fn log_in_in_place(stage: &Stage) {
    let _one = stage.login.lock().unwrap_or_else(PoisonError::into_inner);
    let token = stage.emulator.sign_in().to_json();
    let (first, rest) = token.split_at(token.len() / 2);
    let written = fs::File::create(&stage.home.token_file).and_then(|mut file| {
        file.write_all(first.as_bytes())?;
        thread::sleep(Duration::from_millis(2));
        file.write_all(rest.as_bytes())
    });
    note(stage, "login in place", written);
    stage.disturb();
}

fn log_out_and_in(stage: &Stage, random: &mut fastrand::Rng) {
    stage.outages.fetch_add(1, Ordering::SeqCst);
    stage.disturb();
    let _ = fs::remove_file(&stage.home.token_file);
    thread::sleep(Duration::from_millis(random.u64(1..800)));
    log_in(stage);
    stage.outages.fetch_sub(1, Ordering::SeqCst);
}

/// The services answer so for a while.
fn storm(stage: &Stage, random: &mut fastrand::Rng, fault: impl Fn() -> Fault) {
    stage.outages.fetch_add(1, Ordering::SeqCst);
    stage.disturb();
    let operations: &[_] = match random.u8(..3) {
        0 => &[Operation::CreateToken],
        1 => &[Operation::GetRoleCredentials],
        _ => &[Operation::CreateToken, Operation::GetRoleCredentials],
    };
    for operation in operations {
        stage.emulator.fault_on(*operation, fault());
    }
    thread::sleep(Duration::from_millis(random.u64(50..2_500)));
    stage.emulator.clear_faults();
    stage.disturb();
    stage.outages.fetch_sub(1, Ordering::SeqCst);
}

fn stop(stage: &Stage, random: &mut fastrand::Rng, milliseconds: std::ops::Range<u64>) {
    let Some(pid) = choose(stage, random, true) else { return };
    stage.disturb();
    signal(pid, "STOP");
    thread::sleep(Duration::from_millis(random.u64(milliseconds)));
    signal(pid, "CONT");
    stage.disturb();
}

fn signal_one(stage: &Stage, random: &mut fastrand::Rng, name: &str) {
    if let Some(pid) = choose(stage, random, false) {
        stage.disturb();
        signal(pid, name);
    }
}

/// One of our processes; what is stopped or killed is noted, so that nobody wonders at its end.
fn choose(stage: &Stage, random: &mut fastrand::Rng, stopped: bool) -> Option<u32> {
    let mut running = stage.running();
    let ours: Vec<_> =
        (0..running.len()).filter(|at| running.get(*at).is_some_and(|it| it.ours)).collect();
    let chosen = running.get_mut(*random.choice(&ours)?)?;
    chosen.stopped |= stopped;
    chosen.killed |= !stopped;
    Some(chosen.pid)
}

fn signal(pid: u32, name: &str) {
    // It may have ended by itself: the pid of a child that is not waited for is not given anew.
    let _ = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).output();
}

fn not_writable(stage: &Stage, random: &mut fastrand::Rng) {
    let Some(directory) = stage.home.token_file.parent() else { return };
    // Root writes whatever the mode says; the immutable attribute binds root, too.
    let set = |mode: &str, attribute: &str| {
        let _ = Command::new("chmod").arg(mode).arg(directory).output();
        let _ = Command::new("chattr").arg(attribute).arg(directory).output();
    };
    stage.outages.fetch_add(1, Ordering::SeqCst);
    stage.disturb();
    set("500", "+i");
    thread::sleep(Duration::from_millis(random.u64(50..1_500)));
    set("700", "-i");
    // chmod is refused as long as the attribute stands.
    set("700", "-i");
    stage.disturb();
    stage.outages.fetch_sub(1, Ordering::SeqCst);
}

fn note(stage: &Stage, what: &str, done: std::io::Result<()>) {
    if let Err(error) = done {
        stage.tally.violation(&format!("the {what} of the chaos itself failed: {error}"));
    }
}
