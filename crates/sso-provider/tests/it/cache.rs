//! Credentials in memory: their windows, their failures, their invalidation.

use std::time::Duration;

use sso_provider::CredentialsCache;

use crate::scene::{Scene, credentials, unavailable};

/// Credentials are good for an hour; without jitter, so that the window is a line.
fn cache(scene: &Scene) -> CredentialsCache {
    scene.token("good", 10 * 3600);
    CredentialsCache::builder(scene.credentials_provider()).jitter(0.0).build().unwrap()
}

async fn key(cache: &CredentialsCache) -> String {
    cache.retrieve().await.unwrap().access_key_id().to_owned()
}

#[tokio::test]
async fn fresh_credentials_come_from_memory() {
    let scene = Scene::new();
    let cache = cache(&scene);
    assert!(cache.current().is_none());
    assert_eq!(key(&cache).await, "AKID-1");
    scene.advance(3600 - 301);
    assert_eq!(key(&cache).await, "AKID-1");
    assert_eq!(scene.portal.calls(), 1);
    assert_eq!(cache.current().unwrap().account_id().unwrap().as_str(), "123456789012");
}

#[tokio::test]
async fn in_the_window_they_are_renewed() {
    let scene = Scene::new();
    let cache = cache(&scene);
    key(&cache).await;
    scene.advance(3600 - 300);
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn jitter_only_puts_the_renewal_off_within_the_window() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let provider = scene.credentials_provider();
    let cache = CredentialsCache::builder(provider).jitter(1.0).build().unwrap();
    key(&cache).await;
    scene.advance(3600 - 301);
    assert_eq!(key(&cache).await, "AKID-1");
    scene.advance(301);
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn the_window_is_never_more_than_half_of_their_life() {
    let scene = Scene::new();
    let now = scene.clock.clone();
    scene.portal.answer(move |call, _| Ok(credentials(call, sso_types::Clock::now(&now), 120)));
    let cache = cache(&scene);
    key(&cache).await;
    scene.advance(59);
    assert_eq!(key(&cache).await, "AKID-1");
    scene.advance(1);
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_valid_ones_in_use_and_waits_thirty_seconds() {
    let scene = Scene::new();
    let cache = cache(&scene);
    key(&cache).await;
    scene.portal.answer(|_, _| Err(unavailable()));
    scene.advance(3600 - 300);
    assert_eq!(key(&cache).await, "AKID-1");
    scene.advance(29);
    assert_eq!(key(&cache).await, "AKID-1");
    assert_eq!(scene.portal.calls(), 2);
    scene.advance(1);
    assert_eq!(key(&cache).await, "AKID-1");
    assert_eq!(scene.portal.calls(), 3);
    scene.advance(270);
    assert!(cache.retrieve().await.unwrap_err().is_transient(), "expired ones are not handed out");
    assert!(cache.current().is_none());
}

#[tokio::test]
async fn in_the_mandatory_window_everyone_waits() {
    let scene = Scene::new();
    let cache = cache(&scene);
    key(&cache).await;
    scene.portal.close();
    let ask = || {
        let cache = cache.clone();
        tokio::spawn(async move { key(&cache).await })
    };

    scene.advance(3600 - 61);
    let leader = ask();
    while scene.portal.calls() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(key(&cache).await, "AKID-1", "the others are served at once");
    scene.advance(1);
    let follower = ask();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!follower.is_finished(), "nobody is, in the last minute");
    scene.portal.open();
    assert_eq!(leader.await.unwrap(), "AKID-2");
    assert_eq!(follower.await.unwrap(), "AKID-2");
    assert_eq!(scene.portal.calls(), 2);
}

#[tokio::test]
async fn invalidated_credentials_are_not_used_again() {
    let scene = Scene::new();
    let cache = cache(&scene);
    key(&cache).await;
    cache.invalidate();
    assert!(cache.current().is_none());
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn what_was_asked_for_before_an_invalidation_is_not_kept() {
    let scene = Scene::new();
    let cache = cache(&scene);
    scene.portal.close();
    let early = tokio::spawn({
        let cache = cache.clone();
        async move { key(&cache).await }
    });
    while scene.portal.calls() == 0 {
        tokio::task::yield_now().await;
    }
    cache.invalidate();
    scene.portal.open();
    assert_eq!(early.await.unwrap(), "AKID-1", "whoever waited is served");
    assert!(cache.current().is_none());
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn options_out_of_range_are_refused() {
    let scene = Scene::new();
    let builder = CredentialsCache::builder(scene.credentials_provider());
    let error = builder.jitter(1.5).refresh_window(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.to_string(), "jitter must be between 0 and 1");
}
