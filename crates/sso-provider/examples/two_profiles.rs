//! A service that keeps two profiles fresh for hours: one HTTPS client, one cache for each profile.
//!
//! Everything runs on this machine, and ends at once: the emulated services and the
//! providers share a clock that this program advances. Run it with
//! `cargo run -p sso-provider --example two_profiles`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use sso_emulator::{Emulator, TokenState};
use sso_provider::http::HttpsClient;
use sso_provider::types::jiff::SignedDuration;
use sso_provider::types::{Clock as _, Environment, ManualClock};
use sso_provider::{CredentialsCache, ProfileProviders};

const HOURS: i64 = 7;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::at("2026-01-01T08:00:00Z".parse()?);
    let emulator = Emulator::builder()
        .clock(clock.clone())
        .rotate_refresh_tokens(true)
        .token_ttl(Duration::from_secs(3600))
        .credentials_ttl(Duration::from_secs(3600))
        .session_ttl(Duration::from_secs(8 * 3600))
        .account("123456789012", "Development", "dev@example.com", ["Developer"])
        .account("210987654321", "Production", "prod@example.com", ["Auditor"])
        .extra_profile("prod", "210987654321", "Auditor")
        .start()
        .await?;
    let directory = tempfile::tempdir()?;
    let home = emulator.write_home(directory.path(), TokenState::Valid)?;
    let environment: Environment = home.environment.into_iter().collect();

    let https = HttpsClient::from_environment(&environment)?;
    let cache = |profile: &str| -> Result<CredentialsCache, Box<dyn Error>> {
        let providers = ProfileProviders::builder()
            .environment(environment.clone())
            .profile(profile)
            .https_client(https.clone())
            .clock(clock.clone())
            .build()?;
        Ok(providers.credentials_cache()?)
    };
    let caches = [(home.profile.as_str(), cache(&home.profile)?), ("prod", cache("prod")?)];

    // A request every minute.
    for minute in 0..HOURS * 60 {
        for (profile, cache) in &caches {
            let credentials = cache.retrieve().await.map_err(|error| error.report())?;
            assert!(!credentials.is_expired(clock.now()));
            if minute % 60 == 0 {
                println!("{} {profile}: until {}", clock.now(), credentials.expires_at());
            }
        }
        clock.advance(SignedDuration::from_mins(1));
    }
    println!("requests: {:?}", emulator.counts());
    Ok(())
}
