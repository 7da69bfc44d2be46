//! The rows in which a client runs for a long time under `ssocreds exec --renew`, and asks its default
//! chain of providers for credentials again and again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;
use sso_emulator::TokenState;

use super::client::{Client, Kind, clean};
use super::notes::{Cell, Whose};
use super::signed::SignedService;
use super::stage::{Stage, TestBed};

/// Short, so that three expiries take seconds. The endpoint renews after half of it.
const LIFETIME: Duration = Duration::from_secs(6);
const EXPIRIES: usize = 3;
/// For each row. All clients share two cores, and some start slowly.
const TIME_LIMIT: Duration = Duration::from_secs(60);

const ROWS: [&str; 4] = [
    "gets the endpoint's credentials, although `[default]` holds static keys",
    "keeps working across three expiries",
    "shows the command to log in when the session has ended",
    "recovers after `ssocreds login`, without a restart",
];

/// Static keys that come before the endpoint in every SDK.
const DEFAULT_PROFILE: &str =
    "\n[default]\naws_access_key_id = AKIASTATIC\naws_secret_access_key = static\n";

/// One process of the AWS CLI that sends a request each second, then a new process for each request.
/// Its arguments are the AWS CLI and the URL of the signed service.
const AWS_CLI_LOOP: &str = r#"
url=$1; shift
"$@" iam wait user-exists --user-name any --region us-east-1 --endpoint-url "$url" 2>&1
while :; do
    "$@" sts get-caller-identity --query UserId --output text --endpoint-url "$url" 2>&1
    sleep 0.5
done"#;

/// What the AWS CLI says when it has sent all requests of its `wait` command.
const WAITED_TO_THE_END: &str = "Max attempts exceeded";

/// The rows of each client, all clients at the same time.
pub(crate) fn all(test_bed: &TestBed, clients: &[Client]) -> Result<Vec<Vec<Cell>>> {
    thread::scope(|scope| {
        let running = clients.iter().map(|client| scope.spawn(|| rows(test_bed, client)));
        let running: Vec<_> = running.collect();
        running
            .into_iter()
            .map(|run| run.join().map_err(|_| anyhow!("a thread of the run panicked"))?)
            .collect()
    })
}

fn rows(test_bed: &TestBed, client: &Client) -> Result<Vec<Cell>> {
    let stage = test_bed.stage_with_lifetime(TokenState::Valid, LIFETIME)?;
    stage.append_to_config(DEFAULT_PROFILE)?;
    std::fs::write(stage.home.directory.join(".aws/credentials"), DEFAULT_PROFILE)?;
    let mut watched = Watched::start(client, &stage)?;
    Ok(vec![
        watched.uses_the_endpoint()?,
        watched.keeps_working()?,
        watched.shows_the_login_command()?,
        watched.recovers()?,
    ])
}

/// `ssocreds exec --renew` with the client as its command.
struct Watched<'a> {
    stage: &'a Stage<'a>,
    child: Child,
    output: tempfile::NamedTempFile,
    /// The standard error of ssocreds, and that of a client that is a library.
    errors: tempfile::NamedTempFile,
    /// The requests of the AWS CLI, which does not show its credentials.
    signed: Option<SignedService>,
}

/// What the client has printed or sent so far.
#[derive(Default)]
struct Seen {
    /// The access key IDs of one process.
    keys: BTreeSet<String>,
    last_key: Option<String>,
    /// Present if the last line is one.
    last_error: Option<String>,
    /// What is not the client's answer.
    standard_error: String,
}

impl<'a> Watched<'a> {
    fn start(client: &Client, stage: &'a Stage<'a>) -> Result<Self> {
        let ssocreds = stage.ssocreds.program.clone().into();
        let mut command = clean(&[ssocreds], &stage.home.environment);
        command.args(["exec", "--renew", "--profile", &stage.home.profile, "--"]);
        let signed = match client.kind {
            Kind::AwsCli => Some(SignedService::start()?),
            _ => None,
        };
        command.args(watch(client, signed.as_ref()));
        let (output, errors) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
        let appending =
            |file: &tempfile::NamedTempFile| File::options().append(true).open(file.path());
        command.stdin(Stdio::null()).stdout(appending(&output)?).stderr(appending(&errors)?);
        let child = command.spawn().context("failed to start ssocreds")?;
        Ok(Self { stage, child, output, errors, signed })
    }

    fn uses_the_endpoint(&mut self) -> Result<Cell> {
        self.wait_until(|seen| !seen.keys.is_empty())?;
        let seen = self.seen()?;
        Ok(match seen.last_key {
            Some(key) if self.stage.emulator.owner_of(&key).is_some() => Cell::yes(ROWS[0]),
            Some(key) => Cell::no(ROWS[0], format!("it used {key}"), Whose::Ssocreds),
            None => Cell::no(ROWS[0], self.last_lines()?, Whose::Ssocreds),
        })
    }

    fn keeps_working(&mut self) -> Result<Cell> {
        let stage = self.stage;
        let has_expired = |key: &String| {
            let issued = stage.emulator.role_credentials(key);
            issued.is_none_or(|issued| issued.expiration <= stage.emulator.now())
        };
        let is_done = |seen: &Seen| {
            seen.last_error.is_some()
                || seen.last_key.as_ref().is_some_and(has_expired)
                || seen.keys.iter().filter(|key| has_expired(key)).count() >= EXPIRIES
        };
        self.wait_until(is_done)?;
        let seen = self.seen()?;
        if let Some(key) = seen.last_key.filter(has_expired) {
            let why = format!("its last request was signed with the expired key {key}");
            return Ok(Cell::no(ROWS[1], why, Whose::Client));
        }
        let expired = seen.keys.iter().filter(|key| has_expired(key)).count();
        Ok(match seen.last_error {
            None if expired >= EXPIRIES => Cell::yes(ROWS[1]),
            None => {
                let why = format!("it went on with {} keys only", seen.keys.len());
                Cell::no(ROWS[1], why, Whose::Ssocreds)
            }
            Some(error) => Cell::no(ROWS[1], self.stage.shown(&error), Whose::Ssocreds),
        })
    }

