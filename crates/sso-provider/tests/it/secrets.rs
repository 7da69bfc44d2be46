//! No text contains a secret. Each secret contains a marker, and all texts are searched for it.

use std::error::Error;

use sso_provider::cache::CachedToken;
use sso_provider::http::{CreateTokenResponse, ServiceError};
use sso_provider::{CredentialsCache, SsoCredentialsProvider};
use sso_types::{
    AccessToken, ClientSecret, Credentials, RefreshToken, SecretAccessKey, SessionToken,
};

use crate::log::Log;
use crate::scene::Scene;

const MARK: &str = "MARKER";

fn texts(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        text.extend([error.to_string(), format!("{error:?}")]);
        source = error.source();
    }
    text
}

fn marked(scene: &Scene, seconds: i64) -> CachedToken {
    scene
        .plain("MARKER access token", seconds)
        .with_refresh_token(RefreshToken::new("MARKER refresh token"))
        .with_client_registration("client", ClientSecret::new("MARKER client secret"), None)
}

fn provider(scene: &Scene) -> SsoCredentialsProvider {
    let now = scene.now();
    scene.oidc.answer(|_, _| {
        let life = std::time::Duration::from_secs(3600);
        let response = CreateTokenResponse::new(AccessToken::new("MARKER new access token"), life);
        Ok(response.with_refresh_token(RefreshToken::new("MARKER new refresh token")))
    });
    scene.portal.answer(move |_, _| {
        let secret = SecretAccessKey::new("MARKER secret access key");
        let expires_at = now + jiff::SignedDuration::from_hours(1);
        Ok(Credentials::new("AKID", secret, SessionToken::new("MARKER session token"), expires_at))
    });
    scene.credentials_provider()
}

#[tokio::test]
async fn success_shows_no_secret() {
    let (log, _guard) = Log::capture();
    let scene = Scene::new();
    scene.store(&marked(&scene, 0));
    let cache =
        CredentialsCache::builder(provider(&scene)).clock(scene.clock.clone()).build().unwrap();
    let credentials = cache.retrieve().await.unwrap();
    let cached = format!("{cache:?}");
    assert!(cached.starts_with("CredentialsCache {") && cached.contains("AKID"), "{cached}");
    let token = scene.provider().retrieve_bearer_token().await.unwrap();
    let shown =
        format!("{cache:?} {credentials:?} {credentials:#?} {token:?} {:?}", scene.stored());
    assert!(!shown.contains(MARK), "{shown}");
    let logged = log.text();
    assert!(!logged.contains(MARK) && !logged.is_empty(), "{logged}");
}

#[tokio::test(start_paused = true)]
async fn failures_show_no_secret() {
    let (log, _guard) = Log::capture();
    let mut shown = String::new();
    for (status, code) in [
        (400, "InvalidGrantException"),
        (401, "UnauthorizedException"),
        (403, "ForbiddenException"),
        (503, "ServiceUnavailable"),
    ] {
        for portal_fails in [false, true] {
            let scene = Scene::new();
            scene.store(&marked(&scene, if portal_fails { 3600 } else { 0 }));
            let provider = provider(&scene);
            let error = move || ServiceError::from_answer(status, code, "no");
            if portal_fails {
                scene.portal.answer(move |_, _| Err(error()));
            } else {
                scene.oidc.answer(move |_, _| Err(error()));
            }
            shown += &texts(&provider.retrieve().await.unwrap_err());
        }
    }
    let scene = Scene::new();
    let broken =
        r#"{"accessToken": "MARKER 1", "refreshToken": ["MARKER 2"], "expiresAt": "MARKER 3"}"#;
    for content in [broken, &broken[..40], "MARKER", "\"MARKER\""] {
        std::fs::write(scene.path(), content).unwrap();
        shown += &texts(&provider(&scene).retrieve().await.unwrap_err());
    }
    assert!(!shown.contains(MARK), "{shown}");
    let logged = log.text();
    assert!(!logged.contains(MARK), "{logged}");
}
