//! Shows how a profile becomes credentials: runs `ssocreds` against an emulated AWS, step by step.
//!
//! Fails if a step does not end as expected. `cargo xtask demo` starts it.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a maintainer's task: it prints, and reads files of its own"
)]

use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, ensure};
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;

const CREDENTIALS: &[&str] = &["credential-process", "--no-cache", "--profile", "devsso"];
const LOGIN: &[&str] = &["login", "--use-device-code", "--profile", "devsso"];
const LOGOUT: &[&str] = &["logout", "--profile", "devsso"];

/// The exit code of `ssocreds` for "log in first".
const LOGIN_REQUIRED: i32 = 4;

fn main() -> ExitCode {
    project::exit_code(show())
}

fn show() -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let emulator = runtime.block_on(Emulator::builder().rotate_refresh_tokens(true).start())?;
    let directory = TempDir::new()?;
    let home = |state| emulator.write_home(directory.path(), state);

    let valid = home(TokenState::Valid)?;
    println!("\nAn SSO portal and SSO OIDC are emulated at {}.", emulator.portal_url());
    println!("A home directory has been made, with this ~/.aws/config:\n");
    indent(&std::fs::read_to_string(&valid.config_file)?);

    title("1. The token is valid");
    run(&emulator, &valid, CREDENTIALS, 0)?;

    title("2. The token has expired, and must be refreshed first");
    let expired = home(TokenState::Expired)?;
    let before = std::fs::read_to_string(&expired.token_file)?;
    run(&emulator, &expired, CREDENTIALS, 0)?;
    let after = std::fs::read_to_string(&expired.token_file)?;
    ensure!(before != after, "the token file was not rewritten");
    println!("\n  the token file before and after:\n");
    indent(&before);
    println!();
    indent(&after);

    title("3. Nobody has logged in: what a person sees");
    let missing = home(TokenState::Missing)?;
    run(&emulator, &missing, CREDENTIALS, LOGIN_REQUIRED)?;

    title("4. Logging in with a user code, and logging out");
    run(&emulator, &missing, LOGIN, 0)?;
    ensure!(missing.token_file.exists(), "the login wrote no token file");
    run(&emulator, &missing, CREDENTIALS, 0)?;
    run(&emulator, &missing, LOGOUT, 0)?;
    ensure!(!missing.token_file.exists(), "the logout left the token file");

    println!("\nThat was all of it: from a profile name to credentials that any AWS tool takes.");
    Ok(())
}

/// Runs `ssocreds`, and prints its output and the requests that it sent. Secrets are shown: AWS knows
/// none of them.
fn run(emulator: &Emulator, home: &Home, arguments: &[&str], exit_code: i32) -> Result<()> {
    emulator.reset_counts();
    println!("\n  $ ssocreds {}\n", arguments.join(" "));
    let mut command = Command::new(project::ssocreds()?);
    command.args(arguments).env_clear().envs(home.environment.iter().cloned());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    while child.try_wait()?.is_none() {
        // In place of the user, who opens the page, compares the code and allows the login.
        for user_code in emulator.pending_devices() {
            emulator.approve_device(&user_code);
        }
        sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output()?;
    indent(&String::from_utf8_lossy(&output.stderr));
    indent(&String::from_utf8_lossy(&output.stdout));
    ensure!(output.status.code() == Some(exit_code), "the exit code must be {exit_code}");
    ensure!(exit_code == 0 || output.stdout.is_empty(), "a failure must print to stderr only");
    println!("\n  exit code {exit_code}; requests made:");
    for request in emulator.requests() {
        let status = request.status.map_or("cut off".to_owned(), |status| status.to_string());
        println!("    {} {} -> {status}", request.method, request.path);
    }
    Ok(())
}

fn title(title: &str) {
    println!("\n{title}\n{}", "-".repeat(title.len()));
}

/// Prints a text, or JSON with a line for each field. The end of a long line is left out.
fn indent(text: &str) {
    let json = serde_json::from_str::<serde_json::Value>(text).map(|value| format!("{value:#}"));
    for line in json.as_deref().unwrap_or(text).lines() {
        let rest = if line.chars().nth(100).is_some() { "…" } else { "" };
        println!("  {}{rest}", line.chars().take(100).collect::<String>());
    }
}
