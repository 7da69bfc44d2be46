//! Sends signals to running processes, and finds the holder of the lock.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sso_emulator::{Fault, Operation};

use super::process::Running;
use super::{Stage, logins};

/// Where Linux tells who holds which lock.
const LOCKS: &str = "/proc/locks";
/// Lets a process go on for a few steps at a time. `kill` is a part of the shell: it takes no time.
const STUTTER: &str = "for turn in $(seq 40); do
    kill -CONT $1 && kill -STOP $1 || break; sleep 0.003
done 2>/dev/null; kill -CONT $1 2>/dev/null";
/// How long a holder of the lock is watched until it writes its new token.
const WATCH: Duration = Duration::from_millis(200);
/// Longer than the lock's time limit, its wait in the cache of role credentials included.
const FREEZE: Duration = Duration::from_secs(50);

pub(crate) fn can_tell_holders() -> bool {
    fs::exists(LOCKS).unwrap_or(false)
}

pub(crate) fn send(pid: u32, name: &str) {
    // It may have ended by itself: the pid of a child that is not waited for is not given anew.
    let _ = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).output();
}

/// Kills a process. What it was about is undone.
pub(crate) fn kill(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    let Some(pid) = choose(stage, random, |it| it.killed = true) else { return false };
    stage.services.during(|| send(pid, "KILL"));
    true
}

/// Kills a process that has written its new token to a temporary file, before or just after the rename.
/// The next holder of the lock finishes the rename, so the session must survive. Returns whether such a
/// process was found.
pub(crate) fn kill_while_put_in_place(stage: &Stage, _: &mut fastrand::Rng) -> bool {
    let aside = beside_the_token(stage, ".new");
    // So that there is time to see who will write.
    let slow = Fault::Delay(Duration::from_millis(30));
    let until = Instant::now() + Duration::from_secs(2);
    let mut caught = false;
    stage.emulator.fault_on(Operation::CreateToken, slow);
    stage.services.during(|| {
        while !caught && Instant::now() < until {
            let Some(pid) = holder(stage) else { continue };
            mark(stage, pid, |it| it.killed = true);
            caught = kill_when_written(pid, &aside) && logins::is_live(stage, &aside);
        }
    });
    stage.emulator.clear_faults();
    if caught {
        stage.survives.store(true, Ordering::SeqCst);
        check_that_it_survives(stage, &aside);
        stage.survives.store(false, Ordering::SeqCst);
    }
    caught
}

/// Kills a process as soon as a file begins with JSON: until then it only reserves space. Returns
/// whether that came within the time.
fn kill_when_written(pid: u32, file: &Path) -> bool {
    let until = Instant::now() + WATCH;
    while Instant::now() < until {
        let mut first = [0];
        let read = File::open(file).and_then(|mut file| file.read_exact(&mut first));
        if read.is_ok() && first == *b"{" {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            return pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok());
        }
    }
    false
}

/// The token in the file is spent until what was written aside takes its place. Nobody need be told
/// to log in before it expires, so the file itself is looked at.
fn check_that_it_survives(stage: &Stage, aside: &Path) {
    stage.tally.count("check: a token that a killed process has written aside survives");
    if !logins::becomes_live(stage) && !aside.exists() {
        let why = "the refresh token was lost with a killed process that had written it aside";
        stage.tally.violation(why);
    }
}

pub(crate) fn stop(
    stage: &Stage,
    random: &mut fastrand::Rng,
    milliseconds: std::ops::Range<u64>,
) -> bool {
    let Some(pid) = choose(stage, random, |it| it.stopped = true) else { return false };
    stage.services.during(|| {
        send(pid, "STOP");
        thread::sleep(Duration::from_millis(random.u64(milliseconds)));
        send(pid, "CONT");
    });
    true
}

/// Stops and continues a process again and again: whatever it does, it is caught in the middle.
pub(crate) fn stutter(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    let Some(pid) = choose(stage, random, |it| it.stopped = true) else { return false };
    stage.services.during(|| {
        let _ = Command::new("sh").args(["-c", STUTTER, "sh"]).arg(pid.to_string()).output();
    });
    true
}

/// Stops the process that holds the token file's lock, while all others need it. Whether there was
/// one.
pub(crate) fn freeze_the_holder(stage: &Stage) -> bool {
    // So that the lock is held for long enough to see who holds it.
    stage.emulator.fault_on(Operation::CreateToken, Fault::Delay(Duration::from_millis(900)));
    logins::log_in_long_ago(stage);
    let frozen = catch_the_holder(stage);
    stage.emulator.clear_faults();
    let Some(pid) = frozen else { return false };
    stage.services.during(|| {
        logins::log_in_long_ago(stage);
        thread::sleep(FREEZE);
        send(pid, "CONT");
    });
    true
}

fn catch_the_holder(stage: &Stage) -> Option<u32> {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if let Some(pid) = holder(stage) {
            mark(stage, pid, |it| it.stopped = true);
            send(pid, "STOP");
            if holder(stage) == Some(pid) {
                return Some(pid);
            }
            send(pid, "CONT");
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

/// One of our processes, often the one that holds the lock; `note` notes what is done to it, so that
/// nobody wonders at its end.
fn choose(
    stage: &Stage,
    random: &mut fastrand::Rng,
    note: impl FnOnce(&mut Running),
) -> Option<u32> {
    let until = Instant::now() + Duration::from_millis(random.u64(0..200));
    while random.bool() && Instant::now() < until {
        if let Some(pid) = holder(stage) {
            mark(stage, pid, note);
            return Some(pid);
        }
    }
    let mut running = stage.running();
    let mut ours: Vec<_> = running.iter_mut().filter(|it| it.ours).collect();
    let chosen = random.choice(ours.iter_mut())?;
    note(chosen);
    Some(chosen.pid)
}

fn mark(stage: &Stage, pid: u32, note: impl FnOnce(&mut Running)) {
    if let Some(found) = stage.running().iter_mut().find(|it| it.pid == pid) {
        note(found);
    }
}

fn beside_the_token(stage: &Stage, suffix: &str) -> PathBuf {
    let mut path = stage.home.token_file.clone().into_os_string();
    path.push(suffix);
    path.into()
}

/// The process of ours that holds the token file's lock.
fn holder(stage: &Stage) -> Option<u32> {
    let lock = beside_the_token(stage, ".lock");
    let inode = format!(":{}", fs::metadata(lock).ok()?.ino());
    // "1: FLOCK  ADVISORY  WRITE 16602 fe:00:10086736 0 EOF"
    let locks = fs::read_to_string(LOCKS).ok()?;
    let holders = locks.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_ours = words.next() == Some("FLOCK");
        let (pid, file) = (words.nth(2)?, words.next()?);
        (is_ours && file.ends_with(&inode)).then(|| pid.parse().ok()).flatten()
    });
    let running = stage.running();
    holders.into_iter().find(|pid| running.iter().any(|it| it.ours && it.pid == *pid))
}
