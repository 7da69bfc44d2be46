//! Runs the program of `xtask/interop/storage`: S3 clients with the adapters on one server, and the
//! programs of the READMEs.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

use crate::client::{Client, Kind};
use crate::process::Process;
use crate::stage::TestBed;

const TIME_LIMIT: Duration = Duration::from_secs(400);

const HEAD: &str = "\
| client | version | renewals | error while a login is needed | after the login, without a restart |
|---|---|---|---|---|
";

const README_PROGRAMS: &str = "
These example programs of READMEs were compiled with the dependencies in the README, and run: ";

/// Returns the text for the page, if `object_store` is one of the clients.
pub(crate) fn results(bed: &TestBed, clients: &[Client]) -> Result<String> {
    let Some(client) = clients.iter().find(|client| client.kind == Kind::Storage) else {
        return Ok("Not run.\n".to_owned());
    };
    let mut command = Command::new(client.program.first().context("no program")?);
    command.arg("storage").args(&bed.ssocreds.program);
    command.arg(project::root().join("target/interop/readmes/debug"));
    let output = Process::start(command)?.finish(Instant::now() + TIME_LIMIT);
    let output = output.map_err(|error| anyhow!("the S3 clients failed: {error}"))?;
    let output: Value = serde_json::from_str(&output).context("the S3 clients printed no JSON")?;
    let mut results = HEAD.to_owned();
    for client in output.get("clients").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| {
            let text = client.get(name).and_then(Value::as_str).unwrap_or("?");
            text.replace('|', "\\|").replace('\n', " ")
        };
        let (name, version, error) = (text("name"), text("version"), text("error"));
        // The run fails unless each has renewed twice and recovered. Some renew more often.
        let _ = writeln!(results, "| {name} | {version} | two or more | {error} | works again |");
    }
    let programs = output.get("readmes").and_then(Value::as_array).into_iter().flatten();
    let programs: Vec<_> = programs.filter_map(Value::as_str).collect();
    let _ = writeln!(results, "{README_PROGRAMS}{}.", programs.join(", "));
    Ok(results)
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
