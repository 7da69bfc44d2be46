//! Refreshes whose token cannot be written, and refreshes ahead of expiry.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use expect_test::expect;
use sso_provider::TokenError;
use tokio::time::Instant;

use crate::full::Full;
use crate::scene::{Scene, lost_answer, unavailable, value};

#[tokio::test]
#[ignore = "needs a user other than root, or chattr"]
async fn an_expired_token_is_not_refreshed_if_the_new_one_cannot_be_written() {
    let scene = Scene::new();
    scene.token("old", 0);
    let full = Full::fill(scene.directory.path());
    let provider = scene.provider();
    let error = provider.retrieve_bearer_token().await.unwrap_err();
    assert!(matches!(error, TokenError::NotWritable { .. }), "{error:?}");
    assert!(!error.needs_login() && !error.is_transient());
    assert_eq!(error.login_command(), Some("aws sso login --sso-session dev-session"));
    let directory = scene.directory.path().to_str().unwrap();
    expect![[r#"the access token was not refreshed because nothing can be written to DIR, and a refresh that is not stored would end the login of every program that shares it; make room, make the directory writable, use another cache directory, or set allow_unsaved_refresh (--allow-unsaved-refresh), then try again or run: aws sso login --sso-session dev-session"#]]
        .assert_eq(&error.to_string().replace(directory, "DIR"));
    assert_eq!(scene.oidc.calls(), 0, "the refresh token is not spent");
    drop(full);
    assert_eq!(value(&provider).await, "new-1");
}

#[tokio::test]
#[ignore = "needs a user other than root, or chattr"]
async fn a_valid_token_is_used_without_a_refresh_if_the_new_one_cannot_be_written() {
    let scene = Scene::new();
    scene.token("old", 180);
    let _full = Full::fill(scene.directory.path());
    for provider in [scene.provider(), allowing(&scene)] {
        assert_eq!(value(&provider).await, "old");
        assert_eq!(value(&provider).await, "old");
    }
    assert_eq!(scene.oidc.calls(), 0, "the refresh token is not spent");
}

#[tokio::test]
#[ignore = "needs a user other than root, or chattr"]
async fn with_allow_unsaved_refresh_the_token_is_written_later() {
    let scene = Scene::new();
    scene.token("old", 0);
    let full = Full::fill(scene.directory.path());
    let provider = allowing(&scene);
    assert_eq!(value(&provider).await, "new-1");
    assert_eq!(scene.stored().access_token().expose_secret(), "old");
    // The refresh token in the file is spent, so the next refresh spends nothing that is stored.
    scene.advance(3600 - 60);
    assert_eq!(value(&provider).await, "new-2");
    drop(full);
    assert_eq!(value(&provider).await, "new-2");
    assert_eq!(scene.stored().refresh_token().unwrap().expose_secret(), "rotated-2");
}

fn allowing(scene: &Scene) -> sso_provider::SsoTokenProvider {
    scene.builder().allow_unsaved_refresh(true).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_three_seconds_for_a_refresh_ahead_which_continues() {
    let scene = Scene::new();
    scene.token("old", 180);
    scene.oidc.close();
    let provider = scene.provider();
    let started = Instant::now();
    assert_eq!(value(&provider).await, "old");
    assert_eq!(started.elapsed().as_secs(), 3);
    assert_eq!(value(&provider).await, "old");
    assert_eq!(started.elapsed().as_secs(), 3, "later callers do not wait");

    scene.oidc.open();
    provider.wait_for_refresh().await;
    assert_eq!(scene.stored().access_token().expose_secret(), "new-1");
    assert_eq!((value(&provider).await.as_str(), scene.oidc.calls()), ("new-1", 1));
}

#[tokio::test(start_paused = true)]
async fn a_credentials_cache_waits_for_a_refresh_before_the_program_exits() {
    let scene = Scene::new();
    scene.token("old", 180);
    scene.oidc.close();
    let cache = scene.cache();
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-1");
    assert_eq!(scene.stored().access_token().expose_secret(), "old");
    let opening = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        scene.oidc.open();
    };
    tokio::join!(cache.wait_for_refresh(), opening);
    assert_eq!(scene.stored().access_token().expose_secret(), "new-1");

    // A dropped retrieval leaves a request for credentials running.
    scene.advance(3600 - 60);
    scene.portal.close();
    assert!(tokio::time::timeout(Duration::from_secs(1), cache.retrieve()).await.is_err());
    let opening = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        scene.portal.open();
    };
    tokio::join!(cache.wait_for_refresh(), opening);
    assert_eq!(cache.current().unwrap().access_key_id(), "AKID-2");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_ahead_that_is_not_answered_ends_after_twelve_seconds() {
    let scene = Scene::new();
    scene.token("old", 180);
    scene.oidc.close();
    let provider = scene.provider();
    let started = Instant::now();
    assert_eq!(value(&provider).await, "old");
    provider.wait_for_refresh().await;
    assert_eq!(started.elapsed().as_secs(), 12);
    assert!(scene.file().try_lock().unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_ahead_makes_one_attempt() {
    for error in [lost_answer as fn() -> _, unavailable] {
        let scene = Scene::new();
        scene.token("old", 180);
        scene.oidc.answer(move |_, _| Err(error()));
        let provider = scene.provider();
        assert_eq!(value(&provider).await, "old");
        provider.wait_for_refresh().await;
        assert_eq!(scene.oidc.calls(), 1);
    }
}

/// As on a machine without a route to the service.
#[cfg(feature = "https")]
#[tokio::test]
async fn a_refresh_ahead_waits_one_second_for_a_connection() {
    // Accepts connections, and never answers the TLS handshake.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let https = sso_provider::http::HttpsClient::builder().build().unwrap();
    let oidc = sso_provider::http::Oidc::with_endpoint(https, endpoint.parse().unwrap());
    let scene = Scene::new();
    scene.token("old", 180);
    let file = scene.file();
    let version = file.fingerprint().unwrap().unwrap();
    let builder = sso_provider::SsoTokenProvider::builder(oidc, file.clone());
    let provider = builder.clock(scene.clock.clone()).build().unwrap();
    assert_eq!(value(&provider).await, "old");
    // The caller got its token because the attempt had failed, not because 3 seconds had passed.
    assert_eq!(file.refresh_failed_at(&version), Some(scene.now()));
}

#[tokio::test]
async fn a_failed_refresh_ahead_is_not_repeated_for_thirty_seconds_by_any_provider() {
    let scene = Scene::new();
    scene.token("old", 200);
    scene.oidc.answer(|_, _| Err(unavailable()));
    for _ in 0..3 {
        // A new provider behaves as another process does.
        assert_eq!(value(&scene.provider()).await, "old");
    }
    assert_eq!(scene.oidc.calls(), 1);
    scene.advance(30);
    assert_eq!(value(&scene.provider()).await, "old");
    assert_eq!(scene.oidc.calls(), 2);
    scene.token("other", 200);
    assert_eq!(value(&scene.provider()).await, "other");
    assert_eq!(scene.oidc.calls(), 3, "a changed file ends the wait");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_during_a_failing_refresh_ahead_is_refreshed_with_all_attempts() {
    let scene = Scene::new();
    scene.token("old", 100);
    let clock = scene.clock.clone();
    scene.oidc.answer(move |call, _| {
        if call == 1 {
            clock.advance(jiff::SignedDuration::from_secs(100));
            return Err(unavailable());
        }
        Ok(crate::scene::answer(call))
    });
    assert_eq!(value(&scene.provider()).await, "new-2");
}

#[tokio::test]
async fn a_lifetime_is_limited_to_ten_years() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.answer(|_, _| {
        let centuries = Duration::from_secs(u64::MAX);
        let token = sso_types::AccessToken::new("new");
        Ok(sso_provider::http::CreateTokenResponse::new(token, centuries))
    });
    let token = scene.provider().retrieve_bearer_token().await.unwrap();
    assert_eq!(token.expires_at().to_string(), "2035-12-30T00:00:00Z");
}

/// A blocking read of a broken file would take a quarter of a second at each retrieval.
#[tokio::test]
async fn a_broken_file_blocks_no_thread_and_is_read_again_only_once() {
    let scene = Scene::new();
    fs::write(scene.path(), "").unwrap();
    let provider = scene.provider();
    let ticks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ticks);
    let ticking = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    tokio::task::yield_now().await;
    let started = Instant::now();
    assert!(provider.retrieve_bearer_token().await.unwrap_err().needs_login());
    // At least one for each of the four pauses.
    let ticks = ticks.load(Ordering::Relaxed);
    assert!(ticks >= 4, "the timer ticked {ticks} times");
    ticking.abort();
    let first = started.elapsed();
    assert!(first >= Duration::from_millis(100), "an incomplete file is read again: {first:?}");
    let started = Instant::now();
    for _ in 0..50 {
        assert!(provider.retrieve_bearer_token().await.unwrap_err().needs_login());
    }
    // Each of these would take as long as the first if the failure were not remembered.
    assert!(started.elapsed() < first * 10, "{:?}", started.elapsed());
}

/// Another tool replaces the file between the first read and the second.
#[tokio::test(start_paused = true)]
async fn an_unusable_file_is_read_a_second_time() {
    let scene = Scene::new();
    fs::write(scene.path(), "[\"complete JSON, but no token\"]").unwrap();
    let provider = scene.provider();
    let (token, ()) = tokio::join!(value(&provider), async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        scene.token("complete", 3600);
    });
    assert_eq!(token, "complete");
}

/// `aws sso logout` takes no lock.
#[test]
fn a_logout_while_the_new_token_is_flushed_is_not_undone() {
    let (mut during, mut undone) = (0, 0);
    for _ in 0..400 {
        if during == 30 {
            break;
        }
        let scene = Scene::new();
        scene.token("old", 0);
        let (path, temporary) = (scene.path(), scene.directory.path().join("token.json.new"));
        let is_written = || {
            let size = std::fs::metadata(&temporary).map_or(0, |metadata| metadata.len());
            (1..64 * 1024).contains(&size)
                && std::fs::read(&temporary).is_ok_and(|it| it[0] == b'{')
        };
        let (done, provider) = (AtomicBool::new(false), scene.provider());
        let is_during = std::thread::scope(|scope| {
            let logout = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    if is_written() {
                        std::fs::remove_file(&path).unwrap();
                        return temporary.exists();
                    }
                }
                false
            });
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            scope.spawn(|| {
                runtime.unwrap().block_on(async {
                    let _ = provider.retrieve_bearer_token().await;
                });
                done.store(true, Ordering::Relaxed);
            });
            logout.join().unwrap()
        });
        during += u32::from(is_during);
        undone += u32::from(is_during && path.exists());
    }
    println!("{during} logouts during a flush, {undone} undone");
    assert!(during > 0, "no file system here waits for its disk");
    // The time between the last look at the file and the rename is some microseconds. A flush of a file
    // system in memory is hardly longer.
    assert!(undone * 3 <= during, "{undone} of {during}");
}
