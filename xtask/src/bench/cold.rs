//! Whole processes: from start to credentials on stdout, and what memory that takes.
//!
//! Not responsible for what happens inside them.

use std::process::Command;

use anyhow::Result;

use super::figures::{FLOOR, OURS, Row};
use super::programs::{Programs, clean};
use super::rounds::{Turn, check, memory, processes};
use super::stage::Stage;

/// How many rounds, and how rarely a slow peer has its turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) slow_every: usize,
}

/// The measures of a cold process, over HTTP and over TLS.
pub(crate) fn measure(
    programs: &Programs,
    http: &Stage,
    tls: &Stage,
    effort: Effort,
) -> Result<Vec<Row>> {
    let Effort { rounds, slow_every } = effort;
    let valid = asking(programs, http, slow_every)?;
    for turn in &valid {
        (turn.prepare)()?;
        check(turn.subject, (turn.command)())?;
    }
    let mut rows = vec![processes("token valid, HTTP", rounds, &valid)?];

    let expired: Vec<_> = asking(programs, http, slow_every)?
        .into_iter()
        .filter(|turn| turn.subject != FLOOR && turn.subject != "floor in C")
        .map(|turn| {
            turn.prepare(|| {
                http.forget_role_credentials()?;
                http.token_state("expired")
            })
        })
        .collect();
    rows.push(processes("token expired, HTTP (refreshes and stores it)", rounds / 2, &expired)?);
    http.token_state("valid")?;

    rows.push(processes("role cache hit", rounds, &cached(programs, http, slow_every)?)?);
    http.forget_role_credentials()?;

    let over_tls = asking(programs, tls, slow_every)?;
    for turn in &over_tls {
        (turn.prepare)()?;
        check(turn.subject, (turn.command)())?;
    }
    rows.push(processes("token valid, TLS, system bundle", rounds, &over_tls)?);
    Ok(rows)
}

/// The most memory of the same, over HTTP and over TLS.
pub(crate) fn footprint(programs: &Programs, http: &Stage, tls: &Stage) -> Result<Vec<Row>> {
    let plain = asking(programs, http, 1)?;
    let over_tls = asking(programs, tls, 1)?;
    Ok(vec![
        memory("peak memory, token valid, HTTP", 5, &plain)?,
        memory("peak memory, token valid, TLS, system bundle", 5, &over_tls)?,
    ])
}

/// `ssocreds`, with the role-credential cache on disk or without.
pub(crate) fn ours(programs: &Programs, stage: &Stage, cache: bool) -> Command {
    let mut command = clean(&programs.ours, &stage.environment);
    command.arg("credential-process");
    if !cache {
        command.arg("--no-cache");
    }
    command
}

/// Everyone who asks the portal, the floor that fits the stage included.
fn asking<'a>(
    programs: &'a Programs,
    stage: &'a Stage,
    slow_every: usize,
) -> Result<Vec<Turn<'a>>> {
    let mut turns = vec![Turn::new(OURS, move || ours(programs, stage, false))];
    let over_tls = stage.bundle().exists();
    let floor = if over_tls { &programs.floor_tls } else { &programs.floor_http };
    let (token, account_id, role_name) =
        (stage.token_file()?, stage.account_id()?, stage.role_name()?);
    turns.push(Turn::new(FLOOR, {
        let token = token.clone();
        move || {
            let mut command = clean(floor, &stage.environment);
            command.arg(&token).args([&stage.address, account_id, role_name]);
            if over_tls {
                command.arg(stage.bundle());
            }
            command
        }
    }));
    if let Some(floor) = programs.floor_c.as_ref().filter(|_| !over_tls) {
        turns.push(Turn::new("floor in C", move || {
            let mut command = clean(floor, &stage.environment);
            let port = stage.address.rsplit(':').next().unwrap_or_default();
            command.arg(&token).args([port, account_id, role_name]);
            command
        }));
    }
    for peer in &programs.peers {
        let command = move || peer.command(&["cold"], &stage.environment);
        let every = if peer.slow { slow_every } else { 1 };
        // The AWS CLI would take what it cached the last time.
        turns.push(
            Turn::new(peer.name, command).every(every).prepare(|| stage.forget_role_credentials()),
        );
    }
    Ok(turns)
}

/// Those who find the role's credentials on disk.
fn cached<'a>(
    programs: &'a Programs,
    stage: &'a Stage,
    slow_every: usize,
) -> Result<Vec<Turn<'a>>> {
    stage.forget_role_credentials()?;
    check(OURS, ours(programs, stage, true))?;
    let file = stage.role_credentials();
    let file = file.ok_or_else(|| anyhow::anyhow!("ssocreds has left no role credentials"))?;
    let mut turns = vec![
        Turn::new(OURS, move || ours(programs, stage, true)),
        Turn::new(FLOOR, move || {
            let mut command = clean(&programs.floor_file, &stage.environment);
            command.arg(&file);
            command
        }),
    ];
    // The libraries have no such cache.
    for peer in programs.peers.iter().filter(|peer| !peer.is_library) {
        let command = move || peer.command(&["cold"], &stage.environment);
        turns.push(Turn::new(peer.name, command).every(slow_every));
    }
    Ok(turns)
}
