//! Tests of the provider through `object_store`'s trait, with emulated services.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a panic is how they fail")]

use std::error::Error as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use jiff::SignedDuration;
use object_store::CredentialProvider as _;
use object_store::Error;
use sso_emulator::{Emulator, ErrorName, Home, Operation, TokenState};
use sso_object_store::SsoCredentialProvider;
use sso_provider::{CredentialsCache, CredentialsError, ProfileProviders};
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

#[tokio::test]
async fn the_same_arc_is_returned_until_the_credentials_are_renewed() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = scene.provider();
    let first = provider.get_credential().await.unwrap();
    assert!(scene.emulator.owner_of(&first.key_id).is_some());
    assert!(first.token.as_ref().is_some_and(|token| !token.is_empty()));
    assert!(Arc::ptr_eq(&first, &provider.clone().get_credential().await.unwrap()));

    scene.clock.advance(SignedDuration::from_mins(58));
    let renewed = provider.get_credential().await.unwrap();
    assert_ne!(first.key_id, renewed.key_id);
    assert_eq!(scene.emulator.counts().get_role_credentials, 2);
}

#[tokio::test]
async fn a_request_allocates_only_the_future_of_the_trait() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = scene.provider();
    provider.get_credential().await.unwrap();
    let allocations = allocation_counter::measure(|| {
        let mut future = pin!(provider.get_credential());
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
    });
    assert_eq!(allocations.count_total, 1);
}

#[tokio::test]
async fn a_missing_login_is_the_kind_unauthenticated_and_names_the_command() {
    let scene = Scene::new(TokenState::Missing).await;
    let error = scene.provider().get_credential().await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error:?}");
    assert!(error.to_string().contains("sso login --sso-session dev-session"), "{error}");
    let source = error.source().and_then(|it| it.downcast_ref::<CredentialsError>()).unwrap();
    assert!(source.needs_login());
}

#[tokio::test]
async fn an_unassigned_role_is_the_kind_permission_denied() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.unassign(&scene.home.account_id, &scene.home.role_name);
    let error = scene.provider().get_credential().await.unwrap_err();
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error:?}");
    assert!(error.to_string().contains(&scene.home.account_id), "{error}");
}

#[tokio::test]
async fn another_failure_is_the_kind_generic_with_its_source() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::ResourceNotFound);
    let error = scene.provider().get_credential().await.unwrap_err();
    assert!(matches!(error, Error::Generic { store: "S3", .. }), "{error:?}");
    let source = error.source().and_then(|it| it.downcast_ref::<CredentialsError>());
    assert!(source.is_some(), "{error:?}");
}

#[tokio::test]
async fn after_the_session_ends_credentials_work_until_they_expire_and_again_after_a_login() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = scene.provider();
    let first = provider.get_credential().await.unwrap();
    scene.emulator.end_session();
    assert!(Arc::ptr_eq(&first, &provider.get_credential().await.unwrap()));
    scene.clock.advance(SignedDuration::from_hours(1));
    let error = provider.get_credential().await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error:?}");

    scene.emulator.write_home(&scene.home.directory, TokenState::Valid).unwrap();
    let renewed = provider.get_credential().await.unwrap();
    assert!(scene.emulator.owner_of(&renewed.key_id).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_during_a_renewal_cause_one_request_to_the_portal() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = scene.provider();
    provider.get_credential().await.unwrap();
    scene.emulator.reset_counts();
    scene.clock.advance(SignedDuration::from_mins(58));
    let mut requests = JoinSet::new();
    for _ in 0..1000 {
        let provider = provider.clone();
        requests.spawn(async move { provider.get_credential().await.unwrap().key_id.clone() });
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
        let mut dropped = pin!(provider.get_credential());
        let mut context = Context::from_waker(Waker::noop());
        assert!(dropped.as_mut().poll(&mut context).is_pending());
    }
    let credential = provider.get_credential().await.unwrap();
    assert!(scene.emulator.owner_of(&credential.key_id).is_some());
    let counts = scene.emulator.counts();
    assert_eq!((counts.create_token, counts.get_role_credentials), (1, 1));
}