    fn shows_the_login_command(&mut self) -> Result<Cell> {
        self.stage.emulator.end_session();
        self.wait_until(|seen| {
            seen.last_error.is_some() && names_login_command(&seen.standard_error)
        })?;
        let seen = self.seen()?;
        let Some(error) = seen.last_error else {
            return Ok(Cell::no(ROWS[2], "it showed no error".to_owned(), Whose::Ssocreds));
        };
        if !names_login_command(&seen.standard_error) {
            let why = "ssocreds did not print the command".to_owned();
            return Ok(Cell::no(ROWS[2], why, Whose::Ssocreds));
        }
        if names_login_command(&error) {
            return Ok(Cell::yes(ROWS[2]));
        }
        let error = self.stage.shown(&error);
        let why = format!("it shows `{error}`; ssocreds prints the command to stderr");
        Ok(Cell::no(ROWS[2], why, Whose::Client))
    }

    fn recovers(&mut self) -> Result<Cell> {
        self.stage.log_in()?;
        let is_new = |key: &String| {
            let issued = self.stage.emulator.role_credentials(key);
            issued.is_some_and(|issued| issued.expiration > self.stage.emulator.now())
        };
        let recovered = |seen: &Seen| seen.last_key.as_ref().is_some_and(is_new);
        if self.wait_until(recovered)? {
            return Ok(Cell::yes(ROWS[3]));
        }
        Ok(Cell::no(ROWS[3], self.last_lines()?, Whose::Ssocreds))
    }

    /// Returns false if it is not seen in time, or never will be since the process has ended.
    fn wait_until(&mut self, is_seen: impl Fn(&Seen) -> bool) -> Result<bool> {
        let deadline = Instant::now() + TIME_LIMIT;
        loop {
            let has_ended = self.child.try_wait()?.is_some();
            if is_seen(&self.seen()?) {
                return Ok(true);
            }
            if has_ended || Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(Duration::from_millis(100));
        }
    }

    fn seen(&self) -> Result<Seen> {
        let polls = self.signed.as_ref().map(SignedService::polls);
        let text = std::fs::read_to_string(self.output.path())?;
        let standard_error = std::fs::read_to_string(self.errors.path())?;
        Ok(Seen { standard_error, ..seen(&text, polls.unwrap_or_default()) })
    }

    fn last_lines(&self) -> Result<String> {
        let mut text = std::fs::read_to_string(self.errors.path())?;
        text.push_str(&std::fs::read_to_string(self.output.path())?);
        let lines: Vec<_> = text.lines().rev().take(3).collect();
        let lines = lines.into_iter().rev().collect::<Vec<_>>().join(" / ");
        Ok(format!("`{}`", self.stage.shown(&lines)))
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // A request to end, so that it ends its command and removes its files.
        let ended = Command::new("kill").arg(self.child.id().to_string()).status();
        if !ended.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn names_login_command(text: &str) -> bool {
    text.contains("ssocreds login") || text.contains("aws sso login")
}

/// The command that prints a line for each time that it has asked for credentials.
fn watch(client: &Client, signed: Option<&SignedService>) -> Vec<OsString> {
    let program = client.program.iter().cloned();
    match signed {
        Some(signed) => {
            let shell = ["sh", "-c", AWS_CLI_LOOP, "sh", &signed.url].map(OsString::from);
            shell.into_iter().chain(program).collect()
        }
        None => program.chain(["watch".into()]).collect(),
    }
}

fn seen(text: &str, polls: Vec<String>) -> Seen {
    let mut seen = Seen { last_key: polls.last().cloned(), ..Seen::default() };
    seen.keys.extend(polls);
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.contains(WAITED_TO_THE_END)) {
        let printed: Value = serde_json::from_str(line).unwrap_or_default();
        let field = |name: &str| printed.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_key = line.starts_with("ASIA") || line.starts_with("AKIA");
        if is_key {
            // Each is of a process of its own.
            seen.last_key = Some(line.to_owned());
            seen.last_error = None;
        } else if let Some(key) = field("access_key_id") {
            seen.keys.insert(key.clone());
            seen.last_key = Some(key);
            seen.last_error = None;
        } else {
            seen.last_error = Some(field("error").unwrap_or_else(|| line.to_owned()));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_errors_are_read_from_what_clients_print() {
        let text = "{\"access_key_id\":\"ASIA1\"}\n{\"access_key_id\":\"ASIA2\"}\n";
        let both = seen(text, Vec::new());
        assert_eq!((both.keys.len(), both.last_key.as_deref()), (2, Some("ASIA2")));
        assert!(both.last_error.is_none());
        let failed = seen(&format!("{text}{{\"error\":\"no\"}}\n"), Vec::new());
        assert_eq!(failed.last_error.as_deref(), Some("no"));
    }

    #[test]
    fn keys_of_one_aws_cli_process_come_from_its_requests() {
        let polls = vec!["ASIA1".to_owned(), "ASIA2".to_owned()];
        let waiting = seen("", polls.clone());
        assert_eq!((waiting.keys.len(), waiting.last_key.as_deref()), (2, Some("ASIA2")));
        let text = "Waiter UserExists failed: Max attempts exceeded\nASIA3\n";
        let later = seen(text, polls);
        assert_eq!((later.keys.len(), later.last_key.as_deref()), (2, Some("ASIA3")));
        assert!(later.last_error.is_none());
    }
}
