//! The rows in which a client runs for a long time under `ssocreds exec --renew`. It requests credentials
//! from its default provider chain again and again.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use sso_emulator::{Emulator, TokenState};

use crate::cell::{Cell, Outcome, Row};
use crate::client::{Client, Kind};
use crate::process::{Process, answer};
use crate::stage::{Stage, TestBed};

/// The endpoint renews after half of it. The other half must be longer than the pauses of the AWS CLI.
const LIFETIME: Duration = Duration::from_secs(14);
const EXPIRIES: usize = 3;
/// For each row. All clients share two cores, and some start slowly.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// Static keys, which every SDK would use rather than the endpoint.
const DEFAULT_PROFILE: &str =
    "\n[default]\naws_access_key_id = AKIASTATIC\naws_secret_access_key = static\n";

/// One process of the AWS CLI that signs a request every five seconds until it fails, and then a new process
/// each time. The arguments are the URL of the emulator, which has no such bucket, and the AWS CLI.
const AWS_CLI_LOOP: &str = r#"
url=$1; shift
"$@" s3api wait bucket-exists --bucket any --region us-east-1 --endpoint-url "$url" --debug 2>&1 |
    sed -un 's/.*Credential=\([A-Z0-9]*\).*/{"access_key_id":"\1"}/p'
while :; do
    "$@" s3 presign s3://any/any --region us-east-1 2>&1
    sleep 0.5
done"#;

/// Runs every row for a client.
pub(crate) fn rows(bed: &TestBed, client: &Client) -> Result<Vec<Row>> {
    let builder = Emulator::builder().credentials_ttl(LIFETIME);
    let stage = bed.stage_with(builder, TokenState::Valid)?;
    stage.append_to_config(DEFAULT_PROFILE)?;
    fs::write(stage.home.directory.join(".aws/credentials"), DEFAULT_PROFILE)?;
    let process = Process::start(command(&stage, client))?;
    let mut watched = Watched { stage: &stage, process };
    // In this order, on one process.
    let rows = [
        (
            "gets the endpoint's credentials, although `[default]` holds static keys",
            watched.uses_the_endpoint(),
        ),
        ("keeps working across three expiries", watched.keeps_working()),
        (
            "shows the command to log in when the session has ended",
            watched.shows_the_login_command(),
        ),
        ("recovers after `ssocreds login`, without a restart", watched.recovers()),
    ];
    let rows = rows.into_iter().map(|(row, result)| (row, result.unwrap_or_else(|cell| cell)));
    Ok(rows.collect())
}

/// The command that prints a line each time that the client has requested credentials.
fn command(stage: &Stage<'_>, client: &Client) -> Command {
    let exec = ["exec", "--renew", "--profile", &stage.home.profile, "--"];
    let mut command = stage.ssocreds.command(&stage.home, &exec);
    if client.kind == Kind::AwsCli {
        command.args(["sh", "-c", AWS_CLI_LOOP, "sh", &stage.emulator.portal_url()]);
        command.args(&client.program);
    } else {
        command.args(&client.program).arg("watch");
    }
    command
}

/// `ssocreds exec --renew` with the client as its command.
struct Watched<'a> {
    stage: &'a Stage<'a>,
    process: Process,
}

/// The output of the client so far.
struct Seen {
    /// The access key IDs of one process.
    keys: BTreeSet<String>,
    /// The last access key ID or error.
    last: Result<String, String>,
}

