//! Sends signals to running processes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::stage::{Running, Stage};

/// Where Linux lists the holders of locks.
const LOCKS: &str = "/proc/locks";

pub(crate) fn send(pid: u32, name: &str) {
    // Fails if it has ended. The pid of a child that is not waited for is not reused.
    let _ = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).output();
}

/// Kills a process. Returns whether there was one.
pub(crate) fn kill(stage: &Stage, random: &mut fastrand::Rng) -> bool {
    let Some(pid) = choose(stage, random, |it| it.killed = true) else { return false };
    stage.services.during(|| send(pid, "KILL"));
    true
}

/// Ends one process with this signal, if it still runs.
pub(crate) fn end(stage: &Stage, pid: u32, name: &str) {
    if let Some(it) = stage.running().iter_mut().find(|it| it.pid == pid) {
        it.killed |= name == "KILL";
        send(pid, name);
    }
}

/// Stops a process for a while. Returns whether there was one.
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

/// Chooses a process of ours, often the one that holds the lock. `note` records what is done to it.
fn choose(
    stage: &Stage,
    random: &mut fastrand::Rng,
    note: impl FnOnce(&mut Running),
) -> Option<u32> {
    let until = Instant::now() + Duration::from_millis(random.u64(0..200));
    let mut holder = None;
    while holder.is_none() && random.bool() && Instant::now() < until {
        holder = lock_holder(stage);
    }
    let mut running = stage.running();
    let mut ours: Vec<_> = running.iter_mut().filter(|it| it.ours).collect();
    let chosen = match ours.iter().position(|it| Some(it.pid) == holder) {
        Some(at) => ours.get_mut(at)?,
        None => random.choice(ours.iter_mut())?,
    };
    note(chosen);
    Some(chosen.pid)
}

/// The process that holds the token file's lock. Known on Linux only.
fn lock_holder(stage: &Stage) -> Option<u32> {
    let mut lock = stage.home.token_file.clone().into_os_string();
    lock.push(".lock");
    let inode = format!(":{}", fs::metadata(lock).ok()?.ino());
    // "1: FLOCK  ADVISORY  WRITE 16602 fe:00:10086736 0 EOF"
    let locks = fs::read_to_string(LOCKS).ok()?;
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let is_flock = words.next() == Some("FLOCK");
        let (pid, file) = (words.nth(2)?, words.next()?);
        (is_flock && file.ends_with(&inode)).then(|| pid.parse().ok()).flatten()
    })
}
