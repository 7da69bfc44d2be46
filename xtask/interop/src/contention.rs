//! Ten processes of a client and ten of ssocreds at once, on one expired token whose refresh token can be
//! used once.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use sso_emulator::{Emulator, TokenState};

use crate::cell::{Cell, Note, Whose};
use crate::client::Client;
use crate::process::Running;
use crate::stage::{Stage, TestBed};

const EACH: usize = 10;

/// About that of a service on the network: long enough that the refreshes overlap.
const LATENCY: Duration = Duration::from_millis(100);

/// Ten programs that each take seconds to start share two cores.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// The number of processes that got credentials, and the errors of the others.
#[derive(Default)]
struct Tally {
    succeeded: usize,
    errors: BTreeMap<String, usize>,
}

pub(crate) fn alone(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = stage(bed)?;
    let tally = end(&stage, start(&stage, client)?)?;
    Ok(cell(&stage, &tally, None))
}

pub(crate) fn client_first(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = stage(bed)?;
    let (tally, ours) = both(&stage, client, stage.ssocreds)?;
    Ok(cell(&stage, &tally, Some(&ours)))
}

pub(crate) fn ssocreds_first(bed: &TestBed, client: &Client) -> Result<Cell> {
    let stage = stage(bed)?;
    let (ours, tally) = both(&stage, stage.ssocreds, client)?;
    Ok(cell(&stage, &tally, Some(&ours)))
}

fn stage(bed: &TestBed) -> Result<Stage<'_>> {
    bed.stage_with(Emulator::builder().latency(LATENCY), TokenState::Expired)
}

/// Starts ten of one, and ten of the other as soon as a refresh has begun.
fn both(stage: &Stage<'_>, first: &Client, second: &Client) -> Result<(Tally, Tally)> {
    let mut first = start(stage, first)?;
    let deadline = Instant::now() + TIME_LIMIT;
    while stage.emulator.counts().create_token == 0 && Instant::now() < deadline {
        // They may end without a refresh.
        let mut have_ended = true;
        for running in &mut first {
            have_ended &= running.has_ended()?;
        }
        if have_ended {
            break;
        }
        sleep(Duration::from_millis(1));
    }
    let second = start(stage, second)?;
    Ok((end(stage, first)?, end(stage, second)?))
}

fn start(stage: &Stage<'_>, client: &Client) -> Result<Vec<Running>> {
    let command = || client.credentials(&stage.home, &stage.home.profile);
    (0..EACH).map(|_| Running::start(command())).collect()
}

fn end(stage: &Stage<'_>, all: Vec<Running>) -> Result<Tally> {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut tally = Tally::default();
    for running in all {
        let answer = Client::answer(&running.finish(deadline)?);
        if stage.issued(&answer) {
            tally.succeeded += 1;
        } else {
            *tally.errors.entry(stage.describe(&answer)).or_default() += 1;
        }
    }
    Ok(tally)
}

fn cell(stage: &Stage<'_>, client: &Tally, ssocreds: Option<&Tally>) -> Cell {
    let counts = stage.emulator.counts();
    let mut cell = Cell { shown: format!("client {}/{EACH}", client.succeeded), ..Cell::yes() };
    let mut whose = Whose::Client;
    let mut why = Vec::new();
    if let Some(ssocreds) = ssocreds {
        cell.shown += &format!(", ssocreds {}/{EACH}", ssocreds.succeeded);
        if ssocreds.succeeded < EACH {
            whose = Whose::Ssocreds;
            why.push(format!("of ten processes of ssocreds, {}", said(ssocreds)));
        }
    }
    if client.succeeded < EACH {
        why.push(format!("of ten processes of the client, {}", said(client)));
    }
    if !stage.is_refreshable() {
        why.push("the file then has no valid refresh token".to_owned());
    }
    if !why.is_empty() || counts.create_token != 1 {
        why.push(format!(
            "{} CreateToken with the same refresh token, {} granted",
            counts.create_token, counts.refreshes
        ));
        cell.note = Some(Note { why: why.join("; "), whose });
    }
    cell
}

fn said(tally: &Tally) -> String {
    let texts = tally.errors.iter().map(|(text, count)| format!("{count} failed with {text}"));
    texts.collect::<Vec<_>>().join(", ")
}
