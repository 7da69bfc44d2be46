//! A token that the portal refuses before its time: ended by an administrator, or logged out.

use std::sync::{Arc, Mutex};

use sso_provider::http::ServiceError;
use sso_provider::{CredentialsError, LoginReason, TokenError};

use crate::scene::{Scene, credentials, unauthorized};

/// A portal that takes only this token, and tells which it was given.
fn take_only(scene: &Scene, good: &'static str) -> Arc<Mutex<Vec<String>>> {
    let (given, now) = (Arc::new(Mutex::new(Vec::new())), scene.now());
    let list = Arc::clone(&given);
    scene.portal.answer(move |call, request| {
        let token = request.access_token().expose_secret().to_owned();
        let taken = token == good;
        list.lock().unwrap().push(token);
        if taken { Ok(credentials(call, now, 3600)) } else { Err(unauthorized()) }
    });
    given
}

#[tokio::test]
async fn the_token_is_refreshed_once_and_tried_again() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    let given = take_only(&scene, "new-1");
    scene.credentials_provider().retrieve().await.unwrap();
    assert_eq!(*given.lock().unwrap(), ["revoked", "new-1"]);
    assert_eq!(scene.stored().access_token().expose_secret(), "new-1");
}

#[tokio::test]
async fn another_token_in_the_file_is_taken_instead() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    let (file, other) = (scene.file(), scene.refreshable("other", 3600));
    let now = scene.now();
    scene.portal.answer(move |call, request| {
        if request.access_token().expose_secret() == "other" {
            return Ok(credentials(call, now, 3600));
        }
        file.store_unlocked(&other).unwrap();
        Err(unauthorized())
    });
    scene.credentials_provider().retrieve().await.unwrap();
    assert_eq!(scene.oidc.calls(), 0);
}

#[tokio::test]
async fn a_session_that_is_over_means_log_in() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    let given = take_only(&scene, "none");
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    assert!(error.needs_login(), "{error:?}");
    assert_eq!(*given.lock().unwrap(), ["revoked", "new-1"], "once more, and no more");

    let scene = Scene::new();
    scene.store(&scene.plain("revoked", 3600));
    take_only(&scene, "none");
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    let CredentialsError::InvalidToken(TokenError::LoginRequired { reason, .. }) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(reason, LoginReason::SessionEnded(_)), "{reason:?}");
    assert_eq!(scene.oidc.calls(), 0);
}

#[tokio::test]
async fn a_replacement_that_is_interrupted_says_nothing_about_the_session() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    take_only(&scene, "none");
    scene.oidc.answer(|_, _| panic!("as a test wants it"));
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    assert!(
        matches!(error, CredentialsError::InvalidToken(TokenError::Interrupted { .. })),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_refresh_token_is_not_sent_for_each_retrieval() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    take_only(&scene, "none");
    scene.oidc.answer(|_, _| Err(ServiceError::service(400, "InvalidGrantException", "")));
    let provider = scene.credentials_provider();
    for _ in 0..3 {
        assert!(provider.retrieve().await.unwrap_err().needs_login());
    }
    assert_eq!(scene.oidc.calls(), 1);
}
