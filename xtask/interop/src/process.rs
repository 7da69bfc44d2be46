//! Runs a process with a time limit, and reads what it printed.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::NamedTempFile;

/// Longer than any client retries a throttled request.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A process that may still run.
pub(crate) struct Process {
    child: Child,
    // Files and not pipes: a pipe stays open until every process that inherited it has ended.
    stdout: NamedTempFile,
    stderr: NamedTempFile,
}

/// Runs a command. Returns its standard output if it succeeds, and otherwise its error.
pub(crate) fn run(command: Command) -> Result<String, String> {
    let process = Process::start(command).map_err(|error| format!("{error:#}"))?;
    process.finish(Instant::now() + TIME_LIMIT)
}

/// Reads a line that a client printed: an access key ID, an access token, its version or an error.
pub(crate) fn answer(line: &str) -> Result<String, String> {
    let fields: Value = serde_json::from_str(line).unwrap_or_default();
    let field = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let names = ["access_key_id", "AccessKeyId", "access_token", "version"];
    let value = names.into_iter().find_map(field).or_else(|| signer(line));
    value.ok_or_else(|| field("error").unwrap_or_else(|| line.trim().to_owned()))
}

/// The access key ID in a presigned URL with the old or the new form of the signature.
fn signer(url: &str) -> Option<String> {
    let forms = ["AWSAccessKeyId=", "X-Amz-Credential="];
    let (_, rest) = forms.iter().find_map(|form| url.split_once(form))?;
    rest.split(['&', '%']).next().map(str::to_owned)
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let (stdout, stderr) = (NamedTempFile::new()?, NamedTempFile::new()?);
        command.stdin(Stdio::null()).stdout(stdout.reopen()?).stderr(stderr.reopen()?);
        let program = command.get_program().display().to_string();
        let child = command.spawn().with_context(|| format!("failed to start {program}"))?;
        Ok(Self { child, stdout, stderr })
    }

    /// Waits until the process ends, or ends it at the deadline. Returns the same as [`run`].
    pub(crate) fn finish(mut self, deadline: Instant) -> Result<String, String> {
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => sleep(Duration::from_millis(5)),
                Ok(Some(status)) if status.success() => return Ok(self.stdout()),
                Ok(Some(_)) => return Err(self.error()),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("(it did not end in time)".to_owned())
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The standard output so far.
    pub(crate) fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// The standard error so far.
    pub(crate) fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// The error on standard output, where a program over a library prints it, or the standard error.
    fn error(&self) -> String {
        let stdout = self.stdout();
        let error = answer(stdout.lines().last().unwrap_or_default()).err().unwrap_or_default();
        let error = if error.is_empty() { self.stderr() } else { error };
        let lines = error.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join(" / ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.has_ended() {
            // SIGTERM, so that `ssocreds exec` ends its command and removes its files.
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

fn text(file: &NamedTempFile) -> String {
    String::from_utf8_lossy(&fs::read(file.path()).unwrap_or_default()).into_owned()
}
