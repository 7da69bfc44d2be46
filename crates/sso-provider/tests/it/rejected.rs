//! A token that the portal rejects before its expiry, for example after a logout.

use std::sync::{Arc, Mutex};

use sso_provider::http::ServiceError;
use sso_provider::{CredentialsError, LoginReason, TokenError};

use crate::scene::{Scene, credentials, unauthorized, unavailable};

/// Makes the portal accept only the token `good`. Returns the tokens that it receives.
fn accept_only(scene: &Scene, good: &'static str) -> Arc<Mutex<Vec<String>>> {
    let (received, now) = (Arc::new(Mutex::new(Vec::new())), scene.now());
    let list = Arc::clone(&received);
    scene.portal.answer(move |call, request| {
        let token = request.access_token().expose_secret().to_owned();
        let accepted = token == good;
        list.lock().unwrap().push(token);
        if accepted { Ok(credentials(call, now, 3600)) } else { Err(unauthorized()) }
    });
    received
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_and_the_call_repeated_once() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    let received = accept_only(&scene, "new-1");
    scene.credentials_provider().retrieve().await.unwrap();
    assert_eq!(*received.lock().unwrap(), ["revoked", "new-1"]);
    assert_eq!(scene.stored().access_token().expose_secret(), "new-1");
}

#[tokio::test]
async fn another_token_in_the_file_replaces_a_rejected_one() {
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
async fn a_second_rejection_requires_a_login() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    let received = accept_only(&scene, "none");
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    assert!(error.needs_login(), "{error:?}");
    assert_eq!(*received.lock().unwrap(), ["revoked", "new-1"], "the call is repeated once");

    let scene = Scene::new();
    scene.store(&scene.plain("revoked", 3600));
    accept_only(&scene, "none");
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    let CredentialsError::InvalidToken(TokenError::LoginRequired { reason, .. }) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(reason, LoginReason::SessionEnded(_)), "{reason:?}");
    assert_eq!(scene.oidc.calls(), 0);
}

#[tokio::test]
async fn another_failure_with_the_second_token_requires_no_login() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    scene.portal.answer(|call, _| Err(if call == 1 { unauthorized() } else { unavailable() }));
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    assert!(matches!(error, CredentialsError::Portal { .. }) && error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn an_interrupted_refresh_of_a_rejected_token_requires_no_login() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    accept_only(&scene, "none");
    scene.oidc.answer(|_, _| panic!("on purpose"));
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    assert!(
        matches!(error, CredentialsError::InvalidToken(TokenError::Interrupted { .. })),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_token_is_not_sent_for_each_retrieval() {
    let scene = Scene::new();
    scene.token("revoked", 3600);
    accept_only(&scene, "none");
    scene.oidc.answer(|_, _| Err(ServiceError::from_answer(400, "InvalidGrantException", "")));
    let provider = scene.credentials_provider();
    for _ in 0..3 {
        assert!(provider.retrieve().await.unwrap_err().needs_login());
    }
    assert_eq!(scene.oidc.calls(), 1);
}
