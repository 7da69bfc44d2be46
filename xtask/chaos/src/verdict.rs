//! Checks the output and the exit status of a process.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use serde_json::Value;

use crate::job::{Job, Run};
use crate::stage::{Stage, Weather};
use crate::{logins, secrets};

/// The exit codes of `ssocreds` that a fault can cause.
const OTHER: i32 = 1;
const LOGIN_REQUIRED: i32 = 4;
const REFUSED: i32 = 5;
const UNAVAILABLE: i32 = 6;

const SIGKILL: i32 = 9;

/// Returns how the process ended. An error is a violation.
pub(crate) fn check(stage: &Stage, run: &Run, output: &Output) -> Result<&'static str> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let (printed, expected) = (secrets::find(&stdout), run.job.secrets());
    let all_expected = printed.iter().all(|it| expected.contains(it));
    ensure!(all_expected, "shows a secret on stdout: {printed:?}");
    let logged = secrets::find(&stderr);
    ensure!(logged.is_empty(), "shows a secret on stderr: {logged:?}");
    if output.status.success() {
        // Otherwise the checks above would not recognize a secret elsewhere, either.
        ensure!(printed.len() == expected.len(), "printed no more than {printed:?}");
        if !expected.is_empty() {
            check_result(stage, run, &stdout)?;
        }
        return Ok("success");
    }
    if run.weather == Weather::Harsh && output.status.signal() == Some(SIGKILL) {
        return Ok("killed");
    }
    ensure!(expected.is_empty() || stdout.is_empty(), "failed and printed to stdout all the same");
    let ending = match output.status.code() {
        Some(LOGIN_REQUIRED) => return login_required(stage, run, &stderr),
        Some(UNAVAILABLE) => "not available",
        // The refresh token was not spent, because the new one could not be stored.
        Some(OTHER) if stderr.contains("nothing can be written to") => "nothing can be written",
        Some(OTHER | REFUSED) if expected.is_empty() => "failed to log in, log out, serve or edit",
        _ => bail!("ended with {}: {stderr}", output.status),
    };
    ensure!(stage.faults.since(run.started), "{ending}, although nothing failed: {stderr}");
    Ok(ending)
}

/// "Login required" is right if there was no login for a moment, or if a fault may have ended the
/// session. In that case this logs in.
fn login_required(stage: &Stage, run: &Run, stderr: &str) -> Result<&'static str> {
    if run.weather == Weather::Harsh {
        if !logins::is_live(stage) {
            logins::log_in(stage);
        }
        return Ok("session lost");
    }
    ensure!(stage.logouts.since(run.started), "required a login: {stderr}");
    Ok("logged out")
}

/// Checks that the printed token or credentials are the profile's own, and have not expired.
fn check_result(stage: &Stage, run: &Run, stdout: &str) -> Result<()> {
    let json: Value = serde_json::from_str(stdout).context("printed no JSON")?;
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default();
    let expiry = text(if run.job == Job::Token { "expiresAt" } else { "Expiration" });
    let expires_at: Timestamp = expiry.parse().context("printed no expiry")?;
    // Times are printed in whole seconds, rounded down.
    let started_at = stage.emulator.now() - run.started.elapsed() - Duration::from_secs(1);
    ensure!(expires_at > started_at, "gave a result that expired at {expires_at}");
    if run.job == Job::Token {
        let real = stage.emulator.token_expires_at(text("accessToken"));
        // botocore counts from the arrival of the answer, so its files may contain a later one.
        let is_right = real.is_some_and(|real| expires_at <= real);
        let may_differ = run.weather != Weather::Gentle;
        ensure!(
            is_right || may_differ,
            "the printed expiry is {expires_at}, the real one {real:?}"
        );
        return Ok(());
    }
    let (_, account_id, role_name) = *run.profile;
    let owner = stage.emulator.owner_of(text("AccessKeyId"));
    let is_own = owner.is_some_and(|it| it.account_id == account_id && it.role_name == role_name);
    ensure!(is_own, "gave credentials of another role");
    Ok(())
}
