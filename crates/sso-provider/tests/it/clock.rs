//! A clock that is set while the program runs.

use crate::scene::{Scene, unavailable, value};

#[tokio::test]
async fn credentials_are_renewed_after_the_clock_steps_back() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let cache = scene.cache();
    cache.retrieve().await.unwrap();
    scene.advance(-7200);
    let again = cache.retrieve().await.unwrap();
    assert_eq!(again.access_key_id(), "AKID-2", "the age of the first credentials is unknown");
    cache.retrieve().await.unwrap();
    assert_eq!(scene.portal.calls(), 2, "the new credentials are cached");
}

#[tokio::test]
async fn a_clock_that_steps_back_does_not_prolong_the_wait_after_a_failure() {
    let scene = Scene::new();
    scene.token("old", 200);
    scene.oidc.answer(|_, _| Err(unavailable()));
    let provider = scene.provider();
    value(&provider).await;
    scene.advance(-1);
    value(&provider).await;
    assert_eq!(scene.oidc.calls(), 2);
}

#[tokio::test]
async fn a_clock_that_steps_past_the_expiry_causes_a_refresh() {
    let scene = Scene::new();
    scene.token("good", 3600);
    let provider = scene.provider();
    assert_eq!(value(&provider).await, "good");
    scene.advance(10 * 365 * 86_400);
    assert_eq!(value(&provider).await, "new-1");
}

#[tokio::test]
async fn the_minimum_and_maximum_time_cause_no_panic() {
    for now in [jiff::Timestamp::MIN, jiff::Timestamp::MAX] {
        let scene = Scene::new();
        scene.token("good", 3600);
        let cache = scene.cache();
        let _ = cache.retrieve().await;
        scene.clock.set(now);
        let _ = cache.retrieve().await;
    }
}
