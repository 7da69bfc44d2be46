//! Builds every part by hand and sets all options: the HTTPS client, endpoints, retries, time
//! limits, files, refresh windows and the clock.
//!
//! Everything runs on this machine: the services are emulated. Run it with
//! `cargo run -p sso-provider --example by_hand`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use sso_emulator::{Emulator, TokenState};
use sso_provider::cache::{
    CacheKey, RoleCredentialsFile, TokenFile, role_cache_dir, standard_cached_token_filepath_in,
};
use sso_provider::http::{Endpoint, HttpsClient, Oidc, Portal, RetryLayer};
use sso_provider::types::{AccountId, Environment, RoleName, SessionName, StartUrl, SystemClock};
use sso_provider::{CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};
use tower::ServiceBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await?;
    let directory = tempfile::tempdir()?;
    let home = emulator.write_home(directory.path(), TokenState::Expired)?;

    // The values that from_profile would read from the environment and the config files.
    let environment: Environment = home.environment.into_iter().collect();
    let session: SessionName = "dev-session".parse()?;
    let start_url: StartUrl = "https://my-sso-portal.awsapps.com/start".parse()?;
    let (account_id, role_name): (AccountId, RoleName) =
        (home.account_id.parse()?, home.role_name.parse()?);

    let https = HttpsClient::builder()
        .proxies_from(&environment)
        .certificates_from(&environment)
        .connect_timeout(Duration::from_secs(2))
        .attempt_timeout(Duration::from_secs(5))
        .user_agent_suffix("by-hand/1.0")
        .build()?;
    // `Portal::new(https, region)` for the region's own endpoint.
    let portal = emulator.portal_url().parse::<Endpoint>()?.with_origin("this example");
    let portal = ServiceBuilder::new()
        .concurrency_limit(4)
        .layer(RetryLayer::standard().max_attempts(5))
        .service(Portal::with_endpoint(https.clone(), portal));
    let oidc = emulator.oidc_url().parse::<Endpoint>()?.with_origin("this example");
    // A request that may have spent the refresh token is not retried by the layer: the provider
    // reads the token file before it sends the request again.
    let oidc = ServiceBuilder::new()
        .layer(RetryLayer::standard().retry_ambiguous(false))
        .service(Oidc::with_endpoint(https, oidc));

    let path = standard_cached_token_filepath_in(&session, &environment)?;
    let token_provider = SsoTokenProvider::builder(oidc, TokenFile::new(path))
        .sso_session(&session)
        .region("us-east-1".parse()?)
        .start_url(start_url.clone())
        .refresh_window(Duration::from_secs(10 * 60))
        .lock_timeout(Duration::from_secs(10))
        .max_attempts(2)
        .clock(SystemClock)
        .build()?;

    let file = RoleCredentialsFile::standard(
        &role_cache_dir(&environment)?,
        &account_id,
        &role_name,
        &CacheKey::for_session(&session),
    );
    let provider = SsoCredentialsProvider::builder(portal, account_id, role_name)
        .token_provider(token_provider)
        .start_url(start_url)
        .role_credentials_file(file.clone())
        .timeout(Duration::from_secs(30))
        .build()?;
    let provider = CredentialsCache::builder(provider)
        .refresh_window(Duration::from_secs(10 * 60))
        .mandatory_window(Duration::from_secs(2 * 60))
        .jitter(0.5)
        .build()?;

    let credentials = provider.retrieve().await?;
    println!("{credentials:?}");
    println!("shared with the AWS CLI: {}", file.load().is_some());
    println!("requests: {:?}", emulator.counts());
    Ok(())
}
