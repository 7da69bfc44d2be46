//! Starts processes and waits for them.

use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::job::Run;
use crate::stage::Stage;
use crate::{secrets, verdict};

/// The time limit of a retrieval, and what a stop and a busy machine may add to it.
const LONGEST: Duration = Duration::from_secs(60 + 40);

/// Checks the running processes: their command lines, and whether one hangs. Allows each login that
/// waits for the user.
pub(crate) fn watch(stage: &Stage, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        for kinds in secrets::in_command_lines(&stage.home.directory) {
            stage.tally.violation(format_args!("a command line shows a secret: {kinds:?}"));
        }
        for user_code in stage.emulator.pending_devices() {
            stage.emulator.approve_device(&user_code);
        }
        stage.running.lock().retain(|pid, started| {
            let hangs = started.elapsed() > LONGEST;
            if hangs {
                stage.tally.violation(format_args!("a process still waits after {LONGEST:?}"));
                signal(*pid, "KILL");
            }
            !hangs
        });
        thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a process with these variables, besides those of the home, and checks its result.
pub(crate) fn complete(stage: &Stage, run: &Run, variables: &[(String, String)]) -> Result<Output> {
    let mut command = run.command(stage);
    command.envs(variables.iter().cloned());
    finish(stage, run, start(stage, command)?)
}

pub(crate) fn start(stage: &Stage, mut command: Command) -> Result<Child> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.context("a process could not be started")?;
    stage.running.lock().insert(child.id(), Instant::now());
    Ok(child)
}

/// Waits for a process and checks its result.
pub(crate) fn finish(stage: &Stage, run: &Run, child: Child) -> Result<Output> {
    let pid = child.id();
    let output = child.wait_with_output()?;
    stage.running.lock().remove(&pid);
    let ending = verdict::check(stage, run, &output).with_context(|| format!("{:?}", run.job))?;
    stage.tally.add(&format!("{:?}: {ending}", run.job), 1);
    Ok(output)
}

/// Sends a signal. The process may have ended.
pub(crate) fn signal(pid: u32, name: &str) {
    let _ = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).output();
}
