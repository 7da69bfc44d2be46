//! Refreshing the token, and its effect on the token file.

use std::time::Duration;

use sso_provider::LoginReason;
use sso_provider::http::ServiceError;
use sso_types::{AccessToken, ClientSecret, RefreshToken};

use crate::scene::{Scene, answer, lost_answer, unavailable, value};

#[tokio::test]
async fn a_valid_token_is_returned_without_a_refresh() {
    let scene = Scene::new();
    scene.token("old", 3600);
    assert_eq!(value(&scene.provider()).await, "old");
    assert_eq!(scene.oidc.calls(), 0);
}

#[tokio::test]
async fn an_expired_token_is_refreshed_and_written() {
    let scene = Scene::new();
    scene.token("old", 0);
    let token = scene.provider().retrieve_bearer_token().await.unwrap();
    assert_eq!(token.access_token().expose_secret(), "new-1");
    assert_eq!(token.expires_at().to_string(), "2026-01-01T01:00:00Z");
    let stored = scene.stored();
    assert_eq!(stored.access_token().expose_secret(), "new-1");
    assert_eq!(stored.refresh_token().unwrap().expose_secret(), "rotated-1");
    assert_eq!(stored.client_id(), Some("client"));
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let scene = Scene::new();
    scene.token("old", -1);
    scene.oidc.answer(|_, _| Ok(answer_without_refresh_token()));
    value(&scene.provider()).await;
    assert_eq!(scene.stored().refresh_token().unwrap().expose_secret(), "refresh of old");
}

fn answer_without_refresh_token() -> sso_provider::http::CreateTokenResponse {
    sso_provider::http::CreateTokenResponse::new(AccessToken::new("new"), Duration::from_secs(3600))
}

#[tokio::test]
async fn a_token_is_refreshed_from_five_minutes_before_expiry() {
    for (left, expected) in [(301, "old"), (300, "new-1"), (1, "new-1")] {
        let scene = Scene::new();
        scene.token("old", left);
        assert_eq!(value(&scene.provider()).await, expected, "{left} seconds left");
    }
}

#[tokio::test]
async fn the_refresh_window_is_at_most_half_of_a_known_lifetime() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.answer(|call, _| {
        let token = AccessToken::new(format!("short-{call}"));
        Ok(sso_provider::http::CreateTokenResponse::new(token, Duration::from_secs(60)))
    });
    let provider = scene.provider();
    assert_eq!(value(&provider).await, "short-1");
    scene.advance(29);
    assert_eq!(value(&provider).await, "short-1");
    scene.advance(1);
    assert_eq!(value(&provider).await, "short-2");
}

#[tokio::test]
async fn after_a_failed_refresh_the_valid_token_is_used_for_thirty_seconds() {
    let scene = Scene::new();
    scene.token("old", 200);
    scene.oidc.answer(|_, _| Err(unavailable()));
    let provider = scene.provider();
    assert_eq!(value(&provider).await, "old");
    scene.advance(29);
    assert_eq!(value(&provider).await, "old");
    assert_eq!(scene.oidc.calls(), 1);
    scene.advance(1);
    assert_eq!(value(&provider).await, "old");
    assert_eq!(scene.oidc.calls(), 2);
    // A change of the file ends the pause at once.
    scene.token("other", 100);
    assert_eq!(value(&provider).await, "other");
    assert_eq!(scene.oidc.calls(), 3);
}

#[tokio::test]
async fn an_expired_token_is_never_returned() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.answer(|_, _| Err(unavailable()));
    let error = scene.provider().retrieve_bearer_token().await.unwrap_err();
    assert!(error.is_transient() && !error.needs_login(), "{error:?}");
}

#[tokio::test]
async fn a_token_that_cannot_be_refreshed_is_used_until_it_expires() {
    let scene = Scene::new();
    let registration_ended = "2025-12-31T00:00:00Z".parse().unwrap();
    let cases = [
        (scene.plain("old", 60), "refreshToken"),
        (scene.plain("old", 60).with_refresh_token(RefreshToken::new("r")), "clientId"),
        (
            scene
                .plain("old", 60)
                .with_refresh_token(RefreshToken::new("r"))
                .with_client_registration(
                    "client",
                    ClientSecret::new("s"),
                    Some(registration_ended),
                ),
            "2025-12-31",
        ),
    ];
    for (token, why) in cases {
        scene.clock.set(crate::scene::NOW.parse().unwrap());
        scene.store(&token);
        let provider = scene.provider();
        assert_eq!(value(&provider).await, "old");
        assert!(!scene.file().lock_path().unwrap().exists(), "no refresh is started");
        scene.advance(60);
        let error = provider.retrieve_bearer_token().await.unwrap_err();
        assert_eq!(error.login_command(), Some("aws sso login --sso-session dev-session"));
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(why), "{cause}");
    }
    assert_eq!(scene.oidc.calls(), 0);
}

