//! The emulator and the home directory of one row.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use sso_emulator::{Emulator, EmulatorBuilder, Home, TokenState};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::client::{Answer, Client, Kind};
use crate::process;

/// Tokens live longer than the refresh window of any client.
const TOKEN_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

/// The browser of `ssocreds login`. The emulator allows a login when its page is requested.
const BROWSER: &str = "curl --silent --location --max-time 20 --output /dev/null";

/// What all rows share.
pub(crate) struct TestBed {
    runtime: Runtime,
    pub(crate) ssocreds: Client,
}

impl TestBed {
    /// `program` is ssocreds.
    pub(crate) fn new(program: PathBuf) -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let ssocreds = Client {
            name: "ssocreds",
            version: String::new(),
            kind: Kind::Ssocreds,
            program: vec![program.into()],
        };
        Ok(Self { runtime, ssocreds })
    }

    /// Starts an emulator and writes a home.
    pub(crate) fn stage(&self, state: TokenState) -> Result<Stage<'_>> {
        self.stage_with(Emulator::builder(), state)
    }

    /// The same with an emulator with settings of its own. Each refresh spends its refresh token.
    pub(crate) fn stage_with(
        &self,
        builder: EmulatorBuilder,
        state: TokenState,
    ) -> Result<Stage<'_>> {
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
    pub(crate) ssocreds: &'a Client,
    _directory: TempDir,
}

impl Stage<'_> {
    /// Runs a client for the credentials of the profile.
    pub(crate) fn ask(&self, client: &Client) -> Result<Answer> {
        self.ask_for(client, &self.home.profile)
    }

    pub(crate) fn ask_for(&self, client: &Client, profile: &str) -> Result<Answer> {
        Ok(Client::answer(&process::run(client.credentials(&self.home, profile))?))
    }

    /// Runs ssocreds with its cache.
    pub(crate) fn ask_with_cache(&self) -> Result<Answer> {
        let mut command = self.ssocreds.command(&self.home);
        command.args(["credential-process", "--profile", &self.home.profile]);
        Ok(Client::answer(&process::run(command)?))
    }

    /// Whether the emulator issued these credentials for the role of the profile.
    pub(crate) fn issued(&self, answer: &Answer) -> bool {
        let Answer::AccessKeyId(key) = answer else { return false };
        self.emulator.owner_of(key).is_some_and(|owner| owner.role_name == self.home.role_name)
    }

    /// Describes an answer that is not as expected.
    pub(crate) fn describe(&self, answer: &Answer) -> String {
        match answer {
            Answer::Error(text) => format!("`{}`", self.shown(text)),
            Answer::AccessToken(_) => "it printed an access token".to_owned(),
            Answer::AccessKeyId(_) if self.issued(answer) => "it got credentials".to_owned(),
            Answer::AccessKeyId(key) => {
                format!("it got credentials that the emulator did not issue: {key}")
            }
        }
    }

    pub(crate) fn append_to_config(&self, text: &str) -> Result<()> {
        let mut config = std::fs::OpenOptions::new().append(true).open(&self.home.config_file)?;
        Ok(config.write_all(text.as_bytes())?)
    }

    /// Runs `ssocreds login`.
    pub(crate) fn log_in(&self) -> Result<()> {
        let mut command = self.ssocreds.command(&self.home);
        command.args(["login", "--profile", &self.home.profile]).env("BROWSER", BROWSER);
        let finished = process::run(command)?;
        ensure!(finished.succeeded(), "ssocreds login failed (it needs curl): {}", finished.stderr);
        Ok(())
    }

    /// The directory of the role-credential cache. It may not exist.
    pub(crate) fn role_cache(&self) -> PathBuf {
        self.home.directory.join(".aws/cli/cache")
    }

    /// Makes the access token in the file one that expired in 2020.
    pub(crate) fn expire_token(&self) -> Result<()> {
        let mut token = self.token()?;
        *token.get_mut("expiresAt").context("the token has no expiresAt")? =
            "2020-01-01T00:00:00Z".into();
        Ok(std::fs::write(&self.home.token_file, token.to_string())?)
    }

    /// The content of the token file.
    pub(crate) fn token(&self) -> Result<Value> {
        let text = std::fs::read(&self.home.token_file)?;
        serde_json::from_slice(&text).context("the token file is not JSON any more")
    }

    /// Whether the token file holds a refresh token that still works.
    pub(crate) fn is_refreshable(&self) -> bool {
        let token = self.token().unwrap_or_default();
        let refresh_token = token.get("refreshToken").and_then(Value::as_str);
        refresh_token.is_some_and(|token| self.emulator.is_live(token))
    }

    /// An error text without what differs from run to run.
    pub(crate) fn shown(&self, error: &str) -> String {
        let url = self.emulator.portal_url();
        let program = self.ssocreds.program.first().map(|it| it.to_string_lossy().into_owned());
        let text = error
            .replace(&self.home.directory.display().to_string(), "~")
            .replace(url.trim_start_matches("http://"), "EMULATOR")
            .replace(&program.unwrap_or_default(), "ssocreds");
        without_ids(&text)
    }
}

/// Replaces each UUID and each point in time by an ellipsis.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 36 && word.matches('-').count() == 4;
    let is_time = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        digits >= 14 && word.contains('T') && word.matches('-').count() >= 2
    };
    let mut shown = String::new();
    // Each part ends with a character that is not in an ID or a time.
    let parts = text.split_inclusive(|it: char| !it.is_ascii_alphanumeric() && !"-:".contains(it));
    for part in parts {
        let word = part.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
        shown.push_str(if is_id(word) || is_time(word) { "…" } else { word });
        shown.push_str(part.strip_prefix(word).unwrap_or_default());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_are_left_out() {
        let text = "id 123e4567-e89b-12d3-a456-426614174000, at 2026-11-22T21:19:51Z: read-only";
        assert_eq!(without_ids(text), "id …, at …: read-only");
    }
}
