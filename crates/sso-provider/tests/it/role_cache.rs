//! Role credentials that processes share through the AWS CLI's cache file.

use std::fs;

use sso_provider::cache::{CacheKey, RoleCredentialsFile};
use sso_provider::{CredentialsCache, CredentialsError, SsoCredentialsProvider};
use sso_types::SessionName;

use crate::scene::{Scene, credentials, unavailable};

fn file(scene: &Scene) -> RoleCredentialsFile {
    let login = CacheKey::for_session(&SessionName::new("dev-session").unwrap());
    let (account, role) = ("123456789012".parse().unwrap(), "SSOReadOnlyRole".parse().unwrap());
    RoleCredentialsFile::standard(&scene.directory.path().join("cli"), &account, &role, &login)
}

fn provider(scene: &Scene) -> SsoCredentialsProvider {
    SsoCredentialsProvider::builder(
        scene.portal.clone(),
        "123456789012".parse().unwrap(),
        "SSOReadOnlyRole".parse().unwrap(),
    )
    .token_provider(scene.provider())
    .role_credentials_file(file(scene))
    .clock(scene.clock.clone())
    .build()
    .unwrap()
}

fn cache(scene: &Scene) -> CredentialsCache {
    CredentialsCache::builder(provider(scene)).clock(scene.clock.clone()).build().unwrap()
}

async fn key(provider: &SsoCredentialsProvider) -> Result<String, CredentialsError> {
    Ok(provider.retrieve().await?.access_key_id().to_owned())
}

#[tokio::test]
async fn the_second_process_uses_the_credentials_of_the_first() {
    let scene = Scene::new();
    scene.token("good", 3600);
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-1");
    let second = provider(&scene).retrieve().await.unwrap();
    assert_eq!(second.access_key_id(), "AKID-1");
    assert_eq!(second.account_id().unwrap().as_str(), "123456789012");
    assert_eq!(scene.portal.calls(), 1);
}

#[tokio::test]
async fn without_a_login_no_directory_is_created() {
    let scene = Scene::new();
    let error = provider(&scene).retrieve().await.unwrap_err();
    assert!(error.needs_login(), "{error:?}");
    assert!(!scene.directory.path().join("cli").exists());
}

#[tokio::test]
async fn processes_that_start_together_make_one_request() {
    let scene = Scene::new();
    scene.token("old", 0);
    let providers: Vec<_> = (0..20).map(|_| provider(&scene)).collect();
    let mut crowd = tokio::task::JoinSet::new();
    for provider in providers {
        crowd.spawn(async move { key(&provider).await.unwrap() });
    }
    assert!(crowd.join_all().await.iter().all(|it| it == "AKID-1"));
    assert_eq!((scene.oidc.calls(), scene.portal.calls()), (1, 1));
}

#[tokio::test]
async fn cached_credentials_that_expire_within_fifteen_minutes_are_not_used() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let now = scene.now();
    file(&scene).store_unlocked(&credentials(7, now, 15 * 60)).unwrap();
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-7");
    scene.advance(1);
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-1");
}

#[tokio::test]
async fn cached_credentials_are_used_without_a_token_or_portal() {
    let scene = Scene::new();
    let now = scene.now();
    file(&scene).store_unlocked(&credentials(7, now, 3600)).unwrap();
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-7", "without any token");

    scene.token("good", 10 * 3600);
    scene.portal.answer(|_, _| Err(unavailable()));
    scene.advance(3599);
    assert_eq!(
        key(&provider(&scene)).await.unwrap(),
        "AKID-7",
        "the cached credentials have not expired"
    );
    scene.advance(1);
    assert!(
        key(&provider(&scene)).await.unwrap_err().is_transient(),
        "expired credentials are not used"
    );
}

#[tokio::test]
async fn a_broken_role_credentials_file_is_ignored_and_replaced() {
    let scene = Scene::new();
    scene.token("good", 3600);
    let file = file(&scene);
    fs::create_dir_all(file.path().parent().unwrap()).unwrap();
    fs::write(file.path(), "{ torn").unwrap();
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-1");
    assert_eq!(file.load().unwrap().access_key_id(), "AKID-1");
}

#[tokio::test]
async fn cached_credentials_without_an_account_get_the_requested_account() {
    let scene = Scene::new();
    let file = file(&scene);
    file.store_unlocked(&credentials(7, scene.now(), 3600)).unwrap();
    let credentials = provider(&scene).retrieve().await.unwrap();
    assert_eq!(file.load().unwrap().account_id(), None);
    assert_eq!(credentials.account_id().unwrap().as_str(), "123456789012");
}

