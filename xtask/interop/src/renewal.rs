//! The rows in which a client runs for a long time under `ssocreds exec --renew`, and asks its default
//! chain of providers for credentials again and again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde_json::Value;
use sso_emulator::{Emulator, TokenState};

use crate::cell::{Cell, Whose};
use crate::client::{Client, Kind, signer};
use crate::process::Running;
use crate::stage::{Stage, TestBed};

/// The endpoint renews after half of it. The other half must be longer than the pauses of the AWS CLI.
const LIFETIME: Duration = Duration::from_secs(14);
const EXPIRIES: usize = 3;
/// For each row. All clients share two cores, and some start slowly.
const TIME_LIMIT: Duration = Duration::from_secs(90);

/// Static keys that come before the endpoint in every SDK.
const DEFAULT_PROFILE: &str =
    "\n[default]\naws_access_key_id = AKIASTATIC\naws_secret_access_key = static\n";

/// One process of the AWS CLI that signs a request every five seconds, and then a new process each time.
/// Its arguments are the URL of the emulator, which has no such bucket, and the AWS CLI.
const AWS_CLI_LOOP: &str = r#"
url=$1; shift
"$@" s3api wait bucket-exists --bucket any --region us-east-1 --endpoint-url "$url" --debug 2>&1 |
    sed -un 's/.*Credential=\([A-Z0-9]*\).*/{"access_key_id":"\1"}/p'
while :; do
    "$@" s3 presign s3://any/any --region us-east-1 2>&1
    sleep 0.5
done"#;

/// Runs the rows of each client, all clients at the same time.
pub(crate) fn all(bed: &TestBed, clients: &[Client]) -> Result<Vec<Vec<Cell>>> {
    thread::scope(|scope| {
        let running = clients.iter().map(|client| scope.spawn(|| rows(bed, client)));
        let running: Vec<_> = running.collect();
        let cells = running.into_iter().map(|run| {
            let finished = run.join();
            finished.map_err(|_| anyhow!("a thread of the run panicked"))?
        });
        cells.collect()
    })
}

fn rows(bed: &TestBed, client: &Client) -> Result<Vec<Cell>> {
    let builder = Emulator::builder().credentials_ttl(LIFETIME);
    let stage = bed.stage_with(builder, TokenState::Valid)?;
    stage.append_to_config(DEFAULT_PROFILE)?;
    std::fs::write(stage.home.directory.join(".aws/credentials"), DEFAULT_PROFILE)?;
    let mut command = stage.ssocreds.command(&stage.home);
    command.args(["exec", "--renew", "--profile", &stage.home.profile, "--"]);
    command.args(watch(client, &stage.emulator.portal_url()));
    let mut watched = Watched { stage: &stage, running: Running::start(command)? };
    let rows = [
        (
            "gets the endpoint's credentials, although `[default]` holds static keys",
            watched.uses_the_endpoint()?,
        ),
        ("keeps working across three expiries", watched.keeps_working()?),
        (
            "shows the command to log in when the session has ended",
            watched.shows_the_login_command()?,
        ),
        ("recovers after `ssocreds login`, without a restart", watched.recovers()?),
    ];
    Ok(rows.into_iter().map(|(row, cell)| Cell { row, ..cell }).collect())
}

/// The command that prints a line for each time that it has asked for credentials.
fn watch(client: &Client, url: &str) -> Vec<OsString> {
    let program = client.program.iter().cloned();
    if client.kind == Kind::AwsCli {
        let shell = ["sh", "-c", AWS_CLI_LOOP, "sh", url].map(OsString::from);
        return shell.into_iter().chain(program).collect();
    }
    program.chain(["watch".into()]).collect()
}

/// `ssocreds exec --renew` with the client as its command.
struct Watched<'a> {
    stage: &'a Stage<'a>,
    running: Running,
}

/// What the client has printed so far.
#[derive(Default)]
struct Seen {
    /// The access key IDs of one process.
    keys: BTreeSet<String>,
    last_key: Option<String>,
    /// The last line, if that is an error.
    last_error: Option<String>,
}

