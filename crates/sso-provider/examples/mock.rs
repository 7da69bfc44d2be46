//! Tests code that uses this crate without a network. Functions take the place of the services.
//!
//! Run it with `cargo run -p sso-provider --example mock`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use sso_provider::cache::{CachedToken, TokenFile};
use sso_provider::http::{CreateToken, CreateTokenResponse, GetRoleCredentials, ServiceError};
use sso_provider::types::{
    AccessToken, ClientSecret, Credentials, ManualClock, RefreshToken, SecretAccessKey,
    SessionToken,
};
use sso_provider::{CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // An expired login that can be refreshed, and a clock that shows a fixed time.
    let directory = tempfile::tempdir()?;
    let file = TokenFile::new(directory.path().join("token.json"));
    let clock = ManualClock::at("2026-01-01T00:00:00Z".parse()?);
    let expired = CachedToken::new(AccessToken::new("old"), "2025-12-31T00:00:00Z".parse()?)
        .with_refresh_token(RefreshToken::new("refresh"))
        .with_client_registration("client", ClientSecret::new("secret"), None);
    file.store_unlocked(&expired)?;

    let oidc = tower::service_fn(|_: CreateToken| async {
        let hour = Duration::from_secs(3600);
        Ok::<_, ServiceError>(CreateTokenResponse::new(AccessToken::new("new"), hour))
    });
    // Accepts only the new access token, and denies access to one account.
    let expires_at = "2026-01-01T01:00:00Z".parse()?;
    let portal = tower::service_fn(move |request: GetRoleCredentials| async move {
        assert_eq!(request.access_token().expose_secret(), "new");
        if request.account_id().as_str() != "123456789012" {
            return Err(ServiceError::from_answer(403, "ForbiddenException", "No access"));
        }
        let (key, token) = (SecretAccessKey::new("key"), SessionToken::new("session"));
        Ok(Credentials::new("AKID", key, token, expires_at))
    });

    let token_provider = SsoTokenProvider::builder(oidc, file).clock(clock.clone()).build()?;
    for account_id in ["123456789012", "210987654321"] {
        let provider = SsoCredentialsProvider::builder(
            portal,
            account_id.parse()?,
            "SSOReadOnlyRole".parse()?,
        )
        .token_provider(token_provider.clone())
        .clock(clock.clone())
        .build()?;
        match CredentialsCache::builder(provider).clock(clock.clone()).build()?.retrieve().await {
            Ok(credentials) => println!("{credentials:?}"),
            Err(error) if error.is_access_denied() => println!("{error}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
