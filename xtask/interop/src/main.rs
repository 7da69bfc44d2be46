//! Runs the real AWS clients and ssocreds on the same files and services, and reports the results.
//!
//! It fails if ssocreds does not do its part, or if a client cannot be run although its toolchain is
//! installed.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a maintainer's task: it prints, and writes homes for clients and a page"
)]

mod cell;
mod client;
mod config_readers;
mod contention;
mod empty_root;
mod errors;
mod install;
mod process;
mod renewal;
mod report;
mod rows;
mod stage;
mod storage;
mod written_profiles;

use std::path::Path;
use std::process::ExitCode;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use report::{Column, Report};
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
        ["clients"] => run(&install::names())?.check(),
        ["clients", names @ ..] => run(names)?.check(),
        ["write"] => {
            let report = run(&install::names())?;
            std::fs::write(project::root().join(PAGE), report.page())?;
            println!("written: {PAGE}");
            report.check()
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

/// Runs every row for these clients, and prints the page.
fn run(names: &[&str]) -> Result<Report> {
    let mut clients = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        match install::client(name)? {
            Some(client) => clients.push(client),
            None => missing.push((*name).to_owned()),
        }
    }
    let bed = TestBed::new(&project::ssocreds()?)?;
    let started = Instant::now();
    // The renewals, the throttled clients and the S3 clients mostly wait. Meanwhile, the rows with one
    // process run, one client after the other.
    let (rows, renewals, errors, storage) = thread::scope(|scope| {
        let renewals: Vec<_> =
            clients.iter().map(|client| scope.spawn(|| renewal::rows(&bed, client))).collect();
        let errors = scope.spawn(|| errors::tables(&bed, &clients));
        let storage = scope.spawn(|| storage::results(&bed, &clients));
        let rows: Result<Vec<_>> = clients.iter().map(|client| rows::all(&bed, client)).collect();
        let renewals: Result<Vec<_>> = renewals.into_iter().map(joined).collect();
        anyhow::Ok((rows?, renewals?, joined(errors)?, joined(storage)?))
    })?;
    println!("rows with one process of each client: {:.0?}", started.elapsed());
    let started = Instant::now();
    let mut columns = Vec::new();
    for ((client, mut rows), renewal) in clients.into_iter().zip(rows).zip(renewals) {
        rows.extend(contention::rows(&bed, &client));
        columns.push(Column { client, rows, renewal });
    }
    println!("rows with ten processes: {:.0?}", started.elapsed());
    let report = Report { columns, missing, storage, errors };
    println!("\n{}", report.page());
    Ok(report)
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
