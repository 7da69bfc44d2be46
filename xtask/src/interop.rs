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
mod rows;
mod signed;
mod stage;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use xshell::cmd;

use client::Client;
use install::Found;
use matrix::{Column, Matrix};
use signed::SignedService;
use stage::Theatre;

use crate::project;

/// Where the page lies that `--write` makes.
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
    println!("building ssocreds …");
    let shell = project::shell()?;
    let cargo = project::cargo();
    cmd!(shell, "{cargo} build --quiet --package sso-cli").quiet().run()?;

    let theatre = Theatre::new()?;
    let mut matrix = Matrix::default();
    for name in install::NAMES.iter().filter(|name| only.is_none_or(|only| only == **name)) {
        match install::client(name) {
            Ok(Found::Client(client)) => matrix.columns.push(column(&theatre, *client)?),
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
    let page = matrix.page();
    println!("\n{page}");
    if write {
        std::fs::write(project::root().join(PAGE), &page)?;
        println!("written: {PAGE}");
    }
    let faults = matrix.faults();
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} cells are not as they must be:\n{}", faults.len(), faults.join("\n"));
}

fn column(theatre: &Theatre, client: Client) -> Result<Column> {
    println!("{}: {}", client.name, client.version);
    let started = Instant::now();
    let signed = SignedService::start()?;
    let played = rows::all(theatre, &client, &signed)?;
    println!("   {} rows in {:.0?}", played.cells.len(), started.elapsed());
    Ok(Column { name: client.name, version: client.version, played })
}
