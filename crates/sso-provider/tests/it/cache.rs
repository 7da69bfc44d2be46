//! The cache of credentials in memory: refresh windows, failures and invalidation.

use std::sync::Arc;
use std::time::Duration;

use sso_provider::{CredentialsCache, CredentialsError, CredentialsFuture, ProvideCredentials};

use crate::scene::{Scene, credentials, unavailable};

/// A cache without jitter, so that the refresh window starts at a fixed time. The credentials are
/// valid for an hour.
fn cache(scene: &Scene) -> CredentialsCache {
    scene.token("good", 10 * 3600);
    scene.cache_builder().jitter(0.0).build().unwrap()
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
async fn credentials_in_the_refresh_window_are_renewed() {
    let scene = Scene::new();
    let cache = cache(&scene);
    key(&cache).await;
    scene.advance(3600 - 300);
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn jitter_delays_the_renewal_within_the_refresh_window() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let cache = scene.cache_builder().jitter(1.0).build().unwrap();
    key(&cache).await;
    scene.advance(3600 - 301);
    assert_eq!(key(&cache).await, "AKID-1");
    scene.advance(301);
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn the_refresh_window_is_at_most_half_of_the_lifetime() {
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
async fn after_a_failed_renewal_valid_credentials_are_used_for_thirty_seconds() {
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
    assert!(
        cache.retrieve().await.unwrap_err().is_transient(),
        "expired credentials are not returned"
    );
    assert!(cache.current().is_none());
}

#[tokio::test]
async fn in_the_mandatory_window_all_callers_wait() {
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
    assert_eq!(key(&cache).await, "AKID-1", "other callers do not wait");
    scene.advance(1);
    let follower = ask();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!follower.is_finished(), "in the last minute all callers wait");
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
async fn credentials_requested_before_an_invalidation_are_not_cached() {
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
    assert_eq!(early.await.unwrap(), "AKID-1", "the waiting caller gets the result");
    assert!(cache.current().is_none());
    assert_eq!(key(&cache).await, "AKID-2");
}

#[tokio::test]
async fn options_out_of_range_are_refused() {
    let scene = Scene::new();
    let error =
        scene.cache_builder().jitter(1.5).refresh_window(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.to_string(), "jitter must be between 0 and 1");
}

#[derive(Debug)]
struct Own(std::sync::atomic::AtomicUsize);

impl ProvideCredentials for Own {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        let call = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        Box::pin(async move {
            if call == 1 {
                return Err(CredentialsError::other(std::io::Error::other("vault sealed")));
            }
            Ok(credentials(call, sso_types::Clock::now(&sso_types::SystemClock), 3600))
        })
    }
}

#[tokio::test]
async fn a_custom_provider_is_cached_and_its_error_is_returned_unchanged() {
    let own: Arc<dyn ProvideCredentials> = Arc::new(Own(0.into()));
    let cache = CredentialsCache::new(own);
    let error = cache.retrieve().await.unwrap_err();
    assert_eq!(error.to_string(), "vault sealed");
    assert!(!error.needs_login() && !error.is_transient() && !error.is_configuration());
    assert_eq!(key(&cache).await, "AKID-2");
    assert_eq!(key(&cache).await, "AKID-2");
    cache.invalidate();
    assert_eq!(key(&cache).await, "AKID-3");
}

#[tokio::test]
async fn a_derived_value_is_the_same_until_the_credentials_change() {
    let scene = Scene::new();
    let cache = cache(&scene);
    let derived = cache.map(|credentials| credentials.access_key_id().to_lowercase());
    let first = derived.retrieve().await.unwrap();
    assert_eq!(*first, "akid-1");
    assert!(Arc::ptr_eq(&first, &derived.clone().retrieve().await.unwrap()));
    assert!(cache.retrieve().await.unwrap().ptr_eq(&cache.current().unwrap()));
    cache.invalidate();
    assert_eq!(*derived.retrieve().await.unwrap(), "akid-2");
}
