//! Runs `ssocreds serve` with several clients, and stops it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::command::{What, command};
use crate::judge::{self, Run};
use crate::stage::{Profile, Stage, Weather};
use crate::{process, signals};

/// Clients that ask at the same time.
const CLIENTS: usize = 2;

/// The files of an endpoint, and its token.
struct Endpoint {
    variables: Vec<(String, String)>,
    token_file: PathBuf,
    token: String,
}

/// Starts an endpoint, lets clients ask it, stops it, and checks that it leaves no file.
pub(crate) fn run(stage: &Stage, mut run: Run, mut command: Command, random: &mut fastrand::Rng) {
    let env_file = stage.scratch.path().join(format!("env-{:016x}", random.u64(..)));
    let is_deadly = run.weather == Weather::Deadly;
    let signals: &[_] = if is_deadly { &["TERM", "KILL"] } else { &["TERM", "INT", "HUP"] };
    let Some(signal) = random.choice(signals) else { return };
    let (rounds, profile) = (random.u8(1..5), run.profile);
    command.arg("--env-file").arg(&env_file);
    let Some(child) = process::start(stage, command, What::Serve) else { return };
    let pid = child.id();
    let (endpoint, (output, was_killed)) = thread::scope(|scope| {
        let clients = scope.spawn(|| {
            let endpoint = wait_for(stage, pid, &env_file)?;
            ask(stage, pid, &endpoint, profile, rounds);
            signals::end(stage, pid, signal);
            Some(endpoint)
        });
        let ended = process::wait(stage, child, &mut run);
        (clients.join().ok().flatten(), ended)
    });
    let Some(output) = output else { return };
    judge::output(stage, &run, &output);
    if was_killed {
        stage.tally.count("ended: killed");
        // The next endpoint removes its directory, but this file has a name of the user's choice.
        let _ = fs::remove_file(env_file);
        return;
    }
    judge::end(stage, &run, &output);
    let Some(endpoint) = endpoint else { return };
    stage.tally.count("check: a stopped endpoint leaves no file");
    for file in [&env_file, &endpoint.token_file].into_iter().filter(|file| file.exists()) {
        stage.tally.violation(&format!("serve left {}", file.display()));
        let _ = fs::remove_file(file);
    }
    let printed = [output.stdout, output.stderr].concat();
    if String::from_utf8_lossy(&printed).contains(&endpoint.token) {
        stage.tally.violation("serve shows its token");
    }
}

/// Waits until the endpoint has written its files. Returns `None` if the process ended before.
fn wait_for(stage: &Stage, pid: u32, env_file: &Path) -> Option<Endpoint> {
    loop {
        let text = fs::read_to_string(env_file).unwrap_or_default();
        let pairs = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let pairs = pairs.filter_map(|line| line.split_once('='));
        let variables: Vec<_> =
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if let [_, (_, token_file)] = variables.as_slice() {
            let token_file = PathBuf::from(token_file);
            let token = fs::read_to_string(&token_file).ok()?;
            return Some(Endpoint { variables, token_file, token });
        }
        if !runs(stage, pid) {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs clients in several rounds, and checks the answer of each.
fn ask(stage: &Stage, pid: u32, endpoint: &Endpoint, profile: &'static Profile, rounds: u8) {
    let client = || {
        let run = Run::new(stage, What::Client, profile);
        // A kill after this is a fault during the client's run.
        if !runs(stage, pid) {
            return None;
        }
        let mut command = command(stage, What::Client, false, profile.0, false);
        command.envs(endpoint.variables.iter().cloned());
        process::finish(stage, run, command)
    };
    for _ in 0..rounds {
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(client);
            }
        });
    }
}

/// Returns whether the process runs and was not killed.
fn runs(stage: &Stage, pid: u32) -> bool {
    stage.running().iter().any(|it| it.pid == pid && !it.killed)
}
