//! Shows how a profile becomes credentials: runs `ssocreds` against an emulated AWS, step by step.
//!
//! Fails if a step does not end as expected. `cargo xtask demo` starts it.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a maintainer's task: it prints, and reads files of its own"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;

/// The exit code of `ssocreds` for "log in first".
const LOGIN_REQUIRED: i32 = 4;

fn main() -> ExitCode {
    project::exit_code(show())
}

fn show() -> Result<()> {
    let program = project::ssocreds()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let emulator = runtime.block_on(Emulator::builder().rotate_refresh_tokens(true).start())?;
    let directory = TempDir::new()?;
    let demo = Demo { emulator, directory, program };
    demo.introduce()?;
    demo.valid_token()?;
    demo.expired_token()?;
    demo.no_token()?;
    demo.login()?;
    println!("\nThat was all of it: from a profile name to credentials that any AWS tool takes.");
    Ok(())
}

struct Demo {
    emulator: Emulator,
    directory: TempDir,
    program: PathBuf,
}

impl Demo {
    fn home(&self, state: TokenState) -> Result<Home> {
        self.emulator.reset_counts();
        Ok(self.emulator.write_home(self.directory.path(), state)?)
    }

    fn introduce(&self) -> Result<()> {
        let home = self.home(TokenState::Valid)?;
        println!("\nAn SSO portal and SSO OIDC are emulated at {}.", self.emulator.portal_url());
        println!("A home directory has been made, with this ~/.aws/config:\n");
        indent(&std::fs::read_to_string(&home.config_file)?);
        Ok(())
    }

    fn valid_token(&self) -> Result<()> {
        title("1. The token is valid");
        let home = self.home(TokenState::Valid)?;
        let output = self.credential_process(&home)?;
        show_credentials(&output)?;
        self.show_requests();
        Ok(())
    }

    fn expired_token(&self) -> Result<()> {
        title("2. The token has expired, and must be refreshed first");
        let home = self.home(TokenState::Expired)?;
        let before = token(&home.token_file)?;
        let output = self.credential_process(&home)?;
        show_credentials(&output)?;
        let after = token(&home.token_file)?;
        ensure!(before != after, "the token file was not rewritten");
        println!("\n  the token file before and after:");
        for (when, token) in [("before", &before), ("after", &after)] {
            let of = |key: &str| token.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
            let (access, refresh) = (cut(&of("accessToken")), cut(&of("refreshToken")));
            println!(
                "    {when:6}  {access}  expires {}  refresh token {refresh}",
                of("expiresAt")
            );
        }
        self.show_requests();
        Ok(())
    }

    fn no_token(&self) -> Result<()> {
        title("3. Nobody has logged in: what a person sees");
        let home = self.home(TokenState::Missing)?;
        let output = self.credential_process(&home)?;
        ensure!(
            output.status.code() == Some(LOGIN_REQUIRED),
            "the exit code must be {LOGIN_REQUIRED}"
        );
        ensure!(output.stdout.is_empty(), "nothing may stand on stdout");
        indent(&String::from_utf8_lossy(&output.stderr));
        println!("\n  exit code {LOGIN_REQUIRED}, nothing on stdout");
        self.show_requests();
        Ok(())
    }

    /// The demo is the user who compares the code and allows the login.
    fn login(&self) -> Result<()> {
        title("4. Logging in with a user code, and logging out");
        let home = self.home(TokenState::Missing)?;
        let arguments = ["login", "--profile", &home.profile, "--use-device-code"];
        println!("  $ ssocreds {}\n", arguments.join(" "));
        let mut login = self.command(&home, &arguments);
        let mut login = login.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let user_code = loop {
            if let Some(user_code) = self.emulator.pending_devices().pop() {
                break user_code;
            }
            ensure!(login.try_wait()?.is_none(), "the login ended before it was allowed");
            std::thread::sleep(Duration::from_millis(20));
        };
        ensure!(self.emulator.approve_device(&user_code), "no login has the code {user_code}");
        let output = login.wait_with_output()?;
        indent(&String::from_utf8_lossy(&output.stderr));
        println!("  (the user opens the page, compares the code and allows the login)\n");
        indent(&String::from_utf8_lossy(&output.stdout));
        ensure!(output.status.success() && home.token_file.exists(), "the login failed");
        self.show_requests();
        self.emulator.reset_counts();
        println!();
        show_credentials(&self.credential_process(&home)?)?;

        println!("\n  $ ssocreds logout --profile {}\n", home.profile);
        let output = self.command(&home, &["logout", "--profile", &home.profile]).output()?;
        indent(&String::from_utf8_lossy(&output.stdout));
        ensure!(output.status.success() && !home.token_file.exists(), "the logout failed");
        self.show_requests();
        Ok(())
    }

    fn command(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().envs(home.environment.iter().cloned());
        command
    }

    fn credential_process(&self, home: &Home) -> Result<Output> {
        println!("  $ ssocreds credential-process --no-cache --profile {}\n", home.profile);
        let arguments = ["credential-process", "--no-cache", "--profile", &home.profile];
        Ok(self.command(home, &arguments).output()?)
    }

    fn show_requests(&self) {
        let requests: Vec<_> = self.emulator.requests();
        println!("\n  requests made: {}", requests.len());
        for request in requests {
            let status = request.status.map_or("cut off".to_owned(), |status| status.to_string());
            println!("    {} {} -> {status}", request.method, request.path);
        }
    }
}

fn title(title: &str) {
    println!("\n{title}\n{}\n", "-".repeat(title.len()));
}

fn show_credentials(output: &Output) -> Result<()> {
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ssocreds failed:\n{error}");
    let credentials: Value = serde_json::from_slice(&output.stdout)?;
    let credentials = credentials.as_object().context("credentials are a JSON object")?;
    let line = |(key, value): (&String, &Value)| {
        let secret = ["SecretAccessKey", "SessionToken"].contains(&key.as_str());
        let shown = match value.as_str() {
            Some(text) if secret => format!("\"{}\"", cut(text)),
            _ => value.to_string(),
        };
        format!("    {key:?}: {shown}")
    };
    let lines: Vec<_> = credentials.iter().map(line).collect();
    println!("  {{\n{}\n  }}", lines.join(",\n"));
    Ok(())
}

fn token(file: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(file)?)?)
}

/// The first characters of a secret: enough to tell two apart.
fn cut(secret: &str) -> String {
    format!("{}…", secret.chars().take(12).collect::<String>())
}

fn indent(text: &str) {
    for line in text.lines() {
        println!("  {line}");
    }
}
