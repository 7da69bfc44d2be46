//! The program of `xtask/interop/storage`: `object_store`, `OpenDAL` and the AWS SDK for Rust on one S3
//! server, through our adapters; and the programs of the READMEs.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::client::Client;
use crate::process::Running;
use crate::stage::TestBed;

const TIME_LIMIT: Duration = Duration::from_secs(400);

const HEAD: &str = "
## The adapters on an S3 server

`sso-object-store`, `sso-reqsign` (through OpenDAL) and `sso-aws-sdk`, each with its client, write and read
objects in one process. The server is s3s-fs. It accepts the emulator's role credentials, which are valid for
28 seconds, and refuses expired, unknown and wrong keys. During the run the session ends, and `ssocreds login`
begins the next one.

| client | version | renewals | error while a login is needed | after the login, without a restart |
|---|---|---|---|---|
";

const README_PROGRAMS: &str = "
These example programs of READMEs were compiled with the dependencies in the README, and run: ";

/// The report of a run.
pub(crate) struct Storage(Value);

/// Runs the clients and the programs of the READMEs.
pub(crate) fn run(bed: &TestBed, client: &Client) -> Result<Storage> {
    let mut command = Command::new(client.program.first().context("no program")?);
    command.arg("storage").args(&bed.ssocreds.program);
    command.arg(project::root().join("target/interop/readmes/debug"));
    let finished = Running::start(command)?.finish(Instant::now() + TIME_LIMIT)?;
    let is_success = finished.succeeded();
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
        let programs = self.0.get("readmes").and_then(Value::as_array);
        let programs: Vec<_> = programs.into_iter().flatten().filter_map(Value::as_str).collect();
        let _ = writeln!(section, "{README_PROGRAMS}{}.", programs.join(", "));
        section
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn each_program_of_a_readme_is_in_the_readme() {
        let crates = fs::read_dir(project::root().join("crates")).unwrap();
        let readmes: Vec<_> = crates
            .filter_map(|it| fs::read_to_string(it.unwrap().path().join("README.md")).ok())
            .collect();
        let mut programs = 0;
        for entry in fs::read_dir(project::root().join("xtask/interop/readmes")).unwrap() {
            let directory = entry.unwrap().path();
            let Ok(manifest) = fs::read_to_string(directory.join("Cargo.toml")) else { continue };
            let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
            let dependencies = format!("```toml\n[dependencies]\n{dependencies}```\n");
            let program = fs::read_to_string(directory.join("src/main.rs")).unwrap();
            let is_in = |readme: &String| {
                readme.contains(&dependencies) && readme.contains(&format!("\n{program}```\n"))
            };
            assert!(readmes.iter().any(is_in), "no README has {}", directory.display());
            programs += 1;
        }
        assert_ne!(programs, 0);
    }
}
