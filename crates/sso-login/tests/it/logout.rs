//! Logouts: the session at the service, and the files.

use std::time::Duration;

use jiff::SignedDuration;
use sso_cache::{ClientRegistrationFile, RoleCredentialsFile, TokenFile};
use sso_emulator::{Fault, Operation};
use sso_http::{Endpoint, EndpointVariant, RetryLayer};
use sso_login::Logout;
use sso_types::{Clock as _, Credentials, SecretAccessKey, SessionToken, SystemClock};

use crate::scene::{Browser, Scene, User, https};

fn logout(scene: &Scene) -> Logout {
    let portal = scene.emulator.portal_url().parse::<Endpoint>().unwrap().with_origin("a test");
    Logout::new(https(), portal, scene.token_file.clone())
        .retry_layer(RetryLayer::standard().max_attempts(1))
}

async fn logged_in() -> Scene {
    let scene = Scene::new().await;
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    scene
}

#[tokio::test]
async fn a_logout_ends_the_session_and_removes_its_files() {
    let scene = logged_in().await;
    let role = RoleCredentialsFile::new(scene.cache().join("role.json"));
    let expires_at = SystemClock.now() + SignedDuration::from_hours(1);
    let (secret, token) = (SecretAccessKey::new("s"), SessionToken::new("t"));
    role.store_unlocked(&Credentials::new("A", secret, token, expires_at)).unwrap();

    let finished = logout(&scene).role_credentials([role.clone()]).run().await.unwrap();
    assert!(finished.was_logged_in && finished.portal_error.is_none());
    assert_eq!(finished.removed_role_credentials, 1);
    assert!(scene.token_file.load().unwrap_err().is_not_found());
    assert!(scene.emulator.live_refresh_tokens().is_empty());
    let registration = "bade61804c0c1ed937532f2471948a8b0179e111.json";
    assert_eq!(scene.files(), [registration], "registrations are kept");
    assert!(ClientRegistrationFile::new(scene.cache().join(registration)).load().is_some());

    let again = logout(&scene).run().await.unwrap();
    assert!(!again.was_logged_in);
    assert_eq!(scene.emulator.counts().logout, 1);
}

#[tokio::test]
async fn an_error_of_the_portal_is_reported_and_the_files_are_removed() {
    let scene = logged_in().await;
    scene.emulator.fault_on(Operation::Logout, Fault::status(503));
    let finished = logout(&scene).run().await.unwrap();
    assert_eq!(finished.portal_error.unwrap().status(), Some(503));
    assert!(scene.token_file.load().unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_logout_without_a_cache_directory_creates_nothing() {
    let scene = Scene::new().await;
    assert!(!logout(&scene).run().await.unwrap().was_logged_in);
    assert!(!scene.cache().exists());
}

#[tokio::test(start_paused = true)]
async fn a_logout_removes_the_file_although_another_process_keeps_its_lock() {
    let directory = tempfile::tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("token.json"));
    // Without a token, no request is sent.
    std::fs::write(file.path(), "{").unwrap();
    let _lock = file.try_lock().unwrap().unwrap();
    let portal = Endpoint::portal(&"us-east-1".parse().unwrap(), EndpointVariant::default());
    let logout = Logout::new(https(), portal, file.clone()).run();
    let finished = tokio::time::timeout(Duration::from_secs(60), logout).await;
    let finished = finished.expect("the logout waits for the lock without a limit").unwrap();
    assert!(finished.was_logged_in && !file.path().exists());
}