impl Watched<'_> {
    fn uses_the_endpoint(&mut self) -> Result<Cell> {
        let seen = self.wait_until(|seen| !seen.keys.is_empty())?;
        Ok(match seen.last_key {
            Some(key) if self.stage.emulator.owner_of(&key).is_some() => Cell::yes(),
            Some(key) => Cell::no(format!("it used {key}"), Whose::Ssocreds),
            None => Cell::no(self.last_lines()?, Whose::Ssocreds),
        })
    }

    fn keeps_working(&mut self) -> Result<Cell> {
        let stage = self.stage;
        let has_expired = |key: &String| !is_valid(stage, key);
        let expired = |seen: &Seen| seen.keys.iter().filter(|key| has_expired(key)).count();
        let seen = self.wait_until(|seen| {
            seen.last_error.is_some()
                || seen.last_key.as_ref().is_some_and(has_expired)
                || expired(seen) >= EXPIRIES
        })?;
        let count = expired(&seen);
        if let Some(key) = seen.last_key.filter(has_expired) {
            let why = format!("its last request was signed with the expired key {key}");
            return Ok(Cell::no(why, Whose::Client));
        }
        Ok(match seen.last_error {
            Some(error) => Cell::no(stage.shown(&error), Whose::Ssocreds),
            None if count >= EXPIRIES => Cell::yes(),
            None => Cell::no(format!("it got {} keys only", seen.keys.len()), Whose::Ssocreds),
        })
    }

    fn shows_the_login_command(&mut self) -> Result<Cell> {
        self.stage.emulator.end_session();
        let seen = self.wait_until(|seen| seen.last_error.is_some())?;
        let Some(error) = seen.last_error else {
            return Ok(Cell::no("it showed no error".to_owned(), Whose::Ssocreds));
        };
        if !names_login_command(&self.running.stderr()?) {
            let why = "ssocreds did not print the command".to_owned();
            return Ok(Cell::no(why, Whose::Ssocreds));
        }
        if names_login_command(&error) {
            return Ok(Cell::yes());
        }
        let error = self.stage.shown(&error);
        let why = format!("it shows `{error}`; ssocreds prints the command to stderr");
        Ok(Cell::no(why, Whose::Client))
    }

    fn recovers(&mut self) -> Result<Cell> {
        self.stage.log_in()?;
        let stage = self.stage;
        let recovered =
            |seen: &Seen| seen.last_key.as_ref().is_some_and(|key| is_valid(stage, key));
        if recovered(&self.wait_until(recovered)?) {
            return Ok(Cell::yes());
        }
        Ok(Cell::no(self.last_lines()?, Whose::Ssocreds))
    }

    /// Waits until this holds, the process has ended or the time limit is reached. Returns what the client
    /// has printed.
    fn wait_until(&mut self, holds: impl Fn(&Seen) -> bool) -> Result<Seen> {
        let deadline = Instant::now() + TIME_LIMIT;
        loop {
            let has_ended = self.running.has_ended()?;
            let seen = seen(&self.running.stdout()?);
            if holds(&seen) || has_ended || Instant::now() >= deadline {
                return Ok(seen);
            }
            sleep(Duration::from_millis(100));
        }
    }

    fn last_lines(&self) -> Result<String> {
        let text = self.running.stderr()? + &self.running.stdout()?;
        let lines: Vec<_> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
        Ok(format!("`{}`", self.stage.shown(&last.join(" / "))))
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // SIGTERM, so that ssocreds ends its command and removes its files.
        let child = &mut self.running.child;
        let ended = Command::new("kill").arg(child.id().to_string()).status();
        if !ended.is_ok_and(|status| status.success()) {
            let _ = child.kill();
        }
        let _ = child.wait();
    }
}

/// Whether the key is one of the emulator's that has not expired.
fn is_valid(stage: &Stage<'_>, key: &str) -> bool {
    let issued = stage.emulator.role_credentials(key);
    issued.is_some_and(|issued| issued.expiration > stage.emulator.now())
}

fn names_login_command(text: &str) -> bool {
    text.contains("ssocreds login") || text.contains("aws sso login")
}

fn seen(text: &str) -> Seen {
    let mut seen = Seen::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let printed: Value = serde_json::from_str(line).unwrap_or_default();
        let field = |name: &str| printed.get(name).and_then(Value::as_str).map(str::to_owned);
        let key = field("access_key_id");
        seen.keys.extend(key.clone());
        // A presigned URL comes from a process of its own.
        match key.or_else(|| signer(line)) {
            Some(key) => (seen.last_key, seen.last_error) = (Some(key), None),
            None => seen.last_error = Some(field("error").unwrap_or_else(|| line.to_owned())),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_errors_are_read_from_the_output_of_clients() {
        let text = "{\"access_key_id\":\"ASIA1\"}\n{\"access_key_id\":\"ASIA2\"}\n";
        let both = seen(text);
        assert_eq!((both.keys.len(), both.last_key.as_deref()), (2, Some("ASIA2")));
        assert!(both.last_error.is_none());
        let failed = seen(&format!("{text}{{\"error\":\"no\"}}\n"));
        assert_eq!(failed.last_error.as_deref(), Some("no"));
        for url in ["https://x/?AWSAccessKeyId=ASIA3&x=y", "https://x/?X-Amz-Credential=ASIA3%2F1"]
        {
            let later = seen(&format!("{text}an error\n{url}\n"));
            assert_eq!((later.keys.len(), later.last_key.as_deref()), (2, Some("ASIA3")));
            assert!(later.last_error.is_none());
        }
    }
}
