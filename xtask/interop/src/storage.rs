//! The program of `xtask/interop/storage`: `object_store`, `OpenDAL` and the AWS SDK for Rust on one S3
//! server, through our adapters.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::client::{Client, clean};
use super::process::Running;

/// The name for `--client`.
pub(crate) const NAME: &str = "object_store";

const TIME_LIMIT: Duration = Duration::from_secs(400);

const HEAD: &str = "
## The adapters on an S3 server

`sso-object-store`, `sso-reqsign` (through OpenDAL) and `sso-aws-sdk`, each with its client, write and read
objects in one process. The server is s3s-fs; it takes the emulator's role credentials, which live 28
seconds, until they expire. Expired, unknown and wrong keys are refused.

| client | version | renewals | while a login is needed it says | after the login, without a restart |
|---|---|---|---|---|
";

/// The report of a run.
pub(crate) struct Storage(Value);

pub(crate) fn run(client: &Client) -> Result<Storage> {
    let running = Running::start({
        let mut command = clean(&client.program, &[]);
        command.arg("storage");
        command
    })?;
    let finished = running.finish(Instant::now() + TIME_LIMIT)?;
    let is_success = finished.status.is_some_and(|status| status.success());
    ensure!(is_success, "the S3 clients failed: {}{}", finished.stdout, finished.stderr);
    let report = serde_json::from_str(&finished.stdout);
    Ok(Storage(report.context("the S3 clients printed no JSON")?))
}

impl Storage {
    pub(crate) fn section(&self) -> String {
        let mut section = HEAD.to_owned();
        let clients = self.0.get("clients").and_then(Value::as_array);
        for client in clients.into_iter().flatten() {
            let text = |name: &str| {
                let text = client.get(name).and_then(Value::as_str).unwrap_or("?");
                text.replace('|', "\\|").replace('\n', " ")
            };
            let (name, version, error) = (text("name"), text("version"), text("error"));
            // The run fails unless each has renewed twice and recovered; some renew more often.
            let _ =
                writeln!(section, "| {name} | {version} | two or more | {error} | works again |");
        }
        section
    }
}
