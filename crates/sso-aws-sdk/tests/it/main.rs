//! Tests of the adapters through the traits of the AWS SDK.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests: a panic is how they fail, and they write files"
)]

use std::path::Path;
use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_credential_types::provider::token::ProvideToken as _;
use sso_aws_sdk::{SdkCredentialsProvider, SdkTokenProvider};
use sso_emulator::{Emulator, Home, Operation, TokenState};
use sso_provider::cache::TokenFile;
use sso_provider::http::{CreateToken, CreateTokenResponse, GetRoleCredentials, ServiceError};
use sso_provider::{
    ConfigError, CredentialsCache, CredentialsFuture, ProfileProviders, SsoCredentialsProvider,
    SsoTokenProvider,
};
use sso_types::Credentials;
use tempfile::TempDir;

async fn home(state: TokenState) -> (Emulator, TempDir, Home) {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), state).unwrap();
    (emulator, directory, home)
}

fn providers(home: &Home) -> ProfileProviders {
    let environment = home.environment.iter().cloned().collect();
    let builder = ProfileProviders::builder().environment(environment).profile(&home.profile);
    builder.build().unwrap()
}

fn credentials_provider(home: &Home) -> SdkCredentialsProvider {
    CredentialsCache::new(providers(home).credentials_provider().unwrap()).into()
}

#[tokio::test]
async fn credentials_have_the_expiry_account_and_provider_name() {
    let (emulator, _directory, home) = home(TokenState::Valid).await;
    let provider = credentials_provider(&home);
    assert!(provider.fallback_on_interrupt().is_none());
    let credentials = provider.provide_credentials().await.unwrap();
    assert!(emulator.owner_of(credentials.access_key_id()).is_some());
    assert!(credentials.session_token().is_some_and(|token| !token.is_empty()));
    assert_eq!(credentials.account_id().unwrap().as_str(), home.account_id);
    let expires_at = sso_types::system_time(emulator.now()) + Duration::from_hours(1);
    let distance = expires_at.duration_since(credentials.expiry().unwrap());
    assert!(distance.unwrap() < Duration::from_mins(1), "{credentials:?}");
    assert!(format!("{credentials:?}").contains("SSOProvider"), "{credentials:?}");
    assert_eq!(provider.fallback_on_interrupt().unwrap(), credentials);
}

#[tokio::test]
async fn a_token_has_its_expiry() {
    let (_emulator, _directory, home) = home(TokenState::Valid).await;
    let provider = SdkTokenProvider::from(providers(&home).token_provider().clone());
    let token = provider.provide_token().await.unwrap();
    assert_eq!(token.token(), home.token.as_ref().unwrap().access_token);
    assert!(token.expiration().is_some());
}

#[tokio::test]
async fn a_missing_login_is_the_kind_not_loaded() {
    let (_emulator, _directory, home) = home(TokenState::Missing).await;
    let error = credentials_provider(&home).provide_credentials().await.unwrap_err();
    assert!(matches!(error, CredentialsError::CredentialsNotLoaded(_)), "{error:?}");
    let provider = SdkTokenProvider::from(providers(&home).token_provider().clone());
    let error = provider.provide_token().await.unwrap_err();
    assert!(matches!(error, TokenError::TokenNotLoaded(_)), "{error:?}");
}

#[tokio::test]
async fn an_expired_login_and_a_denied_role_are_provider_errors_with_sources() {
    let (emulator, _directory, home) = home(TokenState::ExpiredNotRefreshable).await;
    let error = credentials_provider(&home).provide_credentials().await.unwrap_err();
    assert!(matches!(error, CredentialsError::ProviderError(_)), "{error:?}");
    assert!(messages(&error).contains("aws sso login --sso-session dev-session"), "{error:?}");

    let home = emulator.write_home(Path::new(&home.directory), TokenState::Valid).unwrap();
    emulator.fault_on(Operation::GetRoleCredentials, sso_emulator::ErrorName::Forbidden);
    let error = credentials_provider(&home).provide_credentials().await.unwrap_err();
    assert!(matches!(error, CredentialsError::ProviderError(_)), "{error:?}");
    assert!(messages(&error).contains(&home.account_id), "{error:?}");
}

#[tokio::test]
async fn configuration_errors_and_errors_of_own_providers_have_their_kinds() {
    let config = ConfigError::NoTokenSource;
    let provider = SdkCredentialsProvider::new(Failing(config.into()));
    let error = provider.provide_credentials().await.unwrap_err();
    assert!(matches!(error, CredentialsError::InvalidConfiguration(_)), "{error:?}");

    let other = sso_provider::CredentialsError::other("the vault is sealed");
    let error = SdkCredentialsProvider::new(Failing(other)).retrieve().await.unwrap_err();
    assert!(matches!(error, CredentialsError::ProviderError(_)), "{error:?}");
    assert!(messages(&error).contains("the vault is sealed"), "{error:?}");
}

#[derive(Debug)]
struct Failing(sso_provider::CredentialsError);

impl sso_provider::ProvideCredentials for Failing {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_the_kind_timed_out() {
    let (_emulator, _directory, home) = home(TokenState::Valid).await;
    let stalled = tower::service_fn(|_: GetRoleCredentials| {
        std::future::pending::<Result<Credentials, ServiceError>>()
    });
    let (account, role) = ("123456789012".parse().unwrap(), "Role".parse().unwrap());
    let provider = SsoCredentialsProvider::builder(stalled, account, role)
        .cached_token_filepath(&home.token_file)
        .timeout(Duration::from_secs(7))
        .build()
        .unwrap();
    let provider = SdkCredentialsProvider::from(CredentialsCache::new(provider));
    let error = provider.provide_credentials().await.unwrap_err();
    let CredentialsError::ProviderTimedOut(timeout) = error else { panic!("{error:?}") };
    assert_eq!(timeout.timeout_duration(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_a_refresh_is_the_kind_timed_out() {
    let (_emulator, _directory, home) = home(TokenState::Expired).await;
    let stalled = tower::service_fn(|_: CreateToken| {
        std::future::pending::<Result<CreateTokenResponse, ServiceError>>()
    });
    let provider = SsoTokenProvider::builder(stalled, TokenFile::new(&home.token_file))
        .timeout(Duration::from_secs(7))
        .build()
        .unwrap();
    let error = SdkTokenProvider::from(provider).provide_token().await.unwrap_err();
    let TokenError::ProviderTimedOut(timeout) = error else { panic!("{error:?}") };
    assert_eq!(timeout.timeout_duration(), Duration::from_secs(7));
}

/// Returns the messages of an error and its sources.
fn messages(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = text + "\n" + &error.to_string();
        source = error.source();
    }
    text
}
