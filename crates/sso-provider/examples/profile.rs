//! Gets the credentials of a profile that is configured for the AWS CLI.
//!
//! Everything runs on this machine: an emulated SSO portal and OIDC service, and a home directory with a
//! config file and an expired login, which is refreshed. Run it with
//! `cargo run -p sso-provider --example profile`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use sso_emulator::{Emulator, TokenState};
use sso_provider::{CredentialsCache, ProfileProviders};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // A program replaces these lines by: sso_provider::from_profile("devsso").await?
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await?;
    let directory = tempfile::tempdir()?;
    let home = emulator.write_home(directory.path(), TokenState::Expired)?;
    let providers = ProfileProviders::builder()
        .environment(home.environment.into_iter().collect())
        .profile(home.profile)
        .build()?;
    let provider = CredentialsCache::new(providers.credentials_provider()?);

    let credentials = provider.retrieve().await?;
    println!("{credentials:?}");
    // Further retrievals return the credentials in memory, and renew them near their expiry.
    let again = provider.retrieve().await?;
    assert_eq!(again, credentials);
    // A short-lived program must not exit during a refresh of the access token.
    provider.wait_for_refresh().await;
    println!("requests: {:?}", emulator.counts());
    Ok(())
}
