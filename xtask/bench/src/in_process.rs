//! Calls within a process: each program measures itself and prints its samples.

use std::process::Command;

use anyhow::Result;
use sso_emulator::TokenState;
use tempfile::TempDir;

use crate::measure::{Subject, printed_samples, rounds};
use crate::programs::{Programs, clean};
use crate::stage::Stage;
use crate::table::{AWS_CLI, FLOOR, OURS, Row, Table, Unit};

pub(crate) fn measure(programs: &Programs, count: usize) -> Result<Table> {
    let stage = Stage::http()?;
    let row = |name, words: &[&str]| library_row(programs, &stage.environment, name, words, count);
    let mut rows = vec![
        row("retrieval from memory, 1 thread", &["warm", "1", "200"])?,
        row("retrieval from memory, 2 threads", &["warm", "2", "200"])?,
        row("retrieval from the portal", &["uncached", "60"])?,
        row("1,000 concurrent callers, until the last is served", &["concurrent", "1000"])?,
    ];
    stage.reset(TokenState::Valid)?;
    let directory = TempDir::new()?;
    let copy = directory.path().join("token.json");
    std::fs::copy(&stage.home.token_file, &copy)?;
    let copy = copy.display().to_string();
    for (name, operation) in
        [("token file: read and parse", "load"), ("token file: lock, read, store, fsync", "store")]
    {
        let subject = Subject::new(OURS, || this(&[operation, "200", &copy], &[]));
        rows.push(rounds(name, Unit::Seconds, count, &[subject], printed_samples)?);
    }
    Ok(Table { title: "Within a process", rows })
}

/// A row with ssocreds, the floor for retrievals from memory, and the libraries.
pub(crate) fn library_row(
    programs: &Programs,
    environment: &[(String, String)],
    name: &str,
    words: &[&str],
    count: usize,
) -> Result<Row> {
    let mut subjects = vec![Subject::new(OURS, || this(words, environment))];
    if let ["warm", rest @ ..] = words {
        let words = [&["floor"], rest].concat();
        subjects.push(Subject::new(FLOOR, move || this(&words, environment)));
    }
    for peer in programs.peers.iter().filter(|peer| peer.name != AWS_CLI) {
        subjects.push(Subject::new(peer.name, || peer.operation(words, environment)));
    }
    rounds(name, Unit::Seconds, count, &subjects, printed_samples)
}

/// This program, measuring one of its operations.
fn this(words: &[&str], environment: &[(String, String)]) -> Command {
    let mut command = clean(std::env::current_exe().unwrap_or_default(), environment);
    command.arg("operation").args(words);
    command
}
