//! Numbered tokens, whose completeness can be checked, and directories for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sso_cache::{CachedToken, TokenFile};
use sso_types::{
    AccessToken, AccountId, ClientSecret, Credentials, RefreshToken, SecretAccessKey, SessionToken,
};
use tempfile::TempDir;

/// A token file in a directory of its own, which does not exist yet below the temporary one.
pub(crate) fn token_file(directory: &TempDir) -> TokenFile {
    TokenFile::new(directory.path().join("token.json"))
}

/// A directory on a file system in memory, if there is one. `fsync` takes no time there, which
/// changes the timing of races.
pub(crate) fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The token number `number`: some kilobytes, in which every part contains the number.
pub(crate) fn token(number: i64) -> CachedToken {
    let start = format!(
        r#"{{"note":{{"n":{number}.00}},"accessToken":"x","expiresAt":"2026-01-01T00:00:00Z","filler":"{}"}}"#,
        format!("{number},").repeat(700)
    );
    CachedToken::parse(start.as_bytes())
        .unwrap()
        .with_client_registration(format!("client-{number}"), ClientSecret::new("secret"), None)
        .refreshed(
            AccessToken::new(format!("access-{number}")),
            Timestamp::from_second(2_000_000_000 + number).unwrap(),
            Some(RefreshToken::new(format!("refresh-{number}"))),
        )
}

/// Returns the number of a token. Checks that every part contains the same number.
pub(crate) fn number(token: &CachedToken) -> i64 {
    let access_token = token.access_token().expose_secret();
    let number = access_token.strip_prefix("access-").unwrap().parse().unwrap();
    assert_eq!(token.to_json(), self::token(number).to_json(), "a mixture");
    number
}

/// Role credentials that contain their number.
pub(crate) fn credentials(number: u32) -> Credentials {
    Credentials::new(
        format!("AKID{number}"),
        SecretAccessKey::new(format!("s\"{number}")),
        SessionToken::new("t/".repeat(400)),
        at("2026-01-01T00:00:00Z"),
    )
    .with_account_id(AccountId::new("1234567890").unwrap())
}

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A whole number from the environment of the test run.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// The duration of the loops: `SSO_CACHE_LOOP_SECONDS`, or 1 second.
pub(crate) fn loop_time() -> Duration {
    Duration::from_secs(setting("SSO_CACHE_LOOP_SECONDS", 1))
}

/// Returns the path with a suffix, as the lock and the temporary file have.
pub(crate) fn beside(file: &TokenFile, suffix: &str) -> PathBuf {
    let mut name = file.path().as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
