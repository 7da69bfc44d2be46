//! Runs the processes, as many at a time as there are workers.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::command::{Handicap, What, command};
use super::span::Moment;
use super::{PROFILES, Stage, Weather, judge, secrets, signals};

/// The whole retrieval's time limit, and what a loaded machine adds to it.
pub(crate) const LONGEST: Duration = Duration::from_secs(60 + 15);
/// What being stopped may add.
const LONGEST_STOP: Duration = Duration::from_secs(60);

/// A process under way.
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) ours: bool,
    pub(crate) stopped: bool,
    pub(crate) killed: bool,
    since: Instant,
}

/// What was run, and in which circumstances.
pub(crate) struct Run {
    pub(crate) what: What,
    pub(crate) handicap: Handicap,
    pub(crate) profile: &'static (&'static str, &'static str, &'static str),
    pub(crate) weather: Weather,
    pub(crate) started: Instant,
    pub(crate) started_at: Timestamp,
    pub(crate) stopped: bool,
    pub(crate) services: Moment,
    pub(crate) logins: Moment,
}

/// Runs processes until it is over.
pub(crate) fn work(stage: &Stage, mut random: fastrand::Rng) {
    while !stage.is_over() {
        let quiet = stage.under_way.read().unwrap_or_else(PoisonError::into_inner);
        one(stage, &mut random);
        drop(quiet);
        thread::sleep(Duration::from_millis(random.u64(0..40)));
    }
}

/// Looks at the processes under way until it is over: at their command lines, and whether one hangs.
pub(crate) fn watch(stage: &Stage) {
    while !stage.is_over() {
        secrets::check_command_lines(stage);
        for it in stage.running().iter_mut().filter(|it| !it.killed) {
            let limit = if it.stopped { LONGEST + LONGEST_STOP } else { LONGEST };
            if it.since.elapsed() > limit {
                it.killed = true;
                signals::send(it.pid, "KILL");
                stage.tally.violation(&format!("a process still waits after {limit:?}"));
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A run of ours with no fault near; it must succeed.
pub(crate) fn run_undisturbed(stage: &Stage, what: What) {
    for (profile, ..) in PROFILES {
        let clock = stage.scratch.path();
        let output = command(stage, what, Handicap::None, profile, false, clock).output();
        if !output.as_ref().is_ok_and(|output| output.status.success()) {
            let error = output.map(|it| String::from_utf8_lossy(&it.stderr).into_owned());
            stage.tally.violation(&format!("an undisturbed run failed: {error:?}"));
        }
    }
}

fn one(stage: &Stage, random: &mut fastrand::Rng) {
    let weather = stage.weather();
    let Some(profile) = random.choice(PROFILES) else { return };
    let what = What::choose(stage, weather, random);
    let handicap =
        if what.is_ours() { Handicap::choose(stage, weather, random) } else { Handicap::None };
    let mut run = Run {
        what,
        handicap,
        profile,
        weather,
        started: Instant::now(),
        started_at: stage.emulator.now(),
        stopped: false,
        services: stage.services.now(),
        logins: stage.logins.now(),
    };
    let clock = stage.scratch.path().join(format!("clock-{}", random.u64(..)));
    let is_verbose = random.bool();
    let mut command = command(stage, what, handicap, profile.0, is_verbose, &clock);
    if let Handicap::WrongClock(first, _) = handicap {
        set_clock(&clock, first);
    }
    let Ok(child) = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
        stage.tally.violation("a process could not be started");
        return;
    };
    if let Handicap::WrongClock(_, then) = handicap {
        thread::sleep(Duration::from_millis(random.u64(0..100)));
        set_clock(&clock, then);
    }
    let (output, (stopped, killed)) = wait(stage, child, what);
    // None is there unless the clock was wrong.
    let _ = fs::remove_file(&clock);
    stage.tally.count(match (what, handicap) {
        (What::Botocore, _) => "processes: botocore",
        (_, Handicap::None) => "processes: ssocreds",
        (_, Handicap::FullDisk) => "processes: ssocreds that can write nothing",
        (_, Handicap::ReadOnlyHome) => "processes: ssocreds in a read-only home",
        (_, Handicap::WrongClock(..)) => "processes: ssocreds under a wrong clock, set meanwhile",
    });
    let Some(output) = output else { return };
    run.stopped = stopped;
    judge::output(stage, &run, &output);
    // It may have ended by itself before.
    if killed && output.status.signal().is_some() {
        stage.tally.count("ended: killed");
    } else {
        judge::end(stage, &run, &output);
    }
}

/// What it printed, and whether it was stopped or killed meanwhile.
fn wait(stage: &Stage, child: Child, what: What) -> (Option<Output>, (bool, bool)) {
    let pid = child.id();
    stage.running().push(Running {
        pid,
        ours: what.is_ours(),
        stopped: false,
        killed: false,
        since: Instant::now(),
    });
    let output = child.wait_with_output();
    let mut fate = (false, false);
    stage.running().retain(|it| {
        if it.pid == pid {
            fate = (it.stopped, it.killed);
        }
        it.pid != pid
    });
    (output.ok(), fate)
}

/// Sets by how many seconds a clock is off, in one step: the file is read at any moment.
fn set_clock(clock: &Path, off_by: i64) {
    let aside = clock.with_extension("next");
    let _ = fs::write(&aside, format!("{off_by:+}\n")).and_then(|()| fs::rename(&aside, clock));
}
