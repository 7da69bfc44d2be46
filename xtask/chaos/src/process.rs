//! Runs the processes, as many at a time as there are workers.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{What, command};
use crate::judge::{self, LONGEST, Run};
use crate::stage::{PROFILES, Running, Stage};
use crate::{secrets, signals};

/// The time that a stop may add.
const LONGEST_STOP: Duration = Duration::from_secs(60);

/// Checks the running processes until the run is over: their command lines, and whether one hangs.
/// Allows each login that waits for the user.
pub(crate) fn watch(stage: &Stage) {
    while !stage.is_over() {
        for kinds in secrets::in_command_lines(&stage.home.directory) {
            stage.tally.violation(&format!("a command line shows a secret: {kinds:?}"));
        }
        stage.tally.count("check: command lines of all processes");
        for user_code in stage.emulator.pending_devices() {
            stage.emulator.approve_device(&user_code);
        }
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
        must_succeed(stage, what, profile);
    }
}

/// Runs our program while there is no fault. It must succeed.
pub(crate) fn must_succeed(stage: &Stage, what: What, profile: &str) {
    let output = command(stage, what, false, profile, false).output();
    if !output.as_ref().is_ok_and(|output| output.status.success()) {
        let error = output.map(|it| String::from_utf8_lossy(&it.stderr).into_owned());
        stage.tally.violation(&format!("an undisturbed {what:?} failed: {error:?}"));
    }
}

/// Runs a process and checks its result.
pub(crate) fn finish(stage: &Stage, mut run: Run, command: Command) -> Option<Output> {
    let child = start(stage, command, run.what)?;
    let (output, was_killed) = wait(stage, child, &mut run);
    let output = output?;
    judge::output(stage, &run, &output);
    if was_killed {
        stage.tally.count("ended: killed");
    } else {
        judge::end(stage, &run, &output);
    }
    Some(output)
}

pub(crate) fn start(stage: &Stage, mut command: Command, what: What) -> Option<Child> {
    let Ok(child) = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
        stage.tally.violation("a process could not be started");
        return None;
    };
    stage.tally.count(&format!("processes: {what:?}"));
    let (pid, ours, since) = (child.id(), what.is_ours(), Instant::now());
    stage.running().push(Running { pid, ours, stopped: false, killed: false, since });
    Some(child)
}

/// Returns the output, and whether the process was killed. Notes whether it was stopped.
pub(crate) fn wait(stage: &Stage, child: Child, run: &mut Run) -> (Option<Output>, bool) {
    let pid = child.id();
    let output = child.wait_with_output().ok();
    let mut running = stage.running();
    let ended = running.iter().position(|it| it.pid == pid).map(|at| running.swap_remove(at));
    run.stopped = ended.as_ref().is_some_and(|it| it.stopped);
    // It may have ended before the signal.
    let by_signal = output.as_ref().is_some_and(|it| it.status.signal().is_some());
    (output, by_signal && ended.is_some_and(|it| it.killed))
}
