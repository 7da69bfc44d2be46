//! The error texts that users read.

use std::error::Error;

use expect_test::{Expect, expect};
use sso_provider::http::ServiceError;
use sso_provider::{CredentialsError, SsoCredentialsProvider};
use sso_types::StartUrl;

use crate::scene::{Scene, credentials, unavailable};

/// The error and its causes, one per line. The test's directory is replaced by `DIR`.
fn chain(scene: &Scene, error: &dyn Error) -> String {
    let mut text = format!("{error}\n");
    let mut source = error.source();
    while let Some(error) = source {
        text = text + &error.to_string() + "\n";
        source = error.source();
    }
    let directory = scene.directory.path().display();
    text.replace(&format!("{directory}{}", std::path::MAIN_SEPARATOR), "DIR/")
}

async fn check(scene: &Scene, expected: Expect) -> CredentialsError {
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    expected.assert_eq(&chain(scene, &error));
    error
}

#[tokio::test]
async fn a_missing_token_file_requires_a_login() {
    let scene = Scene::new();
    let error = check(
        &scene,
        expect![[r#"
            a login is required; run: aws sso login --sso-session dev-session
            there is no token file DIR/token.json
        "#]],
    )
    .await;
    assert_eq!(error.login_command(), Some("aws sso login --sso-session dev-session"));
}

#[tokio::test]
async fn an_expired_token_without_refresh_token_requires_a_login() {
    let scene = Scene::new();
    scene.store(&scene.plain("old", 0));
    check(&scene, expect![[r#"
        a login is required; run: aws sso login --sso-session dev-session
        the access token expired at 2026-01-01T00:00:00Z and cannot be refreshed: the token file has no refreshToken; log in again to renew the token
    "#]]).await;
}

#[tokio::test]
async fn an_expired_token_error_says_why_it_cannot_be_refreshed() {
    let scene = Scene::new();
    scene.token("old", 0);
    let unrefreshed = || {
        sso_provider::SsoTokenProvider::builder_without_refresh(scene.file())
            .clock(scene.clock.clone())
    };
    for (builder, expected) in [
        (unrefreshed(), "this program only reads the token file"),
        (unrefreshed().legacy_profile("old"), "legacy profiles, which name no sso-session"),
    ] {
        let provider = builder.build().unwrap();
        let report = provider.retrieve_bearer_token().await.unwrap_err().report();
        assert!(report.contains(expected), "{report}");
        assert!(report.contains("run: aws sso login"), "{report}");
    }
    // The token file of an sso-session, given by its path.
    let provider = SsoCredentialsProvider::builder(
        scene.portal.clone(),
        "123456789012".parse().unwrap(),
        "Role".parse().unwrap(),
    );
    let provider = provider.cached_token_filepath(scene.path()).clock(scene.clock.clone());
    let report = provider.build().unwrap().retrieve().await.unwrap_err().report();
    assert!(report.contains("this program only reads the token file"), "{report}");
}

#[tokio::test]
async fn a_broken_token_file_requires_a_login() {
    let scene = Scene::new();
    std::fs::write(scene.path(), r#"{"accessToken": "MARK", "expiresAt": 7}"#).unwrap();
    check(
        &scene,
        expect![[r#"
            a login is required; run: aws sso login --sso-session dev-session
            the cache file DIR/token.json cannot be used; log in again, or remove it
            the field expiresAt is a number, not a string
        "#]],
    )
    .await;
}

#[tokio::test]
async fn the_error_names_a_token_of_another_session() {
    let scene = Scene::new();
    let start_url = StartUrl::new("https://example.awsapps.com/start").unwrap();
    let other = scene.plain("other", 3600).with_start_url(start_url.as_str());
    let path = scene.directory.path().join("other.json");
    sso_provider::cache::TokenFile::new(path).store_unlocked(&other).unwrap();
    let builder = || scene.builder().start_url(start_url.clone());
    let error = builder().build().unwrap().retrieve_bearer_token().await.unwrap_err();
    expect![[r#"
        a login is required; run: aws sso login --sso-session dev-session
        there is no token file DIR/token.json; DIR/other.json holds a valid token for the same portal, but it belongs to an sso-session of another name
    "#]].assert_eq(&chain(&scene, &error));

    let accepting = builder().accept_other_session(true).build().unwrap();
    assert_eq!(crate::scene::value(&accepting).await, "other");

    // A provider that is built with a file and a start URL reports it too.
    let provider = SsoCredentialsProvider::builder(
        scene.portal.clone(),
        "123456789012".parse().unwrap(),
        "Role".parse().unwrap(),
    );
    let provider = provider.cached_token_filepath(scene.path()).start_url(start_url.clone());
    let error = provider.clock(scene.clock.clone()).build().unwrap().retrieve().await.unwrap_err();
    assert!(chain(&scene, &error).contains("DIR/other.json holds a valid token"), "{error:?}");
}

/// The token is sent to the endpoint that the config file names. Root's token must not be sent to an
/// endpoint that another user chose.
#[cfg(unix)]
#[tokio::test]
#[ignore = "needs root, to have files of several users"]
async fn another_session_s_token_is_not_used_with_a_config_file_of_another_user() {
    let scene = Scene::new();
    let start_url = StartUrl::new("https://example.awsapps.com/start").unwrap();
    let other = scene.plain("other", 3600).with_start_url(start_url.as_str());
    let other_file = scene.file().with_path(scene.directory.path().join("other.json"));
    other_file.store_unlocked(&other).unwrap();
    let config = scene.directory.path().join("config");
    std::fs::write(&config, "").unwrap();
    let accepting = || {
        let file = scene.file().with_config_file(&config);
        let builder = sso_provider::SsoTokenProvider::builder(scene.oidc.clone(), file);
        let builder = builder.clock(scene.clock.clone()).start_url(start_url.clone());
        builder.accept_other_session(true).build().unwrap()
    };
    assert_eq!(crate::scene::value(&accepting()).await, "other");
    std::os::unix::fs::chown(&config, Some(12345), Some(12345)).unwrap();
    assert!(accepting().retrieve_bearer_token().await.unwrap_err().needs_login());
}

/// A search is expensive: it reads every file of the directory.
#[cfg(unix)]
#[tokio::test]
async fn the_directory_is_searched_again_after_a_change_or_some_seconds() {
    let scene = Scene::new();
    let start_url = StartUrl::new("https://example.awsapps.com/start").unwrap();
    let other = scene.plain("other", 3600).with_start_url(start_url.as_str());
    let path = scene.directory.path().join("other.json");
    sso_provider::cache::TokenFile::new(&path).store_unlocked(&other).unwrap();
    let provider = scene.builder().start_url(start_url).build().unwrap();
    let is_found = async || {
        let error = provider.retrieve_bearer_token().await.unwrap_err();
        error.report().contains("other.json holds a valid token")
    };
    assert!(is_found().await);
    // Writing in place does not change the directory.
    let token = std::fs::read(&path).unwrap();
    std::fs::write(&path, "{}").unwrap();
    assert!(is_found().await, "the directory was searched again");
    scene.advance(5);
    assert!(!is_found().await, "the directory was not searched again after 5 seconds");
    std::fs::write(&path, token).unwrap();
    scene.advance(5);
    assert!(is_found().await, "a login that is written in place is not found");
    std::fs::write(&path, "{}").unwrap();
    std::fs::write(scene.directory.path().join("new.json"), "{}").unwrap();
    let directory = std::fs::File::open(scene.directory.path()).unwrap();
    // The file system may round times, so that the new file does not change the directory's time.
    directory.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(!is_found().await, "the directory was not searched again");
}

/// The text does not say whether the token has expired or was rejected.
#[tokio::test]
async fn a_failed_refresh_has_the_same_error_for_expired_and_rejected_tokens() {
    let scene = Scene::new();
    scene.oidc.answer(|_, _| Err(unavailable()));
    scene.portal.answer(|_, _| Err(crate::scene::unauthorized()));
    for good_for in [0, 3600] {
        scene.token("old", good_for);
        check(
            &scene,
            expect![[r#"
                failed to refresh the access token; try again later, or run: aws sso login --sso-session dev-session
                the call failed with ServiceUnavailable (HTTP 503): try later; try again later
            "#]],
        )
        .await;
    }
}

#[tokio::test]
async fn a_role_that_is_not_assigned_is_access_denied() {
    let scene = Scene::new();
    scene.token("good", 3600);
    scene
        .portal
        .answer(|_, _| Err(ServiceError::from_answer(403, "ForbiddenException", "No access")));
    let error = check(&scene, expect![[r#"
        access to the role SSOReadOnlyRole in the account 123456789012 was denied; ask the administrator of IAM Identity Center for the assignment, or correct the profile
        the call failed with ForbiddenException (HTTP 403): No access
    "#]]).await;
    assert!(error.is_access_denied() && !error.needs_login() && !error.is_transient());
}

#[tokio::test]
async fn an_account_id_without_twelve_digits_gets_a_hint() {
    let scene = Scene::new();
    scene.token("good", 3600);
    for (status, code) in [
        (403, "ForbiddenException"),
        (404, "ResourceNotFoundException"),
        (400, "InvalidRequestException"),
    ] {
        scene.portal.answer(move |_, _| Err(ServiceError::from_answer(status, code, "No")));
        let provider = SsoCredentialsProvider::builder(
            scene.portal.clone(),
            "12345678901".parse().unwrap(),
            "Role".parse().unwrap(),
        );
        let provider = provider.token_provider(scene.provider()).clock(scene.clock.clone());
        let error = provider.build().unwrap().retrieve().await.unwrap_err().to_string();
        assert!(error.contains("12 digits") && error.contains("leading zeros"), "{error}");
    }
}

#[tokio::test]
async fn service_error_returns_the_error_response() {
    let scene = Scene::new();
    scene.store(&scene.plain("good", 3600));
    for (status, code) in [
        (401, "UnauthorizedException"),
        (403, "ForbiddenException"),
        (404, "ResourceNotFoundException"),
    ] {
        scene.portal.answer(move |_, _| Err(ServiceError::from_answer(status, code, "No")));
        let error = scene.credentials_provider().retrieve().await.unwrap_err();
        assert_eq!(error.service_error().and_then(ServiceError::code), Some(code), "{error:?}");
    }
    scene.token("old", 0);
    scene.oidc.answer(|_, _| Err(unavailable()));
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    assert!(error.service_error().is_some_and(ServiceError::is_transient), "{error:?}");
}

#[tokio::test]
async fn an_unavailable_portal_is_a_transient_error() {
    let scene = Scene::new();
    scene.token("good", 3600);
    scene.portal.answer(|_, _| Err(unavailable()));
    assert!(
        check(
            &scene,
            expect![[r#"
        the SSO portal gave no credentials for the role SSOReadOnlyRole in the account 123456789012
        the call failed with ServiceUnavailable (HTTP 503): try later; try again later
    "#]]
        )
        .await
        .is_transient()
    );
}

#[tokio::test]
async fn expired_credentials_from_the_portal_are_an_error() {
    let scene = Scene::new();
    scene.token("good", 3600);
    let now = scene.now();
    scene.portal.answer(move |call, _| Ok(credentials(call, now, 0)));
    check(&scene, expect![[r#"
        the SSO portal gave credentials that expired at 2026-01-01T00:00:00Z, but it is 2026-01-01T00:00:00Z now; check this machine's clock
    "#]]).await;
}

#[tokio::test]
async fn a_report_is_one_line_with_all_causes() {
    let scene = Scene::new();
    let error = scene.credentials_provider().retrieve().await.unwrap_err();
    let path = scene.path().display().to_string();
    let expected = format!(
        "a login is required; run: aws sso login --sso-session dev-session: \
         there is no token file {path}"
    );
    assert_eq!(error.report(), expected);
}