#[tokio::test(start_paused = true)]
async fn cached_credentials_are_used_when_a_request_times_out() {
    let scene = Scene::new();
    scene.token("good", 3600);
    scene.portal.close();
    file(&scene).store_unlocked(&credentials(7, scene.now(), 60)).unwrap();
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-7");

    // The time limit includes the wait for another process.
    let _lock = file(&scene).try_lock().unwrap().unwrap();
    let started = tokio::time::Instant::now();
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-7");
    assert_eq!(started.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_includes_the_token_refresh_before_the_first_use_of_the_directory() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.close();
    scene.portal.close();
    assert!(!file(&scene).path().parent().unwrap().exists());
    let started = tokio::time::Instant::now();
    let provider = provider(&scene);
    let refresh = async {
        tokio::time::sleep(std::time::Duration::from_secs(40)).await;
        scene.oidc.open();
    };
    let (retrieved, ()) = tokio::join!(key(&provider), refresh);
    let error = retrieved.unwrap_err();
    assert_eq!(error.to_string(), "getting the credentials took longer than 60 seconds; try again");
    assert_eq!(started.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn invalidated_credentials_are_not_read_from_the_file() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let cache = cache(&scene);
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-1");
    cache.invalidate();
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-2");
    assert_eq!(
        file(&scene).load().unwrap().access_key_id(),
        "AKID-2",
        "other processes get the new credentials too"
    );

    // Not even if the portal is unavailable. This lasts until a retrieval succeeds.
    cache.invalidate();
    scene.portal.answer(|_, _| Err(unavailable()));
    assert!(cache.retrieve().await.unwrap_err().is_transient());
    let now = scene.now();
    scene.portal.answer(move |call, _| Ok(credentials(call, now, 3600)));
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-4");
    // Then the credentials of another process are used again.
    scene.advance(3600);
    file(&scene).store_unlocked(&credentials(7, scene.now(), 3600)).unwrap();
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-7");
}

/// A request that started before an invalidation may return the invalidated credentials. The next
/// caller must not wait for that request, and must not read its result from the disk.
#[tokio::test]
async fn credentials_requested_before_an_invalidation_are_not_read_from_the_file() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let cache = cache(&scene);
    let ask = || {
        let cache = cache.clone();
        tokio::spawn(async move { cache.retrieve().await.unwrap().access_key_id().to_owned() })
    };
    scene.portal.close();
    let early = ask();
    while scene.portal.calls() == 0 {
        tokio::task::yield_now().await;
    }
    cache.invalidate();
    let late = ask();
    tokio::task::yield_now().await;
    scene.portal.open();
    assert_eq!(early.await.unwrap(), "AKID-1", "the waiting caller gets the result");
    assert_eq!(late.await.unwrap(), "AKID-2");
    assert_eq!(file(&scene).load().unwrap().access_key_id(), "AKID-2");
}

#[tokio::test]
async fn credentials_of_a_request_before_an_invalidation_can_be_invalidated_too() {
    let scene = Scene::new();
    scene.token("good", 10 * 3600);
    let cache = cache(&scene);
    scene.portal.close();
    let early = tokio::spawn({
        let cache = cache.clone();
        async move { cache.retrieve().await.unwrap() }
    });
    while scene.portal.calls() == 0 {
        tokio::task::yield_now().await;
    }
    cache.invalidate();
    scene.portal.open();
    assert_eq!(early.await.unwrap().access_key_id(), "AKID-1");
    assert_eq!(file(&scene).load().unwrap().access_key_id(), "AKID-1");
    // A service rejected these credentials too.
    cache.invalidate();
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-2");
}

#[tokio::test]
async fn credentials_of_another_account_are_ignored_and_replaced() {
    let scene = Scene::new();
    scene.token("good", 3600);
    let swapped = credentials(7, scene.now(), 3600);
    let swapped = swapped.with_account_id("999999999999".parse().unwrap());
    file(&scene).store_unlocked(&swapped).unwrap();
    assert_eq!(key(&provider(&scene)).await.unwrap(), "AKID-1");
    assert_eq!(file(&scene).load().unwrap().access_key_id(), "AKID-1");

    // Not even if the portal is unavailable.
    file(&scene).store_unlocked(&swapped).unwrap();
    scene.portal.answer(|_, _| Err(unavailable()));
    assert!(key(&provider(&scene)).await.unwrap_err().is_transient());
}
