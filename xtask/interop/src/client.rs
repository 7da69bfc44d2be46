//! The programs that get credentials for a profile: the clients, and ssocreds itself.

use std::ffi::OsString;
use std::process::Command;

use serde_json::Value;
use sso_emulator::Home;

use crate::process::Finished;

/// The AWS CLI version 1 has no command that prints credentials. A presigned URL shows the access key ID.
const PRESIGN: [&str; 5] = ["s3", "presign", "s3://any/any", "--region", "us-east-1"];

/// A program that is installed.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) kind: Kind,
    /// The program and its first arguments.
    pub(crate) program: Vec<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A small program over a library: `version`, `credentials PROFILE`, `token PROFILE` and `watch`
    /// print JSON.
    Library,
    AwsCli,
    /// `object_store`, which reads no profiles. It runs under `exec --renew` and with the adapters only.
    Storage,
    Ssocreds,
}

/// What a client printed.
pub(crate) enum Answer {
    AccessKeyId(String),
    AccessToken(String),
    Error(String),
}

impl Client {
    /// The program with its first arguments, in the environment of a home.
    pub(crate) fn command(&self, home: &Home) -> Command {
        let mut words = self.program.iter();
        let mut command = home.command(words.next().cloned().unwrap_or_default());
        command.args(words);
        command
    }

    /// The command that gets credentials for a profile. ssocreds gets them without its cache.
    pub(crate) fn credentials(&self, home: &Home, profile: &str) -> Command {
        let mut command = self.command(home);
        match self.kind {
            Kind::Library | Kind::Storage => command.args(["credentials", profile]),
            Kind::AwsCli => command.args(PRESIGN).args(["--profile", profile]),
            Kind::Ssocreds => {
                command.args(["credential-process", "--no-cache", "--profile", profile])
            }
        };
        command
    }

    /// Reads what the command printed.
    pub(crate) fn answer(finished: &Finished) -> Answer {
        if finished.status.is_none() {
            return Answer::Error("(it did not end in time)".to_owned());
        }
        let line = finished.stdout.lines().last().unwrap_or_default();
        let fields: Value = serde_json::from_str(line).unwrap_or_default();
        let field = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let key = field("access_key_id").or_else(|| field("AccessKeyId")).or_else(|| signer(line));
        match (key, field("access_token")) {
            (Some(key), _) if finished.succeeded() => Answer::AccessKeyId(key),
            (_, Some(token)) if finished.succeeded() => Answer::AccessToken(token),
            _ => {
                let error = field("error").unwrap_or_else(|| finished.stderr.clone());
                let lines = error.lines().map(str::trim).filter(|line| !line.is_empty());
                Answer::Error(lines.collect::<Vec<_>>().join(" / "))
            }
        }
    }
}

/// The access key ID of a presigned URL, in the old or the new form of the signature.
pub(crate) fn signer(url: &str) -> Option<String> {
    let forms = ["AWSAccessKeyId=", "X-Amz-Credential="];
    let (_, rest) = forms.iter().find_map(|form| url.split_once(form))?;
    rest.split(['&', '%']).next().map(str::to_owned)
}
