//! Many profiles, many processes, many accounts.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};
use sso_emulator::{Emulator, TokenState};
use tempfile::TempDir;

use crate::cold::ours;
use crate::in_process::library_row;
use crate::measure::{Subject, rounds, wall_time};
use crate::programs::Programs;
use crate::stage::Stage;
use crate::table::{AWS_CLI, OURS, Row, Table, Unit};

pub(crate) fn measure(programs: &Programs, count: usize) -> Result<Table> {
    let mut rows = Vec::new();
    for (name, size) in
        [("10 profiles", 10), ("1,000 profiles", 1_000), ("10,000 profiles", 10_000)]
    {
        rows.push(profiles(programs, name, size, count)?);
    }
    let stage = Stage::http()?;
    for size in [1, 8, 64, 256] {
        rows.push(processes(programs, &stage, size, count)?);
    }
    for (name, size) in [("list 10 accounts", 10), ("list 1,000 accounts", 1_000)] {
        rows.push(accounts(programs, name, size, count)?);
    }
    Ok(Table { title: "Scale", rows })
}

/// Reads a config file with so many profiles and resolves one.
fn profiles(programs: &Programs, name: &str, size: usize, count: usize) -> Result<Row> {
    let directory = TempDir::new()?;
    let file = directory.path().join("config");
    let mut text = String::from(
        "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\n\
         sso_region = us-east-1\nsso_registration_scopes = sso:account:access\n",
    );
    for at in 0..size {
        text.push_str(&format!(
            "\n[profile team-{at}]\nsso_session = corp\nsso_account_id = {at:012}\n\
             sso_role_name = Developer\nregion = eu-west-1\noutput = json\n"
        ));
    }
    std::fs::write(&file, text)?;
    let environment = [
        ("HOME", directory.path().display().to_string()),
        ("AWS_CONFIG_FILE", file.display().to_string()),
        ("AWS_PROFILE", format!("team-{}", size / 2)),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value));
    let calls = if size > 1_000 { "5" } else { "50" };
    library_row(programs, &environment, name, &["config", calls], count)
}

/// Starts so many processes at once whose token has expired and may be refreshed once.
fn processes(programs: &Programs, stage: &Stage, size: usize, count: usize) -> Result<Row> {
    let processes = if size == 1 { "process" } else { "processes" };
    let name = format!("{size} {processes}, token expired");
    println!("  {name}");
    let mut row = Row::new(name, Unit::Seconds);
    let mut measure = |subject, command: &dyn Fn() -> Command| -> Result<()> {
        let (mut samples, mut failed, mut refreshes) = (Vec::new(), 0, 0);
        for _ in 0..count {
            stage.reset(TokenState::Expired)?;
            stage.emulator.reset_counts();
            let (seconds, failures) = at_once(size, command)?;
            samples.push(seconds);
            failed = failed.max(failures);
            refreshes = refreshes.max(stage.emulator.counts().create_token);
        }
        let remark = format!(" ({refreshes} `CreateToken`, {failed} failed)");
        row.put(subject, &samples, &remark);
        ensure!(
            subject != OURS || (refreshes, failed) == (1, 0),
            "{size} processes of ssocreds:{remark}"
        );
        Ok(())
    };
    measure(OURS, &|| ours(programs, stage, &["credential-process"]))?;
    for peer in programs.peers.iter().filter(|peer| peer.name != AWS_CLI) {
        measure(peer.name, &|| peer.cold(&stage.environment))?;
    }
    Ok(row)
}

/// The seconds until the last process has ended, and how many failed.
fn at_once(size: usize, command: &dyn Fn() -> Command) -> Result<(f64, usize)> {
    let null = File::options().write(true).open("/dev/null")?;
    let mut commands: Vec<Command> = (0..size).map(|_| command()).collect();
    let started = Instant::now();
    let mut children = Vec::with_capacity(size);
    for command in &mut commands {
        command.stdin(Stdio::null()).stdout(null.try_clone()?).stderr(null.try_clone()?);
        children.push(command.spawn()?);
    }
    let mut failed = 0;
    for mut child in children {
        failed += usize::from(!child.wait()?.success());
    }
    Ok((started.elapsed().as_secs_f64(), failed))
}

fn accounts(programs: &Programs, name: &str, size: usize, count: usize) -> Result<Row> {
    let mut builder = Emulator::builder();
    for at in 0..size {
        builder = builder.account(format!("{at:012}"), format!("Account {at}"), "a@b.c", ["R"]);
    }
    let stage = Stage::start(builder)?;
    let subject = Subject::new(OURS, || ours(programs, &stage, &["accounts"]));
    rounds(name, Unit::Seconds, count, &[subject], wall_time)
}