impl Watched<'_> {
    fn uses_the_endpoint(&mut self) -> Outcome {
        let seen = self.wait_until(|seen| !seen.keys.is_empty());
        let is_issued = seen.last.is_ok_and(|key| self.stage.emulator.owner_of(&key).is_some());
        Cell::yes_if(is_issued, self.output_as_fault())
    }

    fn keeps_working(&mut self) -> Outcome {
        let stage = self.stage;
        let expired = |seen: &Seen| seen.keys.iter().filter(|key| !is_valid(stage, key)).count();
        let seen = self.wait_until(|seen| !seen.works(stage) || expired(seen) >= EXPIRIES);
        if let Ok(key) = &seen.last
            && !is_valid(stage, key)
        {
            let text = format!("its last request was signed with the expired key {key}");
            return Err(Cell::no(text));
        }
        Cell::yes_if(seen.last.is_ok() && expired(&seen) >= EXPIRIES, self.output_as_fault())
    }

    fn shows_the_login_command(&mut self) -> Outcome {
        self.stage.emulator.end_session();
        let Err(error) = self.wait_until(|seen| seen.last.is_err()).last else {
            return Err(Cell::fault("it showed no error"));
        };
        if !names_login_command(&self.process.stderr()) {
            return Err(Cell::fault("ssocreds did not print the command"));
        }
        let shown = self.stage.shown(&error);
        let no = Cell::no(format!("it shows `{shown}`; ssocreds prints the command to stderr"));
        Cell::yes_if(names_login_command(&error), no)
    }

    fn recovers(&mut self) -> Outcome {
        self.stage.log_in().map_err(Cell::fault)?;
        let stage = self.stage;
        let seen = self.wait_until(|seen| seen.works(stage));
        Cell::yes_if(seen.works(stage), self.output_as_fault())
    }

    /// Waits until this holds, the process has ended or the time limit is reached.
    fn wait_until(&mut self, holds: impl Fn(&Seen) -> bool) -> Seen {
        let deadline = Instant::now() + TIME_LIMIT;
        loop {
            let has_ended = self.process.has_ended();
            let seen = Seen::read(&self.process.stdout());
            if holds(&seen) || has_ended || Instant::now() >= deadline {
                return seen;
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// A fault that shows the last lines of the output.
    fn output_as_fault(&self) -> Cell {
        let output = self.process.stderr() + &self.process.stdout();
        let lines: Vec<_> = output.lines().collect();
        let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
        Cell::fault(format!("`{}`", self.stage.shown(&last.join(" / "))))
    }
}

impl Seen {
    fn read(output: &str) -> Self {
        let mut seen = Self { keys: BTreeSet::new(), last: Err("no output".to_owned()) };
        for line in output.lines().filter(|line| !line.trim().is_empty()) {
            seen.last = answer(line);
            // A presigned URL comes from another process.
            seen.keys.extend(seen.last.clone().ok().filter(|_| line.starts_with('{')));
        }
        seen
    }

    /// Whether the client has valid credentials.
    fn works(&self, stage: &Stage<'_>) -> bool {
        self.last.as_ref().is_ok_and(|key| is_valid(stage, key))
    }
}

/// Whether the emulator issued the key and it has not expired.
fn is_valid(stage: &Stage<'_>, key: &str) -> bool {
    let issued = stage.emulator.role_credentials(key);
    issued.is_some_and(|issued| issued.expiration > stage.emulator.now())
}

fn names_login_command(text: &str) -> bool {
    text.contains("ssocreds login") || text.contains("aws sso login")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_errors_are_read_from_the_output_of_clients() {
        let text = "{\"access_key_id\":\"ASIA1\"}\n{\"access_key_id\":\"ASIA2\"}\n";
        let check = |more: &str, last: Result<&str, &str>| {
            let seen = Seen::read(&format!("{text}{more}\n"));
            assert_eq!(seen.keys.len(), 2);
            assert_eq!(seen.last, last.map(Into::into).map_err(Into::into));
        };
        check("", Ok("ASIA2"));
        check("{\"error\":\"no\"}", Err("no"));
        check("an error", Err("an error"));
        check("an error\nhttps://x/?AWSAccessKeyId=ASIA3&x=y", Ok("ASIA3"));
        check("an error\nhttps://x/?X-Amz-Credential=ASIA3%2F1", Ok("ASIA3"));
    }
}