#[tokio::test]
async fn a_login_or_logout_by_another_tool_takes_effect_at_once() {
    let scene = Scene::new();
    let provider = scene.provider();
    assert!(provider.retrieve_bearer_token().await.unwrap_err().needs_login());
    scene.token("first", 3600);
    assert_eq!(value(&provider).await, "first");
    scene.token("second", 3600);
    assert_eq!(value(&provider).await, "second");
    std::fs::remove_file(scene.path()).unwrap();
    assert!(provider.retrieve_bearer_token().await.unwrap_err().needs_login());
}

#[tokio::test(start_paused = true)]
async fn after_invalid_grant_the_token_that_another_tool_wrote_is_used() {
    let scene = Scene::new();
    scene.token("old", 0);
    let (file, other) = (scene.file(), scene.refreshable("other", 3600));
    scene.oidc.answer(move |_, _| {
        file.store_unlocked(&other).unwrap();
        Err(invalid_grant())
    });
    assert_eq!(value(&scene.provider()).await, "other");
    assert_eq!(scene.oidc.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_invalid_grant_another_refresh_token_in_the_file_is_used() {
    let scene = Scene::new();
    scene.token("old", 0);
    let (file, other) = (scene.file(), scene.refreshable("other, expired", 0));
    scene.oidc.answer(move |call, _| {
        if call == 1 {
            file.store_unlocked(&other).unwrap();
            return Err(invalid_grant());
        }
        Ok(answer(call))
    });
    assert_eq!(value(&scene.provider()).await, "new-2");
}

#[tokio::test(start_paused = true)]
async fn after_invalid_grant_no_request_is_sent_until_the_file_changes() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.answer(|_, _| Err(invalid_grant()));
    let provider = scene.provider();
    for _ in 0..3 {
        let error = provider.retrieve_bearer_token().await.unwrap_err();
        assert!(error.needs_login(), "{error:?}");
    }
    assert_eq!(scene.oidc.calls(), 1, "the refused refresh token is sent once");
    scene.oidc.answer(|call, _| Ok(answer(call)));
    scene.token("other", 0);
    assert_eq!(value(&provider).await, "new-2");
}

#[tokio::test]
async fn a_refusal_with_an_oauth_error_needs_a_login() {
    for (status, code, oauth) in [
        (401, "InvalidClientException", "invalid_client"),
        (400, "UnauthorizedClientException", "unauthorized_client"),
        (400, "ExpiredTokenException", "expired_token"),
        (400, "AccessDeniedException", "access_denied"),
        (400, "InvalidRequestException", "invalid_request"),
        (400, "InvalidScopeException", "invalid_scope"),
        (400, "UnsupportedGrantTypeException", "unsupported_grant_type"),
        (403, "403", "consent_required"),
        (418, "418", "something_new"),
    ] {
        let scene = Scene::new();
        scene.token("old", 0);
        scene.oidc.answer(move |_, _| {
            let error = ServiceError::from_answer(status, code, "").with_oauth_code(oauth);
            Err(error.with_error_description("described"))
        });
        let error = scene.provider().retrieve_bearer_token().await.unwrap_err();
        assert!(error.needs_login(), "{code}");
        let sso_provider::TokenError::LoginRequired { reason, .. } = error else { panic!() };
        let LoginReason::SessionEnded(answer) = reason else { panic!("{reason:?}") };
        assert_eq!(answer.error_description(), Some("described"));
        assert_eq!(scene.oidc.calls(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_failure_needs_no_login_but_names_the_login_command() {
    for (status, code, oauth) in [
        (400, "SlowDownException", "slow_down"),
        (400, "AuthorizationPendingException", "authorization_pending"),
        (429, "TooManyRequestsException", ""),
        (500, "InternalServerException", "server_error"),
        (503, "503", ""),
    ] {
        let scene = Scene::new();
        scene.token("old", 0);
        scene.oidc.answer(move |_, _| {
            let error = ServiceError::from_answer(status, code, "");
            Err(if oauth.is_empty() { error } else { error.with_oauth_code(oauth) })
        });
        let error = scene.provider().retrieve_bearer_token().await.unwrap_err();
        assert!(!error.needs_login(), "{code}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("try again"), "{code}: {text}");
        assert!(text.contains("aws sso login --sso-session dev-session"), "{code}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_file_is_read_before_the_token_is_sent_again() {
    let scene = Scene::new();
    scene.token("old", 0);
    let (file, other) = (scene.file(), scene.refreshable("other", 3600));
    scene.oidc.answer(move |_, _| {
        file.store_unlocked(&other).unwrap();
        Err(lost_answer())
    });
    assert_eq!(value(&scene.provider()).await, "other");
    assert_eq!(scene.oidc.calls(), 1);

    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.answer(|call, _| if call < 3 { Err(lost_answer()) } else { Ok(answer(call)) });
    assert_eq!(value(&scene.provider()).await, "new-3");
}

#[tokio::test(start_paused = true)]
async fn max_attempts_limits_the_attempts_after_lost_answers() {
    for (attempts, calls) in [(0, 1), (1, 1), (2, 2), (5, 5)] {
        let scene = Scene::new();
        scene.token("old", 0);
        scene.oidc.answer(|_, _| Err(lost_answer()));
        let provider = scene.builder().max_attempts(attempts).build().unwrap();
        assert!(provider.retrieve_bearer_token().await.unwrap_err().is_transient());
        assert_eq!(scene.oidc.calls(), calls);
    }
}

/// The file changes during the refresh, so that a second refresh token is tried.
#[tokio::test(start_paused = true)]
async fn the_refresh_token_that_was_refused_last_is_not_sent_again() {
    let scene = Scene::new();
    scene.token("old", 0);
    let (file, other) = (scene.file(), scene.refreshable("other, expired", 0));
    scene.oidc.answer(move |call, _| {
        if call == 1 {
            file.store_unlocked(&other).unwrap();
        }
        Err(invalid_grant())
    });
    let provider = scene.provider();
    for _ in 0..2 {
        assert!(provider.retrieve_bearer_token().await.unwrap_err().needs_login());
    }
    assert_eq!(scene.oidc.calls(), 2);
}

fn invalid_grant() -> ServiceError {
    ServiceError::from_answer(400, "InvalidGrantException", "").with_oauth_code("invalid_grant")
}

#[tokio::test]
async fn a_refresh_writes_the_configured_region_and_start_url() {
    let scene = Scene::new();
    scene.token("old", 0);
    let provider = scene
        .builder()
        .region("eu-central-1".parse().unwrap())
        .start_url("https://example.awsapps.com/start".parse().unwrap())
        .build()
        .unwrap();
    value(&provider).await;
    assert_eq!(scene.stored().region(), Some("eu-central-1"));
    assert_eq!(scene.stored().start_url(), Some("https://example.awsapps.com/start"));
}

#[tokio::test]
async fn a_login_during_a_refresh_is_not_overwritten() {
    let scene = Scene::new();
    scene.token("old", 0);
    let (file, login) = (scene.file(), scene.refreshable("login", 3600));
    scene.oidc.answer(move |call, _| {
        file.store_unlocked(&login).unwrap();
        Ok(answer(call))
    });
    assert_eq!(value(&scene.provider()).await, "login");
    assert_eq!(scene.stored().access_token().expose_secret(), "login");
}

#[tokio::test]
async fn a_logout_during_a_refresh_is_not_undone() {
    for left in [100, 0] {
        let scene = Scene::new();
        scene.token("old", left);
        let path = scene.path();
        scene.oidc.answer(move |call, _| {
            std::fs::remove_file(&path).unwrap();
            Ok(answer(call))
        });
        let error = scene.provider().retrieve_bearer_token().await.unwrap_err();
        assert!(error.needs_login(), "{left} seconds left: {error:?}");
        assert!(!scene.path().exists());
    }
}

/// The file may contain a new login, so the refreshed token is kept in memory. It is written as soon as
/// the file can be read again, unless the file does contain a new login.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_be_read_after_a_refresh_is_not_replaced() {
    use std::path::Path;

    // `stat` fails for the link, and opening fails for the socket.
    let link_to_itself = |path: &Path| std::os::unix::fs::symlink(path, path).unwrap();
    let socket = |path: &Path| drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    for (make_unreadable, after) in [
        (link_to_itself as fn(&Path), "new-1"),
        (link_to_itself, "login"),
        (socket, "new-1"),
        (socket, "login"),
    ] {
        let scene = Scene::new();
        scene.token("old", 0);
        let (path, moved) = (scene.path(), scene.directory.path().join("moved"));
        let moved_by_answer = moved.clone();
        scene.oidc.answer(move |call, _| {
            std::fs::rename(&path, &moved_by_answer).unwrap();
            make_unreadable(&path);
            Ok(answer(call))
        });
        let provider = scene.provider();
        assert_eq!(value(&provider).await, "new-1");
        assert!(!scene.path().symlink_metadata().unwrap().is_file(), "the file was replaced");
        let error = provider.retrieve_bearer_token().await.unwrap_err();
        assert!(matches!(error, sso_provider::TokenError::File(_)), "{error:?}");

        std::fs::rename(&moved, scene.path()).unwrap();
        if after == "login" {
            scene.token("login", 3600);
        }
        assert_eq!(value(&provider).await, after);
        assert_eq!(value(&provider).await, after);
        assert_eq!(scene.stored().access_token().expose_secret(), after);
        assert_eq!(scene.oidc.calls(), 1);
    }
}

/// A file with the same token and a new field was not changed by a login, and its refresh token is
/// spent.
#[tokio::test]
async fn a_field_added_during_a_refresh_is_kept() {
    for left in [100, 0] {
        let scene = Scene::new();
        scene.token("old", left);
        let path = scene.path();
        scene.oidc.answer(move |call, _| {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replacen('{', r#"{"addedMeanwhile": 1.50, "#, 1);
            std::fs::write(&path, text).unwrap();
            Ok(answer(call))
        });
        let provider = scene.provider();
        assert_eq!(value(&provider).await, "new-1");
        assert_eq!(scene.stored().refresh_token().unwrap().expose_secret(), "rotated-1");
        let text = std::fs::read_to_string(scene.path()).unwrap();
        assert!(text.contains(r#""addedMeanwhile":1.50"#), "{text}");
        assert_eq!(value(&provider).await, "new-1");
        assert_eq!(scene.oidc.calls(), 1);
    }
}
