//! The emulator, the home directory and the ssocreds of one row.

use std::io::Write as _;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use sso_emulator::{Emulator, EmulatorBuilder, Home, TokenState};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::client::{Answer, Ssocreds, clean};
use super::process::Running;

/// What is put into a token file that no client knows: an object with white space in a string,
/// and a number of more digits than a double keeps.
pub(crate) const UNKNOWN: [(&str, &str); 2] = [
    ("xObject", r#"{"list":[1,{"none":null}],"text":"a  b"}"#),
    ("xDigits", "123456789012345678901234567890"),
];

/// Tokens live longer than any client's refresh window.
const TOKEN_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

/// A login that a program allows takes a second or two, on a busy machine more.
const LOGIN_TIME_LIMIT: Duration = Duration::from_secs(60);

/// What all rows share.
pub(crate) struct TestBed {
    runtime: Runtime,
    pub(crate) ssocreds: Ssocreds,
}

impl TestBed {
    /// With the program of this workspace.
    pub(crate) fn new() -> Result<Self> {
        Self::with(project::ssocreds()?)
    }

    pub(crate) fn with(program: PathBuf) -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { runtime, ssocreds: Ssocreds { program } })
    }

    /// A new stage; each answer of its services comes this much later.
    pub(crate) fn stage(&self, state: TokenState, latency: Duration) -> Result<Stage<'_>> {
        self.build(Emulator::builder().latency(latency), state)
    }

    /// A new stage whose role credentials have this lifetime.
    pub(crate) fn stage_with_lifetime(
        &self,
        state: TokenState,
        lifetime: Duration,
    ) -> Result<Stage<'_>> {
        self.build(Emulator::builder().credentials_ttl(lifetime), state)
    }

    /// A new stage of an emulator with settings of its own.
    pub(crate) fn build(&self, builder: EmulatorBuilder, state: TokenState) -> Result<Stage<'_>> {
        let builder = builder.rotate_refresh_tokens(true).token_ttl(TOKEN_LIFETIME);
        let emulator = self.runtime.block_on(builder.start())?;
        let directory = TempDir::new()?;
        let home = emulator.write_home(directory.path(), state)?;
        Ok(Stage { emulator, home, ssocreds: &self.ssocreds, _directory: directory })
    }
}

pub(crate) struct Stage<'a> {
    pub(crate) emulator: Emulator,
    pub(crate) home: Home,
    pub(crate) ssocreds: &'a Ssocreds,
    _directory: TempDir,
}

impl Stage<'_> {
    /// Whether the emulator gave these credentials, for the role that was asked for.
    pub(crate) fn are_ours(&self, answer: &Answer) -> bool {
        let Answer::AccessKeyId(key) = answer else { return false };
        self.emulator.owner_of(key).is_some_and(|owner| owner.role_name == self.home.role_name)
    }

    /// Puts fields into the token file that no client knows.
    pub(crate) fn add_unknown_fields(&self) -> Result<()> {
        let text = std::fs::read_to_string(&self.home.token_file)?;
        let fields = UNKNOWN.map(|(name, value)| format!("\"{name}\":{value}")).join(",");
        let rest = text.strip_prefix('{').context("a token file is an object")?;
        Ok(std::fs::write(&self.home.token_file, format!("{{{fields},{rest}"))?)
    }

    /// Adds a profile whose credentials come from ssocreds.
    pub(crate) fn add_process_profile(&self, name: &str) -> Result<()> {
        let program = self.ssocreds.program.display();
        let profile = &self.home.profile;
        self.append_to_config(&format!(
            "\n[profile {name}]\nregion = us-east-1\n\
             credential_process = {program} credential-process --no-cache --profile {profile}\n"
        ))
    }

    pub(crate) fn append_to_config(&self, text: &str) -> Result<()> {
        let mut config = std::fs::OpenOptions::new().append(true).open(&self.home.config_file)?;
        Ok(config.write_all(text.as_bytes())?)
    }

    /// Runs `ssocreds login` and allows it in the place of the user.
    pub(crate) fn log_in(&self) -> Result<()> {
        let program = self.ssocreds.program.clone().into();
        let mut command = clean(&[program], &self.home.environment);
        command.args(["login", "--use-device-code", "--profile", &self.home.profile]);
        let mut login = Running::start(command)?;
        let deadline = Instant::now() + LOGIN_TIME_LIMIT;
        while !login.has_ended()? && Instant::now() < deadline {
            for code in self.emulator.pending_devices() {
                self.emulator.approve_device(&code);
            }
            sleep(Duration::from_millis(20));
        }
        let finished = login.finish(deadline)?;
        let is_logged_in = finished.status.is_some_and(|status| status.success());
        ensure!(is_logged_in, "ssocreds login failed: {}", finished.stderr);
        Ok(())
    }

    /// The directory of the role-credential cache. It may not exist.
    pub(crate) fn role_cache(&self) -> PathBuf {
        self.home.directory.join(".aws/cli/cache")
    }

    pub(crate) fn remove_role_cache(&self) -> Result<()> {
        let directory = self.role_cache();
        if directory.exists() {
            std::fs::remove_dir_all(directory)?;
        }
        Ok(())
    }

    /// Makes the access token in the file one that expired in 2020.
    pub(crate) fn expire_token(&self) -> Result<()> {
        let (text, token) = self.token()?;
        let expires_at = token.get("expiresAt").and_then(Value::as_str).context("no expiresAt")?;
        let expired = text.replacen(expires_at, "2020-01-01T00:00:00Z", 1);
        Ok(std::fs::write(&self.home.token_file, expired)?)
    }

    /// The text of the token file, and what it says.
    pub(crate) fn token(&self) -> Result<(String, Value)> {
        let text = std::fs::read_to_string(&self.home.token_file)?;
        let value = serde_json::from_str(&text).context("the token file is not JSON any more")?;
        Ok((text, value))
    }

    /// Whether the token file holds a refresh token that still works.
    pub(crate) fn is_refreshable(&self) -> bool {
        let Ok((_, token)) = self.token() else { return false };
        let refresh_token = token.get("refreshToken").and_then(Value::as_str);
        refresh_token.is_some_and(|token| self.emulator.is_live(token))
    }

    /// An error text without what differs from run to run.
    pub(crate) fn shown(&self, error: &str) -> String {
        let home = self.home.directory.display().to_string();
        let text =
            error.replace(&home, "~").replace(&self.emulator.portal_url(), "http://EMULATOR");
        let host = self.emulator.portal_url();
        let text = text.replace(host.trim_start_matches("http://"), "EMULATOR");
        let program = self.ssocreds.program.display().to_string();
        without_ids(&text.replace(&program, "ssocreds"))
    }
}

/// With each UUID and each point in time left out.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 36 && word.matches('-').count() == 4;
    let is_time = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        digits >= 14 && word.contains('T') && word.matches('-').count() >= 2
    };
    let mut shown = String::new();
    // Every part ends with the one character that cannot be of an id or a time.
    let parts = text.split_inclusive(|it: char| !it.is_ascii_alphanumeric() && !"-:".contains(it));
    for part in parts {
        let word = part.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
        let rest = part.strip_prefix(word).unwrap_or_default();
        shown.push_str(if is_id(word) || is_time(word) { "…" } else { word });
        shown.push_str(rest);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_left_out() {
        let text = "id 123e4567-e89b-12d3-a456-426614174000, at 2026-11-22T21:19:51Z: read-only";
        assert_eq!(without_ids(text), "id …, at …: read-only");
    }
}
