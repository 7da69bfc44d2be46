//! The equivalents of the names in `credentials/ssocreds` of the AWS SDK for Go v2.

use std::path::Path;
use std::time::Duration;

use sso_provider::cache::{standard_cached_token_filepath, standard_cached_token_filepath_in};
use sso_provider::{CredentialsError, PROVIDER_NAME, SsoCredentialsProvider, SsoTokenProvider};
use sso_types::{Environment, StartUrl};
use tower::ServiceBuilder;

use crate::scene::{Scene, credentials};

/// The SHA-1 of `dev-session`: `printf dev-session | sha1sum`.
const DEV_SESSION: &str = "6a8732fe3624aef043e5f7811b597bd5e2a56b39.json";

/// The variable for the home directory.
const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

#[tokio::test]
async fn provider_name_is_that_of_go() {
    let scene = Scene::new();
    scene.token("good", 3600);
    assert_eq!(PROVIDER_NAME, "SSOProvider");
    let credentials = scene.credentials_provider().retrieve().await.unwrap();
    assert_eq!(credentials.provider_name(), "SSOProvider");
}

#[test]
fn standard_cached_token_filepath_is_that_of_go() {
    let environment = Environment::from_iter([(HOME, "/home/ana")]);
    let path = standard_cached_token_filepath_in("dev-session", &environment).unwrap();
    assert_eq!(path, Path::new("/home/ana/.aws/sso/cache").join(DEV_SESSION));
    // The function that reads the environment of the process.
    let own = standard_cached_token_filepath("dev-session").unwrap();
    assert!(own.ends_with(Path::new(".aws/sso/cache").join(DEV_SESSION)));
}

#[tokio::test]
async fn api_clients_are_tower_services_and_client_options_are_layers() {
    let scene = Scene::new();
    scene.token("old", 0);
    let layered = ServiceBuilder::new()
        .concurrency_limit(1)
        .timeout(Duration::from_secs(5))
        .service(scene.oidc.clone());
    let token = SsoTokenProvider::builder(layered, scene.file()).clock(scene.clock.clone());
    let portal =
        ServiceBuilder::new().timeout(Duration::from_secs(5)).service(scene.portal.clone());
    let (account, role) = ("123456789012".parse().unwrap(), "SSOReadOnlyRole".parse().unwrap());
    let provider = SsoCredentialsProvider::builder(portal, account, role)
        .token_provider(token.build().unwrap())
        .clock(scene.clock.clone())
        .build()
        .unwrap();
    assert_eq!(provider.retrieve().await.unwrap().access_key_id(), "AKID-1");
}

#[tokio::test]
async fn a_provider_with_only_a_start_url_never_refreshes() {
    let scene = Scene::new();
    let start_url = StartUrl::new("https://example.awsapps.com/start").unwrap();
    let home = scene.directory.path();
    let environment = Environment::from_iter([(HOME, home)]);
    let path = standard_cached_token_filepath_in(&start_url, &environment).unwrap();
    sso_provider::cache::TokenFile::new(path).store_unlocked(&scene.plain("legacy", 60)).unwrap();
    let provider = builder(&scene).start_url(start_url).environment(environment).build().unwrap();
    provider.retrieve().await.unwrap();

    scene.advance(60);
    let error = provider.retrieve().await.unwrap_err();
    assert!(error.needs_login(), "a legacy token is not refreshed: {error:?}");
}

#[tokio::test]
async fn a_provider_can_use_a_token_file_by_its_path() {
    let scene = Scene::new();
    scene.token("good", 60);
    let provider = builder(&scene).cached_token_filepath(scene.path()).build().unwrap();
    provider.retrieve().await.unwrap();
}

#[test]
fn a_provider_without_a_token_source_is_refused() {
    let error = builder(&Scene::new()).build().unwrap_err();
    assert!(error.to_string().contains("token_provider"), "{error}");
}

#[tokio::test]
async fn retrieve_bearer_token_returns_the_token_and_its_expiry() {
    let scene = Scene::new();
    scene.token("good", 3600);
    let token = scene.provider().retrieve_bearer_token().await.unwrap();
    assert_eq!(token.access_token().expose_secret(), "good");
    assert_eq!(token.expires_at().to_string(), "2026-01-01T01:00:00Z");
}

#[tokio::test]
async fn invalid_token_is_the_error_for_a_missing_login_and_has_a_source() {
    let error = Scene::new().credentials_provider().retrieve().await.unwrap_err();
    assert!(matches!(error, CredentialsError::InvalidToken(_)));
    assert!(error.needs_login());
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn credentials_cache_has_the_options_of_go() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let cache =
        scene.cache_builder().refresh_window(Duration::from_secs(600)).jitter(0.0).build().unwrap();
    cache.retrieve().await.unwrap();
    scene.advance(3600 - 600);
    cache.retrieve().await.unwrap();
    cache.invalidate();
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-3");
}

fn builder(scene: &Scene) -> sso_provider::SsoCredentialsProviderBuilder {
    let now = scene.now();
    let portal = tower::service_fn(move |_: sso_provider::http::GetRoleCredentials| async move {
        Ok::<_, sso_provider::http::ServiceError>(credentials(1, now, 3600))
    });
    let (account, role) = ("123456789012".parse().unwrap(), "SSOReadOnlyRole".parse().unwrap());
    SsoCredentialsProvider::builder(portal, account, role).clock(scene.clock.clone())
}
