//! A tool for token files: lists the logins of a cache directory, and says of each whether it is
//! valid, can be refreshed, or needs a new login.
//!
//! Lists a directory of samples, or the one named on the command line:
//! `cargo run -p sso-cache --example tokens -- ~/.aws/sso/cache`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use sso_cache::{CacheKey, CachedToken, TokenFile, token_files};
use sso_types::jiff::{SignedDuration, Timestamp};
use sso_types::{AccessToken, ClientSecret, Clock as _, RefreshToken, SystemClock};

fn main() -> Result<(), Box<dyn Error>> {
    let now = SystemClock.now();
    if let Some(directory) = std::env::args_os().nth(1) {
        return list(Path::new(&directory), now);
    }
    let directory = tempfile::tempdir()?;
    write_samples(directory.path(), now)?;
    list(directory.path(), now)
}

fn list(directory: &Path, now: Timestamp) -> Result<(), Box<dyn Error>> {
    for file in token_files(directory)? {
        let name = file.path().file_name().unwrap_or_default().display();
        match file.load() {
            Ok(token) => println!("{name}: {}", describe(&token, now)),
            // Client registrations are in the same directory.
            Err(error) if error.is_invalid() => println!("{name}: no token: {error}"),
            Err(error) => println!("{name}: {error}"),
        }
        for warning in file.access_warnings() {
            println!("{warning}");
        }
    }
    Ok(())
}

fn describe(token: &CachedToken, now: Timestamp) -> String {
    let start_url = token.start_url().unwrap_or("an unknown start URL");
    let expires_at = token.expires_at();
    match (token.is_expired(now), token.refreshability(now)) {
        (false, _) => format!("{start_url}, valid until {expires_at:.0}"),
        (true, Ok(_)) => format!("{start_url}, expired at {expires_at:.0}, can be refreshed"),
        (true, Err(why)) => format!("{start_url}, expired at {expires_at:.0}: {why}"),
    }
}

fn write_samples(directory: &Path, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let hour = SignedDuration::from_hours(1);
    let token = |expires_at| {
        CachedToken::new(AccessToken::new("token"), expires_at)
            .with_start_url("https://corp.awsapps.com/start")
    };
    let refreshable = token(now - hour)
        .with_refresh_token(RefreshToken::new("refresh"))
        .with_client_registration("client", ClientSecret::new("secret"), None);
    for (session, token) in
        [("valid", token(now + hour)), ("expired", token(now - hour)), ("refreshable", refreshable)]
    {
        let key = CacheKey::for_session(&session.parse()?);
        let file = TokenFile::new(directory.join(key.file_name()));
        // As a login does: under the lock, so that no other process writes at the same moment.
        file.lock(std::time::Duration::from_secs(5))?.store(&token)?;
    }
    Ok(())
}
