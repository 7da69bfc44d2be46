//! Many processes at once, all with one expired token that is good for one refresh.
//!
//! Not responsible for chaos (`cargo xtask chaos`): here nothing goes wrong.

use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::cold::ours;
use super::figures::{Figure, OURS, three_digits};
use super::programs::{Programs, clean};
use super::rounds::at_once;
use super::stage::Stage;

/// What came of so many processes of one program.
pub(crate) struct Crowd {
    pub(crate) subject: String,
    pub(crate) processes: usize,
    /// Until the last has ended, in seconds: the median of some runs.
    pub(crate) seconds: f64,
    pub(crate) create_token: u64,
    pub(crate) get_role_credentials: u64,
    pub(crate) failed: usize,
}

/// All crowds, and what it takes to start as many processes that do nothing (by their number).
pub(crate) struct Crowds {
    pub(crate) crowds: Vec<Crowd>,
    pub(crate) starting: Vec<(usize, f64)>,
}

pub(crate) const SIZES: [usize; 4] = [1, 8, 64, 256];
/// Ours as `credential_process` runs it: with the role-credential cache.
pub(crate) const WITH_CACHE: &str = OURS;
/// Ours where every process has to ask for role credentials itself.
pub(crate) const WITHOUT_CACHE: &str = "ssocreds --no-cache";

pub(crate) fn measure(programs: &Programs, stage: &Stage, runs: usize) -> Result<Crowds> {
    let mut crowds = Vec::new();
    let mut starting = Vec::new();
    for size in SIZES {
        println!("  {size} processes at once …");
        let nothing = || {
            let mut command = clean(&programs.ours, &[]);
            command.arg("--version");
            command
        };
        let mut took = Vec::new();
        for _ in 0..runs {
            let (seconds, failed) = at_once(size, nothing)?;
            ensure!(failed == 0, "{failed} of {size} processes did not even tell their version");
            took.push(seconds);
        }
        starting.push((size, median(&took)));
        crowds.push(crowd(WITH_CACHE, size, stage, runs, || ours(programs, stage, true))?);
        crowds.push(crowd(WITHOUT_CACHE, size, stage, runs, || ours(programs, stage, false))?);
        // The slow ones would take the machine for minutes.
        for peer in programs.peers.iter().filter(|peer| !peer.slow) {
            let command = || peer.command(&["cold"], &stage.environment);
            crowds.push(crowd(peer.name, size, stage, runs, command)?);
        }
    }
    stage.token_state("valid")?;
    stage.forget_role_credentials()?;
    Ok(Crowds { crowds, starting })
}

fn crowd(
    subject: &str,
    processes: usize,
    stage: &Stage,
    runs: usize,
    command: impl Fn() -> Command,
) -> Result<Crowd> {
    let (mut took, mut failed, mut create_token, mut get_role_credentials) = (Vec::new(), 0, 0, 0);
    for _ in 0..runs {
        stage.forget_role_credentials()?;
        stage.token_state("expired")?;
        stage.reset_counts()?;
        let (seconds, broken) = at_once(processes, &command)?;
        took.push(seconds);
        // The worst of the runs.
        failed = failed.max(broken);
        create_token = create_token.max(stage.count("create_token")?);
        get_role_credentials = get_role_credentials.max(stage.count("get_role_credentials")?);
    }
    let seconds = median(&took);
    let subject = subject.to_owned();
    Ok(Crowd { subject, processes, seconds, create_token, get_role_credentials, failed })
}

fn median(seconds: &[f64]) -> f64 {
    Figure::of(seconds).map_or(f64::NAN, |figure| figure.median)
}

impl Crowds {
    pub(crate) fn of(&self, subject: &str, processes: usize) -> Option<&Crowd> {
        self.crowds.iter().find(|it| it.subject == subject && it.processes == processes)
    }

    /// What it takes to start so many processes that do nothing, in seconds.
    pub(crate) fn to_start(&self, processes: usize) -> f64 {
        let found = self.starting.iter().find(|(size, _)| *size == processes);
        found.map(|(_, seconds)| *seconds).unwrap_or_default()
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::from(
            "| program | processes | until the last has ended | `CreateToken` | \
             `GetRoleCredentials` | failed |\n|---|---|---|---|---|---|\n",
        );
        for crowd in &self.crowds {
            let Crowd { subject, processes, create_token, get_role_credentials, failed, .. } =
                crowd;
            let took = three_digits(crowd.seconds * 1e3);
            text.push_str(&format!(
                "| {subject} | {processes} | {took} ms | {create_token} | \
                 {get_role_credentials} | {failed} |\n"
            ));
        }
        for (size, seconds) in &self.starting {
            let took = three_digits(seconds * 1e3);
            text.push_str(&format!("| `ssocreds --version` | {size} | {took} ms | – | – | 0 |\n"));
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let crowd = |it: &Crowd| {
            json!({
                "program": it.subject, "processes": it.processes, "seconds": it.seconds,
                "create_token": it.create_token, "failed": it.failed,
                "get_role_credentials": it.get_role_credentials,
            })
        };
        let crowds: Vec<_> = self.crowds.iter().map(crowd).collect();
        let starting = self.starting.iter();
        let starting: Vec<_> =
            starting.map(|(size, it)| json!({"processes": size, "seconds": it})).collect();
        json!({"crowds": crowds, "starting": starting})
    }
}
