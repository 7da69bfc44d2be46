//! One process after the other, and what each may print and how it may end.
//!
//! Not responsible for the faults.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{PROFILES, Stage, Weather, faults};

/// The whole retrieval's time limit, and what a loaded machine adds to it.
const LONGEST: Duration = Duration::from_secs(60 + 15);
/// The exit codes of `ssocreds` that a fault can be the reason of.
const LOGIN_REQUIRED: i32 = 4;
const NOT_AVAILABLE: i32 = 6;

/// What the emulator's secrets begin with, each followed by a number.
const SECRETS: &[&str] = &["access-", "refresh-", "session-", "client-secret-"];

/// Resolves a profile with botocore, which takes no lock.
const BOTOCORE: &str = "
import sys, botocore.session
session = botocore.session.Session(profile=sys.argv[1])
session.set_config_variable('region', 'us-east-1')
print(session.get_credentials().get_frozen_credentials().access_key)
";

/// A process under way.
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) ours: bool,
    pub(crate) stopped: bool,
    pub(crate) killed: bool,
}

/// What was run, and in which circumstances.
struct Run {
    what: What,
    profile: &'static (&'static str, &'static str, &'static str),
    started: Instant,
    weather: Weather,
    /// The disturbances before it, and whether one lasted.
    before: (u64, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Credentials,
    CachedCredentials,
    Token,
    FullDisk,
    WrongClock,
    Botocore,
}

pub(crate) fn has_botocore() -> bool {
    let import = Command::new("python3").args(["-c", "import botocore"]).output();
    import.is_ok_and(|output| output.status.success())
}

pub(crate) fn faketime() -> Option<&'static str> {
    let places = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib64/faketime/libfaketime.so.1",
    ];
    places.into_iter().find(|place| Path::new(place).exists())
}

/// Runs processes until it is over.
pub(crate) fn work(stage: &Stage, mut random: fastrand::Rng) {
    while !stage.is_over() {
        let quiet = stage.under_way.read().unwrap_or_else(PoisonError::into_inner);
        one(stage, &mut random);
        drop(quiet);
        std::thread::sleep(Duration::from_millis(random.u64(0..40)));
    }
}

/// A run of ours with no fault near; it must succeed.
pub(crate) fn run_undisturbed(stage: &Stage) {
    let Some(profile) = PROFILES.first() else { return };
    let output = command(stage, What::Credentials, profile.0, 0).output();
    if !output.as_ref().is_ok_and(|output| output.status.success()) {
        stage.tally.violation(&format!("an undisturbed run failed: {output:?}"));
    }
}

fn one(stage: &Stage, random: &mut fastrand::Rng) {
    let weather = stage.weather();
    let Some(profile) = random.choice(PROFILES) else { return };
    let what = choose(stage, weather, random);
    let before = now(stage);
    let started = Instant::now();
    let mut command = command(stage, what, profile.0, random.i64(-900..900));
    let Ok(child) = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
        stage.tally.violation("a process could not be started");
        return;
    };
    let pid = child.id();
    let ours = what != What::Botocore;
    stage.running().push(Running { pid, ours, stopped: false, killed: false });
    check_command_line(stage, pid);
    let output = child.wait_with_output();
    let mut fate = None;
    stage.running().retain_mut(|it| {
        if it.pid == pid {
            fate = Some((it.stopped, it.killed));
        }
        it.pid != pid
    });
    stage.tally.count(if ours { "processes: ssocreds" } else { "processes: botocore" });
    let (Ok(output), Some((stopped, killed))) = (output, fate) else { return };
    if !ours || killed {
        return;
    }
    let run = Run { what, profile, started, weather, before };
    judge(stage, &run, &output, stopped);
}

fn choose(stage: &Stage, weather: Weather, random: &mut fastrand::Rng) -> What {
    match (random.u8(..12), weather) {
        (0..=1, Weather::Mixed) if stage.has_botocore => What::Botocore,
        (0, Weather::Harsh) => What::FullDisk,
        (1, Weather::Harsh) if stage.faketime.is_some() => What::WrongClock,
        (2..=4, _) => What::Token,
        (5..=6, _) => What::CachedCredentials,
        _ => What::Credentials,
    }
}

fn command(stage: &Stage, what: What, profile: &str, clock_off_by: i64) -> Command {
    let credentials = ["credential-process", "--no-cache", "--profile", profile];
    let mut command = match what {
        What::Botocore => {
            let mut command = Command::new("python3");
            command.args(["-c", BOTOCORE, profile]);
            command
        }
        What::FullDisk => {
            let mut command = Command::new("sh");
            command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"]);
            command.arg(&stage.program).args(credentials);
            command
        }
        What::CachedCredentials => {
            let mut command = Command::new(&stage.program);
            command.args(["-vv", "credential-process", "--profile", profile]);
            command
        }
        What::Token => {
            let mut command = Command::new(&stage.program);
            command.args(["token", "--format", "json", "--profile", profile]);
            command
        }
        What::Credentials | What::WrongClock => {
            let mut command = Command::new(&stage.program);
            command.args(credentials);
            command
        }
    };
    command.env_clear().envs(stage.home.environment.iter().cloned());
    if let Some(path) = option_env!("PATH") {
        command.env("PATH", path);
    }
    if let (What::WrongClock, Some(library)) = (what, stage.faketime) {
        command.env("LD_PRELOAD", library).env("FAKETIME", format!("{clock_off_by:+}s"));
    }
    command
}

