//! The program of `xtask/interop/storage`: `object_store`, `OpenDAL` and the AWS SDK for Rust on one S3
//! server, through our adapters; and the programs of the READMEs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::client::{Client, clean};
use super::process::Running;

/// The name for `--client`.
pub(crate) const NAME: &str = "object_store";

/// The directory of the crates that hold the programs of the READMEs.
pub(crate) const READMES: &str = "xtask/interop/readmes";

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

/// The names of the programs of the READMEs.
pub(crate) fn readme_programs() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(project::root().join(READMES))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Runs the clients; `ssocreds` is the program that logs in.
pub(crate) fn run(client: &Client, ssocreds: &Path, readmes: &Path) -> Result<Storage> {
    let mut command = clean(&client.program, &[]);
    command.arg("storage").arg(ssocreds).arg(readmes);
    let running = Running::start(command)?;
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
        let programs = self.0.get("readmes").and_then(Value::as_array);
        let programs: Vec<_> = programs.into_iter().flatten().filter_map(Value::as_str).collect();
        let _ = writeln!(section, "{README_PROGRAMS}{}.", programs.join(", "));
        section
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_of_the_readmes_stand_in_them_as_they_are() {
        let crates = fs::read_dir(project::root().join("crates")).unwrap();
        let readmes: Vec<_> = crates
            .filter_map(|it| fs::read_to_string(it.unwrap().path().join("README.md")).ok())
            .collect();
        let programs = readme_programs().unwrap();
        assert!(programs.contains(&"polars".to_owned()), "{programs:?}");
        for name in programs {
            let directory = project::root().join(READMES).join(&name);
            let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap();
            let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
            let dependencies = format!("```toml\n[dependencies]\n{dependencies}```\n");
            let program = fs::read_to_string(directory.join("src/main.rs")).unwrap();
            let is_in = |readme: &String| {
                readme.contains(&dependencies) && readme.contains(&format!("\n{program}```\n"))
            };
            assert!(readmes.iter().any(is_in), "no README has the program of {READMES}/{name}");
        }
    }
}
