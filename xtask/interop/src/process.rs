//! Runs a child process with a time limit.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tempfile::NamedTempFile;

/// For one process. Longer than a client retries by itself when it is throttled.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A process that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    // Files, not pipes: reading a pipe would wait for every process that inherited it.
    stdout: NamedTempFile,
    stderr: NamedTempFile,
}

/// A process that has ended.
pub(crate) struct Finished {
    /// `None` if it did not end in time.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, for a minute at most.
pub(crate) fn run(command: Command) -> Result<Finished> {
    Running::start(command)?.finish(Instant::now() + TIME_LIMIT)
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let (stdout, stderr) = (NamedTempFile::new()?, NamedTempFile::new()?);
        command.stdin(Stdio::null()).stdout(stdout.reopen()?).stderr(stderr.reopen()?);
        let program = command.get_program().display().to_string();
        let child = command.spawn().with_context(|| format!("failed to start {program}"))?;
        Ok(Self { child, stdout, stderr })
    }

    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// What the process has written to standard output so far.
    pub(crate) fn stdout(&self) -> Result<String> {
        text(&self.stdout)
    }

    /// What the process has written to standard error so far.
    pub(crate) fn stderr(&self) -> Result<String> {
        text(&self.stderr)
    }

    /// Waits until the process ends, and kills it at the deadline.
    pub(crate) fn finish(mut self, deadline: Instant) -> Result<Finished> {
        while !self.has_ended()? && Instant::now() < deadline {
            sleep(Duration::from_millis(5));
        }
        let status = self.child.try_wait()?;
        if status.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        Ok(Finished { status, stdout: self.stdout()?, stderr: self.stderr()? })
    }
}

impl Finished {
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

fn text(file: &NamedTempFile) -> Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(file.path())?).into_owned())
}