fn judge(stage: &Stage, run: &Run, output: &Output, stopped: bool) {
    let error = String::from_utf8_lossy(&output.stderr);
    check_no_secret(stage, "stderr", &error);
    let took = run.started.elapsed();
    if !stopped && took > LONGEST {
        stage.tally.violation(&format!("{:?} took {took:?}", run.what));
    }
    match output.status.code() {
        Some(0) => {
            stage.tally.count("ended: served");
            judge_success(stage, run, output);
        }
        Some(LOGIN_REQUIRED) => judge_login_required(stage, run, &error),
        Some(NOT_AVAILABLE) => {
            stage.tally.count("ended: service not available");
            if !disturbed(stage, run) {
                let why = format!("{:?}: not available although all was well: {error}", run.what);
                stage.tally.violation(&why);
            }
        }
        code => {
            let why = format!("{:?} ended with {code:?}: {error}", run.what);
            stage.tally.violation(&why);
        }
    }
}

fn judge_success(stage: &Stage, run: &Run, output: &Output) {
    let Ok(printed) = serde_json::from_slice::<Value>(&output.stdout) else {
        stage.tally.violation(&format!("{:?} printed no JSON", run.what));
        return;
    };
    let text = |key: &str| printed.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if run.what == What::WrongClock {
        return;
    }
    let expires_at = if run.what == What::Token { text("expiresAt") } else { text("Expiration") };
    let started = stage.emulator.now().as_second()
        - i64::try_from(run.started.elapsed().as_secs()).unwrap_or(0);
    let good = expires_at.parse::<jiff::Timestamp>().is_ok_and(|at| at.as_second() >= started);
    if !good {
        stage.tally.violation(&format!("{:?} gave what expired at {expires_at:?}", run.what));
    }
    if run.what != What::Token {
        let (_, account, role) = run.profile;
        let owner = stage.emulator.owner_of(&text("AccessKeyId"));
        if !owner.is_some_and(|it| it.account_id == *account && it.role_name == *role) {
            stage.tally.violation(&format!("{:?} gave someone else's credentials", run.what));
        }
    }
}

/// "Log in first" is right when there was no login for a moment, or when a harsh fault may have cost
/// the session; then someone logs in.
fn judge_login_required(stage: &Stage, run: &Run, error: &str) {
    let explained = disturbed(stage, run);
    match run.weather {
        Weather::Harsh => {
            stage.tally.count("ended: session lost to a harsh fault");
            if refresh_token_is_dead(stage) {
                faults::log_in(stage);
            }
        }
        Weather::Gentle | Weather::Mixed if explained => stage.tally.count("ended: logged out"),
        Weather::Gentle | Weather::Mixed => {
            let dead = refresh_token_is_dead(stage);
            let why = format!("{:?} was told to log in (token dead: {dead}): {error}", run.what);
            stage.tally.violation(&why);
        }
    }
    if run.weather != Weather::Harsh && refresh_token_is_dead(stage) {
        stage.tally.violation("the refresh token in the file is not live");
        faults::log_in(stage);
    }
}

fn refresh_token_is_dead(stage: &Stage) -> bool {
    let file = std::fs::read(&stage.home.token_file).ok();
    let token = file.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let refresh_token = token.and_then(|it| Some(it.get("refreshToken")?.as_str()?.to_owned()));
    refresh_token.is_some_and(|it| !stage.emulator.is_live(&it))
}

fn now(stage: &Stage) -> (u64, bool) {
    let lasting = stage.outages.load(Ordering::SeqCst) > 0;
    (stage.disturbances.load(Ordering::SeqCst), lasting)
}

fn disturbed(stage: &Stage, run: &Run) -> bool {
    run.before.1 || now(stage) != (run.before.0, false)
}

/// What any user of the machine can read of a process.
fn check_command_line(stage: &Stage, pid: u32) {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    check_no_secret(stage, "a command line", &String::from_utf8_lossy(&line));
}

fn check_no_secret(stage: &Stage, place: &str, text: &str) {
    let numbered = |secret: &&&str| {
        text.match_indices(**secret).any(|(at, found)| {
            text.get(at + found.len()..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    if let Some(secret) = SECRETS.iter().find(numbered) {
        stage.tally.violation(&format!("{place} shows a secret that begins with {secret}"));
    }
}
