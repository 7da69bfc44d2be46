//! Checks the output and the exit code of a process.

use std::process::Output;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::command::{Handicap, What};
use super::process::{LONGEST, Run};
use super::secrets::find;
use super::{Stage, Weather, logins};

/// How long a lock is waited for, and what a loaded machine adds to it.
const LOCK: Duration = Duration::from_secs(20);
const SLACK: Duration = Duration::from_secs(10);
/// The exit codes of `ssocreds` that a fault can be the reason of.
const OTHER: i32 = 1;
const LOGIN_REQUIRED: i32 = 4;
const NOT_AVAILABLE: i32 = 6;

/// Judges the text of any process of ours, also of one that was killed; and how long it took.
pub(crate) fn output(stage: &Stage, run: &Run, output: &Output) {
    if !run.what.is_ours() {
        return;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = find(&text(&output.stdout));
    let others: Vec<_> = printed.iter().filter(|it| !run.what.prints().contains(it)).collect();
    if !others.is_empty() {
        stage.tally.violation(&format!("{:?} shows a secret on stdout: {others:?}", run.what));
    }
    // Or the chaos would not know a secret elsewhere, either.
    if output.status.success() && printed.len() - others.len() < run.what.prints().len() {
        stage.tally.violation(&format!("{:?} printed no more than {printed:?}", run.what));
    }
    let logged = find(&text(&output.stderr));
    if !logged.is_empty() {
        stage.tally.violation(&format!("{:?} shows a secret on stderr: {logged:?}", run.what));
    }
    stage.tally.count("check: what was printed holds no other secret");
    let (took, limit) = (run.started.elapsed(), limit(run));
    if !run.stopped && run.weather == Weather::Frozen {
        stage.tally.count("check: nobody waits for longer than the lock's limit");
    }
    if !run.stopped && took > limit {
        let why = format!("{:?} took {took:.0?}, more than {limit:?}", run.what);
        stage.tally.violation(&why);
    }
}

/// How long it may take.
///
/// Where nothing but a lock can hold it up, that lock's limit counts; who shares the cache of role
/// credentials waits for that lock first.
fn limit(run: &Run) -> Duration {
    match (run.weather, run.what.is_cached()) {
        (Weather::Frozen, false) => LOCK + SLACK,
        (Weather::Frozen, true) => LOCK * 2 + SLACK,
        _ => LONGEST,
    }
}

/// Judges how a process that was not killed ended.
pub(crate) fn end(stage: &Stage, run: &Run, output: &Output) {
    let error = String::from_utf8_lossy(&output.stderr);
    if !run.what.is_ours() {
        let served = output.status.success();
        stage.tally.count(if served { "ended: botocore served" } else { "ended: botocore failed" });
        if served {
            judge_success(stage, run, output);
        }
        return;
    }
    if !output.status.success() && !output.stdout.is_empty() {
        stage.tally.violation(&format!("{:?} failed and printed to stdout all the same", run.what));
    }
    match output.status.code() {
        Some(0) => {
            stage.tally.count("ended: served");
            judge_success(stage, run, output);
        }
        Some(LOGIN_REQUIRED) => judge_login_required(stage, run, &error),
        Some(NOT_AVAILABLE) => {
            stage.tally.count("ended: not available");
            if !stage.services.since(run.services) {
                let why = format!("{:?}: not available although all was well: {error}", run.what);
                stage.tally.violation(&why);
            }
        }
        // The refresh token was not spent, because the new one could not be stored.
        Some(OTHER) if error.contains("nothing can be written to") => {
            stage.tally.count("ended: nothing can be written, so nothing was spent");
            let cannot_write = matches!(run.handicap, Handicap::FullDisk | Handicap::ReadOnlyHome);
            if !cannot_write && !stage.services.since(run.services) {
                let why = format!("{:?}: cannot write although all was well: {error}", run.what);
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
    let text = |key: &str| printed.get(key).and_then(Value::as_str).unwrap_or_default();
    match run.what {
        What::Token => {
            judge_expiry(stage, run, text("expiresAt"));
            judge_told_expiry(stage, run, text("accessToken"), text("expiresAt"));
        }
        What::Botocore => {}
        What::Credentials | What::CachedCredentials | What::Exec => {
            judge_expiry(stage, run, text("Expiration"));
        }
    }
    if run.what != What::Token {
        let (_, account, role) = run.profile;
        let owner = stage.emulator.owner_of(text("AccessKeyId"));
        if !owner.is_some_and(|it| it.account_id == *account && it.role_name == *role) {
            stage.tally.violation(&format!("{:?} gave someone else's credentials", run.what));
        }
        stage.tally.count("check: credentials are the profile's own");
    }
}

/// Whether what was printed had not expired when the process began, by its own clock.
fn judge_expiry(stage: &Stage, run: &Run, expires_at: &str) {
    stage.tally.count("check: what was handed out has not expired");
    judge_time(stage, run, expires_at.parse().ok());
}

/// Whether a token is told to expire no later than the service lets it. Where clocks are wrong, or
/// botocore counts from the answer's arrival, the file may say otherwise.
fn judge_told_expiry(stage: &Stage, run: &Run, access_token: &str, told: &str) {
    if !run.weather.has_one_writer() {
        return;
    }
    stage.tally.count("check: a token is told to expire no later than it does");
    let (told, expires_at) = (told.parse().ok(), stage.emulator.token_expires_at(access_token));
    if expires_at.zip(told).is_none_or(|(at, told): (Timestamp, Timestamp)| told > at) {
        let why = format!("a token is told to expire at {told:?}, and does at {expires_at:?}");
        stage.tally.violation(&why);
    }
}

fn judge_time(stage: &Stage, run: &Run, expires_at: Option<Timestamp>) {
    let off_by = match run.handicap {
        Handicap::WrongClock(first, then) => SignedDuration::from_secs(first.min(then)),
        _ => SignedDuration::ZERO,
    };
    // Times are printed in whole seconds, rounded down.
    let started_at = run.started_at + off_by - SignedDuration::from_secs(1);
    if expires_at.is_none_or(|at| at <= started_at) {
        let why = format!("{:?} gave what expired at {expires_at:?}", run.what);
        stage.tally.violation(&format!("{why}; it began at {started_at}"));
    }
}

/// "Log in first" is right when there was no login for a moment, or when a fault may have cost the
/// session; then someone logs in.
fn judge_login_required(stage: &Stage, run: &Run, error: &str) {
    let dead = logins::refresh_token_is_dead(stage);
    if !run.weather.keeps_the_session() {
        stage.tally.count("ended: session lost to a fault that may cost it");
        // Whether what a killed process wrote aside is found is looked at first.
        if dead && !stage.survives.load(Ordering::SeqCst) {
            logins::log_in(stage);
        }
        return;
    }
    if stage.logins.since(run.logins) {
        stage.tally.count("ended: logged out");
    } else {
        let why = format!("{:?} was told to log in (token dead: {dead}): {error}", run.what);
        stage.tally.violation(&why);
    }
    // A token that is dead now may be one whose successor is about to be written: that none was lost
    // is looked at when all is quiet.
}
