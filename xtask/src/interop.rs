//! Runs the real AWS clients and ssocreds on the same files and services, and reports the results.
//!
//! It fails only where ssocreds did not do its part, or where a client whose toolchain is installed could
//! not be run.

#![allow(
    clippy::disallowed_methods,
    reason = "a task writes homes for clients and a page, none of them a person's file"
)]

mod client;
mod contention;
mod errors;
pub(crate) mod install;
mod matrix;
mod notes;
mod process;
mod renewal;
mod rows;
mod signed;
mod stage;
mod storage;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use xshell::cmd;

use client::{Client, Kind};
use install::Found;
use matrix::{Column, Matrix};
use notes::Results;
use signed::SignedService;
use stage::TestBed;

use crate::project;

/// The page that `--write` makes.
const PAGE: &str = "docs/INTEROP.md";

/// The directories of the programs `aws` (version 2) and `python3` (with botocore and the AWS CLI
/// version 1), installed if they are not yet.
pub(crate) fn directories() -> Result<Vec<PathBuf>> {
    install::directories()
}

/// Runs every row for each client, or for the one of that name.
pub(crate) fn run(only: Option<&str>, write: bool) -> Result<()> {
    if let Some(name) = only.filter(|name| !install::NAMES.contains(name)) {
        bail!("there is no client {name:?}; the clients are {}", install::NAMES.join(", "));
    }
    if write && only.is_some() {
        bail!("{PAGE} shows all clients: give --write without --client");
    }
    let names = install::NAMES.iter().copied();
    let matrix = matrix(names.filter(|name| only.is_none_or(|only| only == *name)))?;
    if write {
        std::fs::write(project::root().join(PAGE), matrix.page())?;
        println!("written: {PAGE}");
    }
    check(&matrix)
}

/// The clients of [`short`]. The others take minutes to build or to run.
const SHORT: &[&str] = &["botocore", "aws-cli-v2", "go", "javascript"];

/// Runs every row for some clients. `cargo xtask nightly` runs them for all.
pub(crate) fn short() -> Result<()> {
    check(&matrix(SHORT.iter().copied())?)
}

fn matrix(names: impl Iterator<Item = &'static str>) -> Result<Matrix> {
    println!("building ssocreds …");
    let shell = project::shell()?;
    let cargo = project::cargo();
    cmd!(shell, "{cargo} build --quiet --package sso-cli").quiet().run()?;

    let test_bed = TestBed::new()?;
    let mut matrix = Matrix::default();
    let mut clients = Vec::new();
    for name in names {
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
            matrix.storage = Some(storage::run(client)?);
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
