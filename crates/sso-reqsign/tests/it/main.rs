//! Tests of the provider through reqsign's trait, with emulated services.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests: a panic is how they fail, and a child process reads its environment"
)]

use std::error::Error as _;
use std::pin::pin;
use std::process::Command;
use std::task::{Context as TaskContext, Waker};

use jiff::SignedDuration;
use reqsign_aws_core::Credential;
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, Error, ErrorKind, ProvideCredential as _, ProvideCredentialChain};
use sso_emulator::{Emulator, ErrorName, Home, Operation, TokenState};
use sso_provider::{CredentialsCache, CredentialsError, ProfileProviders};
use sso_reqsign::SsoCredentialProvider;
use sso_types::ManualClock;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// An emulator, a home directory with its login, and the clock of the emulator and the provider.
struct Scene {
    clock: ManualClock,
    emulator: Emulator,
    home: Home,
    _directory: TempDir,
}

impl Scene {
    async fn new(state: TokenState) -> Self {
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let emulator = Emulator::builder().clock(clock.clone()).start().await.unwrap();
        let directory = TempDir::new().unwrap();
        let home = emulator.write_home(directory.path(), state).unwrap();
        Self { clock, emulator, home, _directory: directory }
    }

    fn provider(&self) -> SsoCredentialProvider {
        let providers = ProfileProviders::builder()
            .environment(self.home.environment.iter().cloned().collect())
            .profile(&self.home.profile)
            .clock(self.clock.clone())
            .build()
            .unwrap();
        let provider = providers.credentials_provider().unwrap();
        CredentialsCache::builder(provider).clock(self.clock.clone()).build().unwrap().into()
    }
}

async fn load(provider: &SsoCredentialProvider) -> Result<Credential, Error> {
    Ok(provider.provide_credential(&Context::new()).await?.unwrap())
}

#[tokio::test]
async fn a_credential_has_its_expiry_and_is_renewed_before_it() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = scene.provider();
    let first = load(&provider).await.unwrap();
    assert!(scene.emulator.owner_of(&first.access_key_id).is_some());
    assert!(first.session_token.as_ref().is_some_and(|token| !token.is_empty()));
    assert_eq!(first.expires_in, Some("2026-01-01T01:00:00Z".parse::<Timestamp>().unwrap()));

    scene.clock.advance(SignedDuration::from_mins(58));
    let renewed = load(&provider).await.unwrap();
    assert_ne!(first.access_key_id, renewed.access_key_id);
    assert_eq!(scene.emulator.counts().get_role_credentials, 2);
}

#[tokio::test]
async fn a_missing_login_is_the_kind_credential_invalid_and_names_the_command() {
    let scene = Scene::new(TokenState::Missing).await;
    let error = load(&scene.provider()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialInvalid);
    assert!(!error.is_retryable());
    assert!(error.to_string().contains("sso login --sso-session dev-session"), "{error}");
    let source = error.source().and_then(|it| it.downcast_ref::<CredentialsError>()).unwrap();
    assert!(source.needs_login());
}

#[tokio::test]
async fn an_unassigned_role_is_the_kind_permission_denied() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.unassign(&scene.home.account_id, &scene.home.role_name);
    let error = load(&scene.provider()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains(&scene.home.account_id), "{error}");
}

#[tokio::test]
async fn another_failure_is_the_kind_unexpected_with_its_source() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::ResourceNotFound);
    let error = load(&scene.provider()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    let source = error.source().and_then(|it| it.downcast_ref::<CredentialsError>());
    assert!(source.is_some(), "{error:?}");
}

const CHILD: &str = "SSO_REQSIGN_TEST_CHILD";

/// In a child process, prints what `from_env` returns. Otherwise does nothing.
#[tokio::test]
async fn child_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    println!(
        "from_env returned {}",
        match SsoCredentialProvider::from_env().await {
            Ok(provider) if provider.cache().is_some() => "a provider",
            Ok(_) => "no provider",
            Err(_) => "an error",
        }
    );
}

#[tokio::test]
async fn from_env_returns_no_provider_only_without_an_sso_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    for (profile, expected) in [
        (Some(scene.home.profile.as_str()), "a provider"),
        (None, "no provider"),
        (Some("missing"), "an error"),
    ] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child_process", "--nocapture"]).env_clear();
        command.envs(scene.home.environment.iter().cloned()).env(CHILD, "1");
        command.envs(profile.map(|profile| ("AWS_PROFILE", profile)));
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(output.contains(&format!("from_env returned {expected}\n")), "{output}");
    }
}

/// A behaviour of reqsign. The README shows how to get the error.
#[tokio::test]
async fn a_chain_of_reqsign_drops_the_error_of_its_only_provider() {
    let scene = Scene::new(TokenState::Missing).await;
    let chain = ProvideCredentialChain::new().push(scene.provider());
    assert!(chain.provide_credential(&Context::new()).await.unwrap().is_none());
}

#[tokio::test]
async fn after_the_session_ends_credentials_work_until_they_expire_and_again_after_a_login() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = scene.provider();
    let first = load(&provider).await.unwrap();
    scene.emulator.end_session();
    assert_eq!(load(&provider).await.unwrap().access_key_id, first.access_key_id);
    scene.clock.advance(SignedDuration::from_hours(1));
    let error = load(&provider).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialInvalid);

    scene.emulator.write_home(&scene.home.directory, TokenState::Valid).unwrap();
    let renewed = load(&provider).await.unwrap();
    assert!(scene.emulator.owner_of(&renewed.access_key_id).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_during_a_renewal_cause_one_request_to_the_portal() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = scene.provider();
    load(&provider).await.unwrap();
    scene.emulator.reset_counts();
    scene.clock.advance(SignedDuration::from_mins(58));
    let mut requests = JoinSet::new();
    for _ in 0..1000 {
        let provider = provider.clone();
        requests.spawn(async move { load(&provider).await.unwrap().access_key_id });
    }
    let keys = requests.join_all().await;
    assert!(keys.iter().all(|key| scene.emulator.owner_of(key).is_some()));
    assert_eq!(scene.emulator.counts().get_role_credentials, 1);
}

#[tokio::test]
async fn dropping_a_request_does_not_cancel_or_repeat_the_renewal() {
    let scene = Scene::new(TokenState::Expired).await;
    let provider = scene.provider();
    {
        let context = Context::new();
        let mut dropped = pin!(provider.provide_credential(&context));
        assert!(dropped.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    }
    let credential = load(&provider).await.unwrap();
    assert!(scene.emulator.owner_of(&credential.access_key_id).is_some());
    let counts = scene.emulator.counts();
    assert_eq!((counts.create_token, counts.get_role_credentials), (1, 1));
}
