//! Retrievals while the network, the disk or a service is unavailable.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sso_provider::http::ServiceError;
use sso_provider::{SsoTokenProvider, TokenError};

use crate::full::Full;
use crate::scene::{Scene, answer, unavailable, value};

#[tokio::test]
async fn a_valid_token_in_the_refresh_window_is_used_while_the_network_is_down() {
    let scene = Scene::new();
    scene.token("old", 60);
    scene.oidc.answer(|_, _| Err(unavailable()));
    let cache = scene.cache();
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-1");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_times_out_releases_the_lock() {
    for (left, is_valid) in [(100, true), (0, false)] {
        let scene = Scene::new();
        scene.token("old", left);
        scene.oidc.close();
        let limit = Duration::from_secs(7);
        let provider = scene.builder().timeout(limit).build().unwrap();
        let started = tokio::time::Instant::now();
        let found = provider.retrieve_bearer_token().await;
        assert_eq!(started.elapsed().as_secs(), if is_valid { 3 } else { 7 });
        if is_valid {
            assert_eq!(found.unwrap().access_token().expose_secret(), "old");
        } else {
            let error = found.unwrap_err();
            assert!(
                matches!(error, TokenError::Timeout { limit: it, .. } if it == limit),
                "{error:?}"
            );
        }
        provider.wait_for_refresh().await;
        assert_eq!(started.elapsed().as_secs(), if is_valid { 12 } else { 18 });
        assert!(scene.file().try_lock().unwrap().is_some());
        if is_valid {
            assert_eq!(value(&provider).await, "old", "the refresh is not repeated at once");
            assert_eq!(scene.oidc.calls(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_time_limit_is_not_lost() {
    for (left, limit, answered) in [(0, 3, 4), (0, 3, 13), (0, 60, 65), (100, 3, 9)] {
        let scene = Scene::new();
        scene.token("old", left);
        scene.oidc.close();
        let provider = scene.builder().timeout(Duration::from_secs(limit)).build().unwrap();
        let started = tokio::time::Instant::now();
        let found = provider.retrieve_bearer_token().await;
        assert_eq!(found.is_err(), left == 0);
        assert_eq!(started.elapsed(), Duration::from_secs(limit));
        tokio::time::sleep_until(started + Duration::from_secs(answered)).await;
        scene.oidc.open();
        provider.wait_for_refresh().await;
        assert_eq!(scene.stored().access_token().expose_secret(), "new-1", "{answered}");
        assert_eq!(value(&provider).await, "new-1");
        assert_eq!(scene.oidc.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_with_an_expired_token_names_the_command_to_log_in() {
    for left in [0, 3600] {
        let scene = Scene::new();
        scene.token("old", left);
        scene.oidc.close();
        scene.portal.close();
        let limit = Duration::from_secs(4);
        let error = scene.credentials_builder().timeout(limit).build().unwrap();
        let error = error.retrieve().await.unwrap_err();
        let command = (left == 0).then_some("aws sso login --sso-session dev-session");
        assert_eq!(error.login_command(), command, "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_limits_may_be_as_long_as_a_duration() {
    let scene = Scene::new();
    scene.token("old", 0);
    let longest = Duration::MAX;
    let provider = scene.builder().timeout(longest).lock_timeout(longest).build().unwrap();
    assert_eq!(value(&provider).await, "new-1");
}

/// Makes the directory unwritable during the first refresh.
fn fill_during_refresh(scene: &Scene) -> Arc<Mutex<Option<Full>>> {
    let disk = Arc::new(Mutex::new(None));
    let (filled, directory) = (Arc::clone(&disk), scene.directory.path().to_owned());
    scene.oidc.answer(move |call, request| {
        if call == 1 {
            *filled.lock().unwrap() = Some(Full::fill(&directory));
        } else {
            assert_eq!(request.refresh_token_grant().unwrap().expose_secret(), "rotated-1");
        }
        Ok(answer(call))
    });
    disk
}

/// A provider that has refreshed a token with `left` seconds to its expiry, and could not write the
/// new one.
async fn with_unsaved_token(left: i64) -> (Scene, Arc<Mutex<Option<Full>>>, SsoTokenProvider) {
    let scene = Scene::new();
    scene.token("old", left);
    let disk = fill_during_refresh(&scene);
    let provider = scene.provider();
    assert_eq!(value(&provider).await, "new-1");
    (scene, disk, provider)
}

#[tokio::test(start_paused = true)]
#[ignore = "needs a user other than root, or chattr"]
async fn a_refreshed_token_that_cannot_be_written_is_used_from_memory_and_written_later() {
    let (scene, disk, provider) = with_unsaved_token(0).await;
    assert_eq!(scene.stored().access_token().expose_secret(), "old", "the file is unchanged");
    assert_eq!(value(&provider).await, "new-1", "the token in memory is used");

    drop(disk.lock().unwrap().take());
    assert_eq!(value(&provider).await, "new-1");
    assert_eq!(
        scene.stored().access_token().expose_secret(),
        "new-1",
        "the token is written as soon as it can be"
    );
    assert_eq!(scene.oidc.calls(), 1);
}

#[tokio::test(start_paused = true)]
#[ignore = "needs a user other than root, or chattr"]
async fn an_unsaved_token_is_refreshed_with_its_own_refresh_token() {
    let (scene, _disk, provider) = with_unsaved_token(0).await;
    scene.advance(3600);
    assert_eq!(value(&provider).await, "new-2");
}

#[tokio::test(start_paused = true)]
#[ignore = "needs a user other than root, or chattr"]
async fn after_a_lost_answer_the_unsaved_refresh_token_is_sent_again() {
    let (scene, _disk, provider) = with_unsaved_token(0).await;
    scene.advance(3600);
    scene.oidc.answer(|call, request| {
        assert_eq!(request.refresh_token_grant().unwrap().expose_secret(), "rotated-1");
        if call == 2 {
            return Err(ServiceError::from_answer(504, "GatewayTimeout", ""));
        }
        Ok(answer(call))
    });
    assert_eq!(value(&provider).await, "new-3");
}

#[tokio::test(start_paused = true)]
#[ignore = "needs a user other than root, or chattr"]
async fn an_unsaved_token_is_kept_when_the_file_is_rewritten_unchanged() {
    let (scene, disk, provider) = with_unsaved_token(30).await;
    let whole = fs::read(scene.path()).unwrap();
    fs::write(scene.path(), &whole).unwrap();
    assert_eq!(value(&provider).await, "new-1", "the token in the file is spent");
    // Another tool has written only a part of the file, and then writes the rest.
    fs::write(scene.path(), whole.get(..10).unwrap()).unwrap();
    assert!(provider.retrieve_bearer_token().await.unwrap_err().needs_login());
    fs::write(scene.path(), &whole).unwrap();
    assert_eq!(value(&provider).await, "new-1");

    drop(disk.lock().unwrap().take());
    value(&provider).await;
    assert_eq!(scene.stored().refresh_token().unwrap().expose_secret(), "rotated-1");
    assert_eq!(scene.oidc.calls(), 1);
}

/// The token of the first refresh is written during the second refresh, and then the token of the
/// second refresh cannot be written.
#[tokio::test(start_paused = true)]
#[ignore = "needs a user other than root, or chattr"]
async fn an_unsaved_token_is_kept_when_an_older_one_is_written() {
    let scene = Scene::new();
    scene.token("old", 0);
    let (file, path) = (scene.file(), scene.path());
    let first = scene.stored().refreshed(
        answer(1).access_token().clone(),
        scene.now() + Duration::from_secs(3600),
        answer(1).refresh_token().cloned(),
    );
    let disk = fill_during_refresh(&scene);
    let provider = scene.provider();
    assert_eq!(value(&provider).await, "new-1");
    scene.advance(3600);
    scene.oidc.answer(move |call, _| {
        let mut disk = disk.lock().unwrap();
        let full = disk.take().unwrap();
        let directory = full.0.clone();
        drop(full);
        file.store_unlocked(&first).unwrap();
        *disk = Some(Full::fill(&directory));
        Ok(answer(call))
    });
    assert_eq!(value(&provider).await, "new-2");
    assert_eq!(scene.stored().access_token().expose_secret(), "new-1");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole).unwrap();
    assert_eq!(value(&provider).await, "new-2", "the token in the file is spent");
}

#[tokio::test(start_paused = true)]
#[ignore = "needs a user other than root, or chattr"]
async fn a_login_replaces_an_unsaved_token() {
    let (scene, _disk, provider) = with_unsaved_token(0).await;
    // In place, as the AWS CLI does.
    fs::write(scene.path(), scene.refreshable("login", 3600).to_json()).unwrap();
    assert_eq!(value(&provider).await, "login");
}

#[tokio::test]
async fn a_repaired_token_file_is_used_at_once() {
    let scene = Scene::new();
    scene.token("good", 3600);
    let provider = scene.provider();
    value(&provider).await;
    let whole = fs::read(scene.path()).unwrap();
    fs::write(scene.path(), b"{ \"accessToken\": ").unwrap();
    let error = provider.retrieve_bearer_token().await.unwrap_err();
    assert!(error.needs_login(), "{error:?}");
    fs::write(scene.path(), whole).unwrap();
    assert_eq!(value(&provider).await, "good");
}
