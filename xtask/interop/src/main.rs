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

mod cell;
mod client;
mod config_readers;
mod contention;
mod empty_root;
mod errors;
mod install;
mod matrix;
mod process;
mod renewal;
mod rows;
mod stage;
mod storage;
mod written_profiles;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use client::Kind;
use matrix::{Column, Matrix};
use stage::TestBed;

/// The page that `write` makes.
const PAGE: &str = "docs/INTEROP.md";

fn main() -> ExitCode {
    project::exit_code(start())
}

fn start() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["clients"] => check(&run(&install::names())?),
        ["clients", names @ ..] => check(&run(names)?),
        ["write"] => {
            let matrix = run(&install::names())?;
            std::fs::write(project::root().join(PAGE), matrix.page())?;
            println!("written: {PAGE}");
            check(&matrix)
        }
        ["config-readers"] => config_readers::run(None),
        ["config-readers", count] => {
            config_readers::run(Some(count.parse().context("the count is not a number")?))
        }
        ["empty-root", program] => empty_root::check(Path::new(program)),
        ["path"] => {
            println!("{}", install::path()?.display());
            Ok(())
        }
        _ => bail!("start this with cargo xtask interop"),
    }
}

/// Runs every row for these clients.
fn run(names: &[&str]) -> Result<Matrix> {
    let mut matrix = Matrix::default();
    let mut clients = Vec::new();
    for name in names {
        match install::client(name) {
            Ok(Some(client)) => clients.push(client),
            Ok(None) => matrix.missing.push((*name).to_owned()),
            Err(error) => matrix.broken.push(format!("{error:#}")),
        }
    }
    let bed = TestBed::new(project::ssocreds()?)?;
    matrix.errors = errors::all(&bed, &bed.ssocreds)?;
    let started = Instant::now();
    let renewals = renewal::all(&bed, &clients)?;
    println!("all clients under exec --renew, in {:.0?}", started.elapsed());
    for (client, renewal) in clients.into_iter().zip(renewals) {
        let started = Instant::now();
        let (cells, errors) = if client.kind == Kind::Storage {
            matrix.storage = Some(storage::run(&bed, &client)?);
            (Vec::new(), Vec::new())
        } else {
            (rows::all(&bed, &client)?, errors::all(&bed, &client)?)
        };
        println!("{} {} in {:.0?}", client.name, client.version, started.elapsed());
        matrix.columns.push(Column { client, cells, renewal, errors });
    }
    println!("\n{}", matrix.page());
    Ok(matrix)
}

fn check(matrix: &Matrix) -> Result<()> {
    let faults = matrix.faults();
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} cells are not as they must be:\n{}", faults.len(), faults.join("\n"));
}
