//! Checks the output and the exit code of a process.

use std::process::Output;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::command::What;
use crate::logins;
use crate::secrets::find;
use crate::span::Moment;
use crate::stage::{Profile, Stage, Weather};

/// The time limit of a retrieval, and what a busy machine adds to it.
pub(crate) const LONGEST: Duration = Duration::from_secs(60 + 15);
/// The exit codes of `ssocreds` that a fault can cause.
const OTHER: i32 = 1;
const LOGIN_REQUIRED: i32 = 4;
const REFUSED: i32 = 5;
const NOT_AVAILABLE: i32 = 6;

/// What was run, and in which circumstances.
pub(crate) struct Run {
    pub(crate) what: What,
    pub(crate) is_disk_full: bool,
    pub(crate) profile: &'static Profile,
    pub(crate) weather: Weather,
    pub(crate) started: Instant,
    pub(crate) started_at: Timestamp,
    pub(crate) stopped: bool,
    pub(crate) services: Moment,
    pub(crate) logins: Moment,
}

impl Run {
    /// Returns a process that starts now.
    pub(crate) fn new(stage: &Stage, what: What, profile: &'static Profile) -> Self {
        Self {
            what,
            is_disk_full: false,
            profile,
            weather: stage.weather(),
            started: Instant::now(),
            started_at: stage.emulator.now(),
            stopped: false,
            services: stage.services.now(),
            logins: stage.logins.now(),
        }
    }
}

/// Checks the output and the duration of any process of ours, even of one that was killed.
pub(crate) fn output(stage: &Stage, run: &Run, output: &Output) {
    if !run.what.is_ours() {
        return;
    }
    let what = run.what;
    let printed = find(&String::from_utf8_lossy(&output.stdout));
    if printed.iter().any(|it| !what.prints().contains(it)) {
        stage.tally.violation(&format!("{what:?} shows a secret on stdout: {printed:?}"));
    }
    // Otherwise the check would not recognize a secret elsewhere, either.
    if output.status.success() && printed.len() < what.prints().len() {
        stage.tally.violation(&format!("{what:?} printed no more than {printed:?}"));
    }
    let logged = find(&String::from_utf8_lossy(&output.stderr));
    if !logged.is_empty() {
        stage.tally.violation(&format!("{what:?} shows a secret on stderr: {logged:?}"));
    }
    stage.tally.count("check: the output contains no other secret");
    let took = run.started.elapsed();
    if !run.stopped && took > LONGEST {
        stage.tally.violation(&format!("{what:?} took {took:.0?}, more than {LONGEST:?}"));
    }
}

/// Checks the result of a process that was not killed.
pub(crate) fn end(stage: &Stage, run: &Run, output: &Output) {
    let (what, is_success) = (run.what, output.status.success());
    if !what.is_ours() {
        stage.tally.count(if is_success {
            "ended: botocore served"
        } else {
            "ended: botocore failed"
        });
        if is_success {
            check_success(stage, run, output);
        }
        return;
    }
    if what.is_retrieval() && !is_success && !output.stdout.is_empty() {
        stage.tally.violation(&format!("{what:?} failed and printed to stdout all the same"));
    }
    let error = String::from_utf8_lossy(&output.stderr);
    let ended = match output.status.code() {
        Some(0) => {
            stage.tally.count("ended: success");
            if what.is_retrieval() {
                check_success(stage, run, output);
            }
            return;
        }
        Some(LOGIN_REQUIRED) => return check_login_required(stage, run, &error),
        Some(NOT_AVAILABLE) => "ended: not available",
        // The refresh token was not spent, because the new one could not be stored.
        Some(OTHER) if error.contains("nothing can be written to") => {
            "ended: nothing can be written, so nothing was spent"
        }
        Some(OTHER | REFUSED) if !what.is_retrieval() => "ended: failed to log in, log out or edit",
        code => {
            return stage.tally.violation(&format!("{what:?} ended with {code:?}: {error}"));
        }
    };
    stage.tally.count(ended);
    if !run.is_disk_full && !stage.services.since(run.services) {
        let why = format!("{what:?} {ended}, although nothing failed: {error}");
        stage.tally.violation(&why);
    }
}

fn check_success(stage: &Stage, run: &Run, output: &Output) {
    let Ok(printed) = serde_json::from_slice::<Value>(&output.stdout) else {
        stage.tally.violation(&format!("{:?} printed no JSON", run.what));
        return;
    };
    let text = |key: &str| printed.get(key).and_then(Value::as_str).unwrap_or_default();
    if run.what == What::Token {
        check_expiry(stage, run, text("expiresAt"));
        check_told_expiry(stage, run, text("accessToken"), text("expiresAt"));
        return;
    }
    if run.what != What::Botocore {
        check_expiry(stage, run, text("Expiration"));
    }
    let (_, account, role) = run.profile;
    let owner = stage.emulator.owner_of(text("AccessKeyId"));
    if !owner.is_some_and(|it| it.account_id == *account && it.role_name == *role) {
        stage.tally.violation(&format!("{:?} gave credentials of another role", run.what));
    }
    stage.tally.count("check: credentials are the profile's own");
}

/// Checks that the result had not expired when the process began.
fn check_expiry(stage: &Stage, run: &Run, expires_at: &str) {
    stage.tally.count("check: the result has not expired");
    let expires_at: Option<Timestamp> = expires_at.parse().ok();
    // Times are printed in whole seconds, rounded down.
    let started_at = run.started_at - SignedDuration::from_secs(1);
    if expires_at.is_none_or(|at| at <= started_at) {
        let why = format!("{:?} gave a result that expired at {expires_at:?}", run.what);
        stage.tally.violation(&format!("{why}; it began at {started_at}"));
    }
}

/// Checks that the printed expiry of a token is no later than the real one. botocore counts from the
/// arrival of the answer, so its files may contain a later one.
fn check_told_expiry(stage: &Stage, run: &Run, access_token: &str, told: &str) {
    if !run.weather.has_one_writer() {
        return;
    }
    stage.tally.count("check: the printed expiry of a token is no later than the real one");
    let (told, expires_at) = (told.parse().ok(), stage.emulator.token_expires_at(access_token));
    if expires_at.zip(told).is_none_or(|(at, told): (Timestamp, Timestamp)| told > at) {
        let why = format!("a token's printed expiry is {told:?}, the real one {expires_at:?}");
        stage.tally.violation(&why);
    }
}

/// "Login required" is right if there was no login for a moment, or if a fault may have ended the
/// session. In that case this logs in.
fn check_login_required(stage: &Stage, run: &Run, error: &str) {
    let dead = logins::refresh_token_is_dead(stage);
    if !run.weather.keeps_the_session() {
        stage.tally.count("ended: session lost to a fault that may end it");
        if dead {
            logins::log_in(stage);
        }
    } else if stage.logins.since(run.logins) {
        stage.tally.count("ended: logged out");
    } else {
        // A token that is dead now may be replaced soon. The check between the periods finds a lost one.
        let why = format!("{:?} required a login (token dead: {dead}): {error}", run.what);
        stage.tally.violation(&why);
    }
}
