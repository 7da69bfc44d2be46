//! The emulator, the home directory and the ssocreds of one row.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::client::{Answer, Ssocreds};
use crate::demo::binary;

/// What is put into a token file that no client knows: an object with white space in a string,
/// and a number of more digits than a double keeps.
pub(crate) const UNKNOWN: [(&str, &str); 2] = [
    ("xObject", r#"{"list":[1,{"none":null}],"text":"a  b"}"#),
    ("xDigits", "123456789012345678901234567890"),
];

/// Tokens live longer than any client's refresh window.
const TOKEN_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

/// What all rows share.
pub(crate) struct Theatre {
    runtime: Runtime,
    pub(crate) ssocreds: Ssocreds,
}

impl Theatre {
    /// With the program of this workspace.
    pub(crate) fn new() -> Result<Self> {
        Self::with(binary("ssocreds")?)
    }

    pub(crate) fn with(program: PathBuf) -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { runtime, ssocreds: Ssocreds { program } })
    }

    /// A new stage; each answer of its services comes this much later.
    pub(crate) fn stage(&self, state: TokenState, latency: Duration) -> Result<Stage<'_>> {
        let builder = Emulator::builder().rotate_refresh_tokens(true).token_ttl(TOKEN_LIFETIME);
        let emulator = self.runtime.block_on(builder.latency(latency).start())?;
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
        let mut config = std::fs::OpenOptions::new().append(true).open(&self.home.config_file)?;
        let program = self.ssocreds.program.display();
        let profile = &self.home.profile;
        writeln!(
            config,
            "\n[profile {name}]\nregion = us-east-1\n\
             credential_process = {program} credential-process --no-cache --profile {profile}"
        )?;
        Ok(())
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
