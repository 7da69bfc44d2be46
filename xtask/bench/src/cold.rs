//! Cold processes: from start to credentials on standard output, and the memory that this takes.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sso_emulator::TokenState;

use crate::measure::{Subject, rounds, wall_time};
use crate::programs::{Programs, clean};
use crate::stage::Stage;
use crate::table::{AWS_CLI, FLOOR, OURS, Row, Table, Unit};

pub(crate) fn measure(programs: &Programs, count: usize) -> Result<Table> {
    let (http, tls) = (Stage::http()?, Stage::tls()?);
    let time = |name, stage: &Stage, state, count| {
        let subjects = subjects(programs, stage, state)?;
        rounds(name, Unit::Seconds, count, &subjects, |command| {
            stage.reset(state)?;
            wall_time(command)
        })
    };
    let memory = |name, stage: &Stage| {
        let subjects = subjects(programs, stage, TokenState::Valid)?;
        rounds(name, Unit::Kibibytes, count.div_ceil(20), &subjects, |command| {
            stage.reset(TokenState::Valid)?;
            peak_memory(programs, &command)
        })
    };
    let rows = vec![
        cached(programs, &http, count)?,
        time("token valid, HTTP", &http, TokenState::Valid, count)?,
        time("token valid, TLS", &tls, TokenState::Valid, count)?,
        memory("peak memory, HTTP", &http)?,
        memory("peak memory, TLS", &tls)?,
        time("token expired, HTTP", &http, TokenState::Expired, count / 2)?,
    ];
    Ok(Table { title: "Cold process, from start to exit", rows })
}

/// `ssocreds` with these arguments.
pub(crate) fn ours(programs: &Programs, stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = clean(&programs.ours, &stage.environment);
    command.args(arguments);
    command
}

/// The programs that get credentials from the portal. Each has printed some.
fn subjects<'a>(
    programs: &'a Programs,
    stage: &'a Stage,
    state: TokenState,
) -> Result<Vec<Subject<'a>>> {
    let mut subjects =
        vec![Subject::new(OURS, || ours(programs, stage, &["credential-process", "--no-cache"]))];
    if state == TokenState::Valid {
        subjects.push(Subject::new(FLOOR, || floor(programs, stage)));
    }
    for peer in &programs.peers {
        subjects.push(Subject::new(peer.name, || peer.cold(&stage.environment)));
    }
    for subject in &subjects {
        stage.reset(state)?;
        check(subject.name, (subject.command)())?;
    }
    Ok(subjects)
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
fn cached(programs: &Programs, stage: &Stage, count: usize) -> Result<Row> {
    let ours = || ours(programs, stage, &["credential-process"]);
    check(OURS, ours())?;
    let file = stage.role_credentials()?;
    let floor = || {
        let mut command = clean(&programs.floor, &[]);
        command.arg("file").arg(&file);
        command
    };
    let mut subjects = vec![Subject::new(OURS, ours), Subject::new(FLOOR, floor)];
    for peer in programs.peers.iter().filter(|peer| peer.name == AWS_CLI) {
        subjects.push(Subject::new(peer.name, || peer.cold(&stage.environment)));
    }
    rounds("role cache hit", Unit::Seconds, count, &subjects, wall_time)
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
    let output = command.stdin(Stdio::null()).output().context(name.to_owned())?;
    let printed = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
    let is_printed = output.status.success() && printed.contains("\"secretaccesskey\"");
    ensure!(is_printed, "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
