//! Runs one real client, or ssocreds, and reads its answer.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;
use sso_emulator::Home;

use super::process::{Finished, Running};
use super::signed::SignedService;

/// Longer than any of them backs off by itself when it is throttled.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A client that is on this machine.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) kind: Kind,
    /// The program and the arguments that come before what is asked.
    pub(crate) program: Vec<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A small program over a library: `credentials PROFILE`, `token PROFILE` and `watch`, with an
    /// answer in JSON.
    Library,
    /// The same, with a verb of its own for `credential_process`.
    LibraryWithProcess,
    /// The AWS CLI.
    AwsCli,
    /// `object_store`, which reads no profiles: it only runs under `exec --renew`, and with the adapters.
    Storage,
}

/// What a client is asked for; each names a profile.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    Credentials(&'a str),
    CredentialProcess(&'a str),
    Token(&'a str),
}

/// What came of it.
pub(crate) enum Answer {
    AccessKeyId(String),
    AccessToken(String),
    Error(String),
}

impl Client {
    pub(crate) fn ask(&self, ask: Ask<'_>, home: &Home, signed: &SignedService) -> Result<Answer> {
        let running = Running::start(self.command(ask, home, signed))?;
        Ok(self.answer(&running.finish(Instant::now() + TIME_LIMIT)?))
    }

    pub(crate) fn command(&self, ask: Ask<'_>, home: &Home, signed: &SignedService) -> Command {
        let mut command = clean(&self.program, &home.environment);
        match (self.kind, ask) {
            (Kind::AwsCli, Ask::Credentials(profile) | Ask::CredentialProcess(profile)) => command
                .args(["sts", "get-caller-identity", "--query", "UserId", "--output", "text"])
                .args(["--endpoint-url", &signed.url, "--profile", profile]),
            (Kind::LibraryWithProcess, Ask::CredentialProcess(profile)) => {
                command.args(["process", profile])
            }
            (_, Ask::Credentials(profile) | Ask::CredentialProcess(profile)) => {
                command.args(["credentials", profile])
            }
            (_, Ask::Token(profile)) => command.args(["token", profile]),
        };
        command
    }

    pub(crate) fn answer(&self, finished: &Finished) -> Answer {
        let Some(status) = finished.status else {
            return Answer::Error(format!("(still at it after {TIME_LIMIT:?}, ended)"));
        };
        if self.kind == Kind::AwsCli {
            let key = finished.stdout.trim();
            if status.success() && !key.is_empty() {
                return Answer::AccessKeyId(key.to_owned());
            }
            return Answer::Error(lines(&finished.stderr));
        }
        let line = finished.stdout.lines().last().unwrap_or_default();
        let answer: Value = serde_json::from_str(line).unwrap_or_default();
        let of = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        of("access_key_id")
            .map(Answer::AccessKeyId)
            .or_else(|| of("access_token").map(Answer::AccessToken))
            .or_else(|| of("error").map(|error| Answer::Error(lines(&error))))
            .unwrap_or_else(|| Answer::Error(lines(&finished.stderr)))
    }

    /// Whether it has a provider of the access token alone.
    pub(crate) fn has_token_provider(&self) -> bool {
        self.kind != Kind::AwsCli
    }
}

/// The program of this workspace.
pub(crate) struct Ssocreds {
    pub(crate) program: PathBuf,
}

impl Ssocreds {
    pub(crate) fn ask(&self, home: &Home, profile: &str, cache: bool) -> Result<Answer> {
        let running = Running::start(self.command(home, profile, cache))?;
        Ok(Self::answer(&running.finish(Instant::now() + TIME_LIMIT)?))
    }

    pub(crate) fn command(&self, home: &Home, profile: &str, cache: bool) -> Command {
        let mut command = clean(&[self.program.clone().into()], &home.environment);
        command.args(["credential-process", "--profile", profile]);
        if !cache {
            command.arg("--no-cache");
        }
        command
    }

    pub(crate) fn answer(finished: &Finished) -> Answer {
        let Some(status) = finished.status else {
            return Answer::Error(format!("(still at it after {TIME_LIMIT:?}, ended)"));
        };
        let credentials: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
        match credentials.get("AccessKeyId").and_then(Value::as_str) {
            Some(key) if status.success() => Answer::AccessKeyId(key.to_owned()),
            _ => Answer::Error(lines(&finished.stderr)),
        }
    }
}

/// A command with the home's environment, and of ours only what programs need to start at all.
pub(crate) fn clean(program: &[OsString], environment: &[(String, String)]) -> Command {
    let (first, rest) =
        program.split_first().map_or((OsString::new(), [].as_slice()), |(a, b)| (a.clone(), b));
    let mut command = Command::new(first);
    command.args(rest).env_clear();
    for name in ["PATH", "TMPDIR", "TEMP", "SystemRoot", "LANG"] {
        if let Some(value) = inherited(name) {
            command.env(name, value);
        }
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn inherited(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// An error text in one line.
fn lines(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" / ")
}
