//! Runs `ssocreds serve` with several clients, and stops it.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::job::{Job, Run};
use crate::process;
use crate::stage::Stage;

/// Clients that send requests at the same time.
const CLIENTS: usize = 2;

/// The names and values in an environment file.
type Variables = [(String, String); 2];

/// Starts an endpoint, runs clients, stops the endpoint, and checks that it leaves no file.
pub(crate) fn run(stage: &Stage, run: &Run) -> Result<()> {
    let env_file = stage.temporary.path().join(format!("env-{:016x}", fastrand::u64(..)));
    let mut command = run.command(stage);
    command.arg("--env-file").arg(&env_file);
    let mut child = process::start(stage, command)?;
    let Some(variables) = wait_for(&mut child, &env_file)? else {
        return process::finish(stage, run, child).map(drop);
    };
    let token_file = Path::new(&variables[1].1);
    let token = fs::read_to_string(token_file).unwrap_or_default();
    for _ in 0..fastrand::u8(1..5) {
        // A kill after this is a fault during the clients' run.
        let client = Run { profile: run.profile, ..Run::new(Job::Client, run.weather) };
        if child.try_wait()?.is_none() {
            let request = || process::complete(stage, &client, &variables);
            thread::scope(|scope| {
                for _ in 0..CLIENTS {
                    scope.spawn(|| stage.tally.check(request()));
                }
            });
        }
    }
    process::signal(child.id(), fastrand::choice(["TERM", "INT", "HUP"]).unwrap_or("TERM"));
    let output = process::finish(stage, run, child)?;
    if output.status.signal().is_some() {
        // The next endpoint removes the directory of a killed one, but not this file of the user.
        return fs::remove_file(env_file).context("the environment file");
    }
    for file in [&env_file, token_file] {
        ensure!(!file.exists(), "serve left {}", file.display());
    }
    let printed = [output.stdout, output.stderr].concat();
    let is_shown = String::from_utf8_lossy(&printed).contains(&token);
    ensure!(!is_shown, "serve shows its token");
    Ok(())
}

/// Waits until the endpoint has written its files. Returns `None` if the process ended before.
fn wait_for(child: &mut Child, env_file: &Path) -> Result<Option<Variables>> {
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(env_file).unwrap_or_default();
        let pairs = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let pairs = pairs.filter_map(|line| line.split_once('='));
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.into(), value.into())).collect();
        if let Ok(variables) = Variables::try_from(pairs) {
            return Ok(Some(variables));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(None)
}
