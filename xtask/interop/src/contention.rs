//! The rows with ten processes each of a client and of ssocreds, and one expired token whose refresh token
//! can be used only once.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use sso_emulator::{Emulator, TokenState};

use crate::cell::{Cell, Note, Row};
use crate::client::{Client, Kind};
use crate::process::Process;
use crate::stage::{Stage, TestBed};

/// The processes of each program.
const EACH: usize = 10;

/// As of a service on the network, and long enough that the refreshes overlap.
const LATENCY: Duration = Duration::from_millis(100);

/// Ten programs that each need seconds to start share two cores.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Runs every row for a client.
pub(crate) fn rows(bed: &TestBed, client: &Client) -> Vec<Row> {
    if client.kind == Kind::Storage {
        return Vec::new();
    }
    let rows: [(_, &[&Client]); 3] = [
        ("ten processes of the client with one expired token", &[client]),
        ("ten of the client, then ten of ssocreds during the refresh", &[client, &bed.ssocreds]),
        ("ten of ssocreds, then ten of the client during the refresh", &[&bed.ssocreds, client]),
    ];
    rows.map(|(row, order)| (row, cell(bed, order).unwrap_or_else(Cell::from))).into()
}

/// Starts ten processes of the first program, and ten of the second as soon as a refresh has begun.
fn cell(bed: &TestBed, order: &[&Client]) -> anyhow::Result<Cell> {
    let stage = bed.stage_with(Emulator::builder().latency(LATENCY), TokenState::Expired)?;
    let mut started = Vec::new();
    for program in order {
        if !started.is_empty() {
            wait_for_a_refresh(&stage);
        }
        let command = || program.credentials(&stage.home, &stage.home.profile);
        let processes: anyhow::Result<Vec<_>> =
            (0..EACH).map(|_| Process::start(command())).collect();
        started.push((program.kind == Kind::Ssocreds, processes?));
    }
    // The client first.
    started.sort_by_key(|(is_ssocreds, _)| *is_ssocreds);

    let mut shown = Vec::new();
    let mut notes = Vec::new();
    let mut is_fault = false;
    for (is_ssocreds, processes) in started {
        let name = if is_ssocreds { "ssocreds" } else { "client" };
        let (succeeded, errors) = finish(&stage, processes);
        shown.push(format!("{name} {succeeded}/{EACH}"));
        if succeeded < EACH {
            is_fault |= is_ssocreds;
            notes.push(format!("of ten processes of the {name}, {errors}"));
        }
    }
    if !stage.is_refreshable() {
        notes.push("the file then has no valid refresh token".to_owned());
    }
    let counts = stage.emulator.counts();
    if !notes.is_empty() || counts.create_token != 1 {
        let (sent, granted) = (counts.create_token, counts.refreshes);
        notes.push(format!("{sent} CreateToken with the same refresh token, {granted} granted"));
    }
    let note = (!notes.is_empty()).then(|| Note { text: notes.join("; "), is_fault });
    Ok(Cell { shown: shown.join(", "), note })
}

fn wait_for_a_refresh(stage: &Stage<'_>) {
    let deadline = Instant::now() + TIME_LIMIT;
    while stage.emulator.counts().create_token == 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(1));
    }
}

/// Returns the number of processes that got credentials, and the errors of the others.
fn finish(stage: &Stage<'_>, processes: Vec<Process>) -> (usize, String) {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut succeeded = 0;
    let mut errors = BTreeMap::<String, usize>::new();
    for process in processes {
        match stage.access_key(process.finish(deadline)) {
            Ok(_) => succeeded += 1,
            Err(error) => *errors.entry(error).or_default() += 1,
        }
    }
    let errors = errors.iter().map(|(error, count)| format!("{count} failed with {error}"));
    (succeeded, errors.collect::<Vec<_>>().join(", "))
}
