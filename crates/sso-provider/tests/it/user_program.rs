//! A user's program, and two ways to test it: with a mock provider, and with the emulator.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Mutex;

use sso_provider::types::{Credentials, SecretAccessKey, SessionToken};
use sso_provider::{
    CallError, ConfigError, CredentialsCache, CredentialsError, CredentialsFuture,
    MappedCredentials, ProvideCredentials, SsoCredentialsProvider, SsoTokenProvider, TokenError,
};
#[cfg(feature = "https")]
use {
    sso_emulator::{Emulator, TokenState},
    sso_provider::{ProfileProviders, types::Environment},
};

/// The program, which uploads files with the credentials of any provider.
#[derive(Debug)]
struct Uploader {
    provider: Box<dyn ProvideCredentials>,
}

impl Uploader {
    async fn upload(&self, file: &str) -> Result<String, String> {
        let credentials = self.provider.provide_credentials().await;
        // One line for the user, with the reason and the command.
        let credentials = credentials.map_err(|error| error.report())?;
        Ok(format!("{file} as {}", credentials.access_key_id()))
    }
}

/// The program's mock, which returns one given result.
#[derive(Debug)]
struct Mock(Mutex<Option<Result<Credentials, CredentialsError>>>);

impl ProvideCredentials for Mock {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        let next = self.0.lock().unwrap().take();
        Box::pin(async { next.unwrap() })
    }
}

#[tokio::test]
async fn a_program_can_be_tested_with_a_mock_provider() {
    let uploader = |result| Uploader { provider: Box::new(Mock(Mutex::new(Some(result)))) };
    let (key, token) = (SecretAccessKey::new("key"), SessionToken::new("token"));
    let credentials = Credentials::new("AKID", key, token, "2100-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(uploader(Ok(credentials)).upload("a.txt").await.unwrap(), "a.txt as AKID");
    let error = uploader(Err(CredentialsError::other("the vault is sealed"))).upload("a.txt").await;
    assert_eq!(error.unwrap_err(), "the vault is sealed");
}

#[cfg(feature = "https")]
#[tokio::test]
async fn a_program_can_be_tested_with_the_emulator() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Valid).unwrap();
    // Variables of the test's own process have no effect.
    let environment: Environment = home.environment.iter().cloned().collect();
    let environment = environment.with("AWS_PROFILE", "someone's").without("AWS_PROFILE");
    let providers = |profile: &str| {
        let builder = ProfileProviders::builder().environment(environment.clone());
        builder.profile(profile).build()
    };
    let provider = Box::new(providers(&home.profile).unwrap().credentials_cache().unwrap());
    let uploader = Uploader { provider };
    let uploaded = uploader.upload("a.txt").await.unwrap();
    assert!(emulator.owner_of(uploaded.rsplit(' ').next().unwrap()).is_some());
    assert!(providers("missing").unwrap_err().to_string().contains("\"missing\""));

    std::fs::remove_file(&home.token_file).unwrap();
    std::fs::remove_file(&home.legacy_token_file).unwrap();
    let provider = Box::new(providers(&home.profile).unwrap().credentials_cache().unwrap());
    let error = Uploader { provider }.upload("a.txt").await.unwrap_err();
    let path = home.token_file.display();
    let expected = format!(
        "a login is required; run: aws sso login --sso-session dev-session: there is no token file {path}"
    );
    assert_eq!(error, expected);
}

/// A program may keep a provider in a thread pool that catches panics.
#[test]
fn providers_and_errors_are_send_sync_and_unwind_safe() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {}
    check::<SsoTokenProvider>();
    check::<SsoCredentialsProvider>();
    check::<CredentialsCache>();
    check::<MappedCredentials<String>>();
    check::<CredentialsError>();
    check::<TokenError>();
    check::<CallError>();
    check::<ConfigError>();
    #[cfg(feature = "https")]
    check::<ProfileProviders>();
}
