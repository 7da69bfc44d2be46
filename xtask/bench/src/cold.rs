//! Cold processes: from start to credentials on standard output, and the memory that this takes.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sso_emulator::TokenState;

use crate::measure::{Subject, rounds, wall_time};
use crate::programs::{Programs, clean};
use crate::stage::Stage;
use crate::table::{AWS_CLI, FLOOR, OURS, Table, Unit};

pub(crate) fn measure(programs: &Programs, count: usize) -> Result<Table> {
    let (http, tls) = (Stage::http()?, Stage::tls()?);
    let memory = |command| peak_memory(programs, &command);
    let few = count.div_ceil(20);
    let (valid, over_tls) =
        (Job::Valid.subjects(programs, &http), Job::Valid.subjects(programs, &tls));
    let expired = Job::Expired.subjects(programs, &http);
    for subject in valid.iter().chain(&over_tls).chain(&expired) {
        (subject.prepare)()?;
        check(subject.name, (subject.command)())?;
    }
    let mut rows = vec![
        rounds("token valid, HTTP", Unit::Seconds, count, &valid, wall_time)?,
        rounds("token valid, TLS", Unit::Seconds, count, &over_tls, wall_time)?,
        rounds("peak memory, HTTP", Unit::Kibibytes, few, &valid, memory)?,
        rounds("peak memory, TLS", Unit::Kibibytes, few, &over_tls, memory)?,
    ];
    drop((valid, over_tls));
    rows.push(rounds("token expired, HTTP", Unit::Seconds, count / 2, &expired, wall_time)?);
    http.reset(TokenState::Valid)?;
    check(OURS, ours(programs, &http, Cache::Used))?;
    let cached = cached(programs, &http)?;
    rows.insert(0, rounds("role cache hit", Unit::Seconds, count, &cached, wall_time)?);
    Ok(Table { title: "Cold process, from start to exit", rows })
}

/// Whether role credentials are cached on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cache {
    Used,
    Unused,
}

pub(crate) fn ours(programs: &Programs, stage: &Stage, cache: Cache) -> Command {
    let mut command = clean(&programs.ours, &stage.environment);
    command.arg("credential-process");
    if cache == Cache::Unused {
        command.arg("--no-cache");
    }
    command
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Valid,
    Expired,
}

impl Job {
    /// The programs that get credentials from the portal.
    fn subjects<'a>(self, programs: &'a Programs, stage: &'a Stage) -> Vec<Subject<'a>> {
        let state = match self {
            Self::Valid => TokenState::Valid,
            Self::Expired => TokenState::Expired,
        };
        let reset = move || stage.reset(state);
        let mut subjects =
            vec![Subject::new(OURS, || ours(programs, stage, Cache::Unused)).prepare(reset)];
        if self == Self::Valid {
            subjects.push(Subject::new(FLOOR, || floor(programs, stage)).prepare(reset));
        }
        for peer in &programs.peers {
            let command = || peer.cold(&stage.environment);
            subjects.push(Subject::new(peer.name, command).prepare(reset));
        }
        subjects
    }
}

fn floor(programs: &Programs, stage: &Stage) -> Command {
    let (home, address) = (&stage.home, stage.address());
    let (account_id, role_name) = (&home.account_id, &home.role_name);
    if home.ca_bundle.is_some() {
        let mut command = clean(&programs.floor_tls, &[]);
        command.arg(&home.token_file).args([&address, account_id, role_name]).arg(stage.bundle());
        return command;
    }
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut command = clean(&programs.floor, &[]);
    command.arg("http").arg(&home.config_file).arg(&home.token_file);
    command.args([port, account_id, role_name]);
    command
}

/// The programs that find role credentials on disk; the libraries have no such cache.
fn cached<'a>(programs: &'a Programs, stage: &'a Stage) -> Result<Vec<Subject<'a>>> {
    let file = stage.role_credentials()?;
    let mut subjects = vec![
        Subject::new(OURS, || ours(programs, stage, Cache::Used)),
        Subject::new(FLOOR, move || {
            let mut command = clean(&programs.floor, &[]);
            command.arg("file").arg(&file);
            command
        }),
    ];
    for peer in programs.peers.iter().filter(|peer| peer.name == AWS_CLI) {
        subjects.push(Subject::new(peer.name, || peer.cold(&stage.environment)));
    }
    Ok(subjects)
}

/// The most memory that a process was given, in KiB. The floor starts it, since Linux counts the memory
/// of the process that starts another one.
fn peak_memory(programs: &Programs, measured: &Command) -> Result<Vec<f64>> {
    let mut command = Command::new(&programs.floor);
    command.arg("peak").arg(measured.get_program()).args(measured.get_args()).env_clear();
    command.envs(measured.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "it failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(vec![String::from_utf8_lossy(&output.stdout).trim().parse()?])
}

/// Shows that a program prints credentials.
fn check(name: &str, mut command: Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| name.to_owned())?;
    let printed = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && printed.contains("\"secretaccesskey\""),
        "{name} printed no credentials: {error}"
    );
    Ok(())
}
