//! The emulator and the home directory of one row.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use sso_emulator::{Emulator, EmulatorBuilder, Home, TokenState};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::client::{Client, Kind};
use crate::process;

/// Longer than the time before the expiry at which any client refreshes.
const TOKEN_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

/// The browser of `ssocreds login`. The emulator allows a login when its page is requested.
const BROWSER: &str = "curl --silent --location --max-time 20 --output /dev/null";

/// An account ID, an account name and a role name.
pub(crate) type Account = (&'static str, &'static str, &'static str);

/// The account and role of the profiles in each home.
const ACCOUNT: Account = ("123456789012", "Development", "SSOReadOnlyRole");
pub(crate) const PLAIN: Account = ("000000000001", "Dev", "Admin");
/// Its names have characters that profile names cannot have.
pub(crate) const AWKWARD: Account =
    ("000000000002", "\"Team\" [A] = größe # 😀", "a+b=c,d.e@f-g_h");

/// Starts the stages of all rows.
pub(crate) struct TestBed {
    runtime: Runtime,
    pub(crate) ssocreds: Client,
}

impl TestBed {
    /// `program` is ssocreds.
    pub(crate) fn new(program: &Path) -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (version, program) = (String::new(), vec![program.display().to_string()]);
        let ssocreds = Client { name: "ssocreds", version, kind: Kind::Ssocreds, program };
        Ok(Self { runtime, ssocreds })
    }

    /// Starts an emulator and writes a home.
    pub(crate) fn stage(&self, token: TokenState) -> Result<Stage<'_>> {
        self.stage_with(Emulator::builder(), token)
    }

    /// Like [`stage`](Self::stage), with more settings of the emulator. Each refresh spends its refresh
    /// token.
    pub(crate) fn stage_with(
        &self,
        builder: EmulatorBuilder,
        token: TokenState,
    ) -> Result<Stage<'_>> {
        let mut builder = builder.rotate_refresh_tokens(true).token_ttl(TOKEN_LIFETIME);
        for (id, name, role) in [ACCOUNT, PLAIN, AWKWARD] {
            builder = builder.account(id, name, "a@example.com", [role]);
        }
        let emulator = self.runtime.block_on(builder.start())?;
        let directory = TempDir::new()?;
        let home = emulator.write_home(directory.path(), token)?;
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
    /// Lets a client get credentials for the profile of the home. Returns the access key ID, or the
    /// reason why there is none.
    pub(crate) fn ask(&self, client: &Client) -> Result<String, String> {
        self.ask_profile(client, &self.home.profile)
    }

    pub(crate) fn ask_profile(&self, client: &Client, profile: &str) -> Result<String, String> {
        self.access_key(process::run(client.credentials(&self.home, profile)))
    }

    /// Lets ssocreds get credentials with its cache.
    pub(crate) fn ask_with_cache(&self) -> Result<String, String> {
        let arguments = ["credential-process", "--profile", &self.home.profile];
        self.access_key(process::run(self.ssocreds.command(&self.home, &arguments)))
    }

    /// Reads the access key ID in the output of a client. The emulator must have issued it.
    pub(crate) fn access_key(&self, output: Result<String, String>) -> Result<String, String> {
        let answer = output.and_then(|text| process::answer(text.lines().last().unwrap_or("")));
        let key = answer.map_err(|error| format!("`{}`", self.shown(&error)))?;
        if self.emulator.owner_of(&key).is_none() {
            return Err(format!("it got credentials that the emulator did not issue: {key}"));
        }
        Ok(key)
    }

    /// Runs `ssocreds login`.
    pub(crate) fn log_in(&self) -> Result<(), String> {
        let arguments = ["login", "--profile", &self.home.profile];
        let mut command = self.ssocreds.command(&self.home, &arguments);
        command.env("BROWSER", BROWSER);
        let output = process::run(command);
        output.map_err(|error| format!("ssocreds login failed (it needs curl): {error}"))?;
        Ok(())
    }

    pub(crate) fn append_to_config(&self, text: &str) -> Result<()> {
        let config = fs::read_to_string(&self.home.config_file)?;
        Ok(fs::write(&self.home.config_file, config + text)?)
    }

    /// The directory of the role-credential cache. It may not exist.
    pub(crate) fn role_cache(&self) -> PathBuf {
        self.home.directory.join(".aws/cli/cache")
    }

    /// The content of the token file.
    pub(crate) fn token(&self) -> Result<Value> {
        let text = fs::read(&self.home.token_file)?;
        serde_json::from_slice(&text).context("the token file is not JSON any more")
    }

    /// Sets the expiry of the access token in the file to a time in 2020.
    pub(crate) fn expire_token(&self) -> Result<()> {
        let mut token = self.token()?;
        *token.get_mut("expiresAt").context("the token has no expiresAt")? =
            "2020-01-01T00:00:00Z".into();
        Ok(fs::write(&self.home.token_file, token.to_string())?)
    }

    /// Whether the token file has a refresh token that still works.
    pub(crate) fn is_refreshable(&self) -> bool {
        let token = self.token().unwrap_or_default();
        let refresh_token = token.get("refreshToken").and_then(Value::as_str);
        refresh_token.is_some_and(|token| self.emulator.is_live(token))
    }

    /// An error text without the parts that differ from run to run.
    pub(crate) fn shown(&self, error: &str) -> String {
        let text = error
            .replace(&self.home.directory.display().to_string(), "~")
            .replace(self.emulator.portal_url().trim_start_matches("http://"), "EMULATOR")
            .replace(&self.ssocreds.program.join(" "), "ssocreds");
        without_ids(&text)
    }
}

/// Replaces each UUID and each point in time by an ellipsis: words with two hyphens and eight digits.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| {
        word.matches('-').count() >= 2 && word.chars().filter(char::is_ascii_digit).count() >= 8
    };
    let ends_word = |it: char| !it.is_ascii_alphanumeric() && it != '-' && it != ':';
    let mut shown = String::new();
    for part in text.split_inclusive(ends_word) {
        let word = part.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
        shown += &if is_id(word) { part.replace(word, "…") } else { part.to_owned() };
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
