//! Ten processes of a client and ten of ssocreds at once, on one expired token whose refresh token can be
//! used once.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use sso_emulator::TokenState;

use super::client::{Answer, Ask, Ssocreds};
use super::client_run::{ClientRun, refused};
use super::notes::{Cell, Note, Whose};
use super::process::Running;
use super::stage::Stage;

const EACH: usize = 10;

/// About what a service on the network takes: long enough that they meet.
const LATENCY: Duration = Duration::from_millis(100);

/// Ten programs that each take seconds to start share two cores.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Who is let go first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Client,
    Ssocreds,
}

/// The number of processes that got credentials, and the errors of the others.
#[derive(Default)]
struct Tally {
    succeeded: usize,
    errors: BTreeMap<String, usize>,
}

/// Three rows: the client alone; and both, either of them first.
pub(crate) fn ten_at_once(run: &ClientRun<'_>) -> Result<Vec<Cell>> {
    Ok(vec![
        alone(run, "ten processes of the client with one expired token")?,
        both(run, "ten of the client, then ten of ssocreds during the refresh", First::Client)?,
        both(run, "ten of ssocreds, then ten of the client during the refresh", First::Ssocreds)?,
    ])
}

fn alone(run: &ClientRun<'_>, row: &'static str) -> Result<Cell> {
    let stage = run.test_bed.stage(TokenState::Expired, LATENCY)?;
    let theirs = end(&stage, start(&stage, run, First::Client)?, run, First::Client)?;
    Ok(cell(row, &stage, &theirs, None))
}

fn both(run: &ClientRun<'_>, row: &'static str, first: First) -> Result<Cell> {
    let stage = run.test_bed.stage(TokenState::Expired, LATENCY)?;
    let second = if first == First::Client { First::Ssocreds } else { First::Client };
    let mut begun = start(&stage, run, first)?;
    // The first refresh is on its way, and its refresh token spent; or they need none.
    let deadline = Instant::now() + TIME_LIMIT;
    while stage.emulator.counts().create_token == 0 && Instant::now() < deadline {
        let mut ended = true;
        for running in &mut begun {
            ended &= running.has_ended()?;
        }
        if ended {
            break;
        }
        sleep(Duration::from_millis(1));
    }
    let then = start(&stage, run, second)?;
    let (one, other) = (end(&stage, begun, run, first)?, end(&stage, then, run, second)?);
    let (theirs, ours) = if first == First::Client { (one, other) } else { (other, one) };
    Ok(cell(row, &stage, &theirs, Some(&ours)))
}

fn start(stage: &Stage<'_>, run: &ClientRun<'_>, who: First) -> Result<Vec<Running>> {
    let profile = &stage.home.profile;
    let command = || match who {
        First::Client => run.client.command(Ask::Credentials(profile), &stage.home, run.signed),
        First::Ssocreds => stage.ssocreds.command(&stage.home, profile, false),
    };
    (0..EACH).map(|_| Running::start(command())).collect()
}

fn end(stage: &Stage<'_>, all: Vec<Running>, run: &ClientRun<'_>, who: First) -> Result<Tally> {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut tally = Tally::default();
    for running in all {
        let finished = running.finish(deadline)?;
        let answer = match who {
            First::Client => run.client.answer(&finished),
            First::Ssocreds => Ssocreds::answer(&finished),
        };
        match answer {
            Answer::AccessKeyId(_) if stage.are_ours(&answer) => tally.succeeded += 1,
            other => *tally.errors.entry(refused(stage, &other)).or_default() += 1,
        }
    }
    Ok(tally)
}

fn cell(row: &'static str, stage: &Stage<'_>, theirs: &Tally, ours: Option<&Tally>) -> Cell {
    let counts = stage.emulator.counts();
    let mut shown = format!("client {}/{EACH}", theirs.succeeded);
    if let Some(ours) = ours {
        shown = format!("{shown}, ssocreds {}/{EACH}", ours.succeeded);
    }
    let in_file = stage.is_refreshable();
    let mut why = Vec::new();
    let mut whose = Whose::Client;
    if let Some(ours) = ours.filter(|ours| ours.succeeded < EACH) {
        whose = Whose::Ssocreds;
        why.push(format!("ssocreds: {}", said(ours)));
    }
    if theirs.succeeded < EACH {
        why.push(format!("of ten processes of the client, {}", said(theirs)));
    }
    if !in_file {
        why.push("the file then has no valid refresh token".to_owned());
    }
    if why.is_empty() && counts.create_token == 1 {
        return Cell { row, shown, note: None };
    }
    why.push(format!(
        "{} CreateToken with the same refresh token, {} granted",
        counts.create_token, counts.refreshes
    ));
    Cell { row, shown, note: Some(Note { why: why.join("; "), whose }) }
}

fn said(tally: &Tally) -> String {
    let texts = tally.errors.iter().map(|(text, count)| format!("{count} failed with {text}"));
    texts.collect::<Vec<_>>().join(", ")
}
