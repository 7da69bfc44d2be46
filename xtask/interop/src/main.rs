//! Runs the real AWS clients and ssocreds on the same files and services, and reports the results.
//!
//! It fails only where ssocreds did not do its part, or where a client whose toolchain is installed could
//! not be run.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::format_push_string,
    reason = "a maintainer's task: it prints, and writes homes for clients and a page"
)]

mod client;
mod client_run;
mod config_readers;
mod contention;
mod errors;
mod install;
mod matrix;
mod notes;
mod process;
mod renewal;
mod rows;
mod signed;
mod stage;
mod storage;
mod written_profiles;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use client::{Client, Kind};
use install::Found;
use matrix::{Column, Matrix};
use notes::Results;
use signed::SignedService;
use stage::TestBed;

/// The page that `--write` makes.
const PAGE: &str = "docs/INTEROP.md";

fn main() -> ExitCode {
    project::exit_code(start())
}

fn start() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["clients"] => run(install::NAMES),
        ["clients", names @ ..] => run(names),
        ["write"] => write(),
        ["config-readers"] => config_readers::run(None),
        ["config-readers", count] => {
            config_readers::run(Some(count.parse().context("the count is not a number")?))
        }
        ["path"] => {
            println!("{}", std::env::join_paths(install::directories()?)?.display());
            Ok(())
        }
        _ => bail!("start this with cargo xtask interop"),
    }
}

/// Runs every row for these clients.
fn run(names: &[&str]) -> Result<()> {
    check(&matrix(names)?)
}

/// Runs every row for all clients, and writes the page.
fn write() -> Result<()> {
    let matrix = matrix(install::NAMES)?;
    std::fs::write(project::root().join(PAGE), matrix.page())?;
    println!("written: {PAGE}");
    check(&matrix)
}

fn matrix(names: &[&str]) -> Result<Matrix> {
    for name in names {
        ensure!(
            install::NAMES.contains(name),
            "there is no client {name:?}; the clients are {}",
            install::NAMES.join(", ")
        );
    }
    let test_bed = TestBed::new()?;
    let mut matrix = Matrix::default();
    let mut clients = Vec::new();
    for &name in install::NAMES.iter().filter(|name| names.contains(name)) {
        match install::client(name) {
            Ok(Found::Client(client)) => clients.push(*client),
            Ok(Found::Missing(why)) => {
                println!("{name}: MISSING: {why}");
                matrix.missing.push((name, why));
            }
            Err(error) => {
                println!("{name}: could not be installed: {error:#}");
                matrix.broken.push(format!("{name} could not be installed: {error:#}"));
            }
        }
    }
    let started = Instant::now();
    let renewals = renewal::all(&test_bed, &clients)?;
    println!("all clients under exec --renew, in {:.0?}", started.elapsed());
    for (client, renewal) in clients.iter().zip(renewals) {
        let shown: Vec<_> = renewal.iter().map(|cell| cell.shown.as_str()).collect();
        println!("   {}: {}", client.name, shown.join(", "));
        let (name, version) = (client.name, client.version.clone());
        let results = Results { renewal, ..results(&test_bed, client)? };
        if client.kind == Kind::Storage {
            let ssocreds = &test_bed.ssocreds.program;
            matrix.storage = Some(storage::run(client, ssocreds, &install::readmes_directory())?);
        }
        matrix.columns.push(Column { name, version, results });
    }
    println!("\n{}", matrix.page());
    Ok(matrix)
}

fn results(test_bed: &TestBed, client: &Client) -> Result<Results> {
    println!("{}: {}", client.name, client.version);
    let started = Instant::now();
    if client.kind == Kind::Storage {
        return Ok(Results::default());
    }
    let signed = SignedService::start()?;
    let results = rows::all(test_bed, client, &signed)?;
    println!("   {} rows in {:.0?}", results.cells.len(), started.elapsed());
    Ok(results)
}

fn check(matrix: &Matrix) -> Result<()> {
    let faults = matrix.faults();
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} cells are not as they must be:\n{}", faults.len(), faults.join("\n"));
}
