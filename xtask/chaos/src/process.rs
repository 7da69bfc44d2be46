//! Runs the processes, as many at a time as there are workers.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Output, Stdio};
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{What, command};
use crate::judge::{self, LONGEST, Run};
use crate::stage::{PROFILES, Running, Stage, Weather};
use crate::{secrets, signals};

/// The time that a stop may add.
const LONGEST_STOP: Duration = Duration::from_secs(60);

/// Runs one process after the other until the run is over.
pub(crate) fn work(stage: &Stage, mut random: fastrand::Rng) {
    while !stage.is_over() {
        let quiet = stage.under_way.read().unwrap_or_else(PoisonError::into_inner);
        one(stage, &mut random);
        drop(quiet);
        thread::sleep(Duration::from_millis(random.u64(0..40)));
    }
}

/// Checks the running processes until the run is over: their command lines, and whether one hangs.
pub(crate) fn watch(stage: &Stage) {
    while !stage.is_over() {
        for kinds in secrets::in_command_lines(&stage.home.directory) {
            stage.tally.violation(&format!("a command line shows a secret: {kinds:?}"));
        }
        stage.tally.count("check: command lines of all processes");
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

/// Runs our program for each profile while there is no fault. It must succeed.
pub(crate) fn run_undisturbed(stage: &Stage, what: What) {
    for (profile, ..) in PROFILES {
        let output = command(stage, what, false, profile, false).output();
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
    let is_disk_full = what.is_ours()
        && matches!((random.u8(..10), weather), (0, Weather::Harsh) | (0..=1, Weather::Unwritable));
    let mut run = Run {
        what,
        is_disk_full,
        profile,
        weather,
        started: Instant::now(),
        started_at: stage.emulator.now(),
        stopped: false,
        services: stage.services.now(),
        logins: stage.logins.now(),
    };
    let mut command = command(stage, what, is_disk_full, profile.0, random.bool());
    let Ok(child) = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
        stage.tally.violation("a process could not be started");
        return;
    };
    let (output, was_killed) = wait(stage, child, &mut run);
    stage.tally.count(match (what, is_disk_full) {
        (What::Botocore, _) => "processes: botocore",
        (_, false) => "processes: ssocreds",
        (_, true) => "processes: ssocreds that can write nothing",
    });
    let Some(output) = output else { return };
    judge::output(stage, &run, &output);
    // It may have ended before the signal.
    if was_killed && output.status.signal().is_some() {
        stage.tally.count("ended: killed");
    } else {
        judge::end(stage, &run, &output);
    }
}

/// Returns the output, and whether the process was killed. Notes whether it was stopped.
fn wait(stage: &Stage, child: Child, run: &mut Run) -> (Option<Output>, bool) {
    let (pid, ours) = (child.id(), run.what.is_ours());
    let since = Instant::now();
    stage.running().push(Running { pid, ours, stopped: false, killed: false, since });
    let output = child.wait_with_output();
    let mut running = stage.running();
    let ended = running.iter().position(|it| it.pid == pid).map(|at| running.swap_remove(at));
    run.stopped = ended.as_ref().is_some_and(|it| it.stopped);
    (output.ok(), ended.is_some_and(|it| it.killed))
}
