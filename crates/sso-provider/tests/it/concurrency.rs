//! Concurrent callers and processes share one request, even if some callers stop waiting.

use std::sync::Arc;

use sso_provider::{CredentialsCache, CredentialsError, SsoTokenProvider, TokenError};
use tokio::task::JoinSet;

use crate::scene::{Scene, answer, unavailable, value};

const CROWD: usize = 1000;

async fn crowd_of(cache: &CredentialsCache) -> JoinSet<Result<String, String>> {
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let cache = cache.clone();
        crowd.spawn(async move {
            let credentials = cache.retrieve().await.map_err(|error| error.to_string())?;
            Ok(credentials.access_key_id().to_owned())
        });
    }
    tokio::task::yield_now().await;
    crowd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_on_an_empty_cache_make_one_request() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.portal.close();
    let cache = scene.cache();
    let crowd = crowd_of(&cache).await;
    scene.portal.open();
    let served = crowd.join_all().await;
    assert_eq!(served.len(), CROWD);
    assert!(served.iter().all(|it| it.as_deref() == Ok("AKID-1")));
    assert_eq!((scene.oidc.calls(), scene.portal.calls()), (1, 1));
}

#[tokio::test]
async fn callers_of_a_failing_request_share_its_error() {
    let scene = Scene::new();
    scene.token("good", 3600);
    scene.portal.close();
    scene.portal.answer(|_, _| Err(unavailable()));
    let cache = scene.cache();
    let crowd = crowd_of(&cache).await;
    scene.portal.open();
    assert!(crowd.join_all().await.iter().all(Result::is_err));
    assert_eq!(scene.portal.calls(), 1);
}

#[tokio::test]
async fn dropping_the_first_caller_neither_cancels_nor_repeats_the_request() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.close();
    let cache = scene.cache();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.retrieve().await.map(drop) }
    });
    while scene.oidc.calls() == 0 {
        tokio::task::yield_now().await;
    }
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    scene.oidc.open();
    assert_eq!(cache.retrieve().await.unwrap().access_key_id(), "AKID-1");
    assert_eq!((scene.oidc.calls(), scene.portal.calls()), (1, 1));
    assert_eq!(scene.stored().refresh_token().unwrap().expose_secret(), "rotated-1");
}

#[tokio::test]
async fn in_the_refresh_window_one_caller_waits_and_the_others_get_the_valid_token() {
    let scene = Scene::new();
    scene.token("old", 100);
    scene.oidc.close();
    let provider = scene.provider();
    let leader = tokio::spawn({
        let provider = provider.clone();
        async move { value(&provider).await }
    });
    while scene.oidc.calls() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(value(&provider).await, "old");
    assert!(!leader.is_finished());
    scene.oidc.open();
    assert_eq!(leader.await.unwrap(), "new-1");
    assert_eq!(value(&provider).await, "new-1");
    assert_eq!(scene.oidc.calls(), 1);
}

#[test]
fn a_token_provider_works_after_its_first_runtime_is_dropped() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.close();
    let provider = scene.provider();
    let first = runtime(false);
    first.block_on(async {
        begin(&provider).await;
        while scene.oidc.calls() == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    scene.oidc.open();
    assert_eq!(runtime(false).block_on(value(&provider)), "new-2");
}

#[test]
fn a_cache_works_after_its_first_runtime_is_dropped() {
    let scene = Scene::new();
    scene.token("good", 3600);
    scene.portal.close();
    let cache = scene.cache();
    let first = runtime(false);
    first.block_on(async {
        let cache = cache.clone();
        tokio::spawn(async move { cache.retrieve().await.map(drop) });
        while scene.portal.calls() == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    scene.portal.open();
    let credentials = runtime(false).block_on(cache.retrieve()).unwrap();
    assert_eq!(credentials.access_key_id(), "AKID-2");
}

/// The time limit of a refresh counts from its start. The first caller times out earlier. The second
/// caller waits for the rest of the limit, and then starts another refresh.
#[test]
fn a_refresh_on_an_idle_runtime_is_replaced_after_its_time_limit() {
    let scene = Scene::new();
    scene.token("old", 0);
    let credentials = scene.credentials_provider();
    let idle = runtime(false);
    let lock = scene.file().try_lock().unwrap().unwrap();
    idle.block_on(begin(credentials.token_provider()));
    drop(lock);
    runtime(true).block_on(async {
        let error = credentials.retrieve().await.unwrap_err();
        assert!(
            matches!(&error, CredentialsError::InvalidToken(TokenError::Timeout { .. })),
            "{error:?}"
        );
        assert_eq!(credentials.retrieve().await.unwrap().access_key_id(), "AKID-1");
    });
    assert_eq!(scene.oidc.calls(), 1);
}

#[tokio::test]
async fn a_panic_of_the_service_is_an_error_and_releases_the_lock() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.answer(|_, _| panic!("on purpose"));
    let provider = scene.provider();
    let error = provider.retrieve_bearer_token().await.unwrap_err();
    assert!(matches!(error, TokenError::Interrupted { .. }), "{error:?}");
    scene.oidc.answer(|call, _| Ok(answer(call)));
    assert!(value(&provider).await.starts_with("new-"));
}

fn runtime(paused: bool) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(paused).build().unwrap()
}

/// Starts a retrieval in another task, without waiting for its result.
async fn begin(provider: &SsoTokenProvider) {
    let provider = provider.clone();
    tokio::spawn(async move { provider.retrieve_bearer_token().await.map(drop) });
    tokio::task::yield_now().await;
}

/// Two providers of one file, which behave as two processes do: the kernel's lock belongs to an open
/// file, not to a process.
fn two_processes(scene: &Scene) -> [SsoTokenProvider; 2] {
    [scene.provider(), scene.provider()]
}

#[tokio::test]
async fn two_processes_make_one_refresh() {
    let scene = Scene::new();
    scene.token("old", 0);
    let [first, second] = two_processes(&scene);
    assert_eq!(tokio::join!(value(&first), value(&second)), ("new-1".into(), "new-1".into()));
    assert_eq!(scene.oidc.calls(), 1);
}

#[tokio::test]
async fn a_caller_with_a_valid_token_does_not_wait_for_another_process() {
    let scene = Scene::new();
    scene.token("old", 100);
    let lock = scene.file().try_lock().unwrap().unwrap();
    assert_eq!(value(&scene.provider()).await, "old");
    assert_eq!(scene.oidc.calls(), 0);
    drop(lock);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_another_process_times_out() {
    let scene = Scene::new();
    scene.token("old", 0);
    let _lock = scene.file().try_lock().unwrap().unwrap();
    let provider = scene.provider();
    let error = provider.retrieve_bearer_token().await.unwrap_err();
    assert!(matches!(error, TokenError::Locked { .. }) && error.is_transient(), "{error:?}");
    assert_eq!(scene.oidc.calls(), 0, "no second refresh is made");
}

#[tokio::test]
async fn a_token_that_the_lock_holder_writes_is_used_without_the_lock() {
    let scene = Scene::new();
    scene.token("old", 0);
    let lock = scene.file().try_lock().unwrap().unwrap();
    let provider = Arc::new(scene.provider());
    let waiter = tokio::spawn({
        let provider = Arc::clone(&provider);
        async move { value(&provider).await }
    });
    tokio::task::yield_now().await;
    lock.store(&scene.refreshable("other", 3600)).unwrap();
    assert_eq!(waiter.await.unwrap(), "other");
    assert_eq!(scene.oidc.calls(), 0);
    drop(lock);
}

#[tokio::test]
async fn many_tasks_on_an_expired_token_make_one_refresh() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.close();
    let provider = scene.provider();
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let provider = provider.clone();
        crowd.spawn(async move { value(&provider).await });
    }
    tokio::task::yield_now().await;
    scene.oidc.open();
    assert!(crowd.join_all().await.iter().all(|token| token == "new-1"));
    assert_eq!(scene.oidc.calls(), 1);
}

#[tokio::test]
async fn callers_of_a_failing_refresh_share_its_error() {
    let scene = Scene::new();
    scene.token("old", 0);
    scene.oidc.close();
    scene.oidc.answer(|_, _| Err(unavailable()));
    let provider = scene.provider();
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let provider = provider.clone();
        crowd.spawn(async move { provider.retrieve_bearer_token().await.is_err() });
    }
    tokio::task::yield_now().await;
    scene.oidc.open();
    assert!(crowd.join_all().await.into_iter().all(|failed| failed));
    assert_eq!(scene.oidc.calls(), 1);
}

#[tokio::test]
async fn a_caller_that_joins_a_failing_refresh_ahead_of_expiry_refreshes_again() {
    let scene = Scene::new();
    scene.token("due", 60);
    scene.oidc.close();
    scene.oidc.answer(|call, _| if call == 1 { Err(unavailable()) } else { Ok(answer(call)) });
    let provider = scene.provider();
    let mut callers = JoinSet::new();
    let mut start = || {
        let provider = provider.clone();
        callers.spawn(async move { value(&provider).await });
    };
    start();
    while scene.oidc.calls() == 0 {
        tokio::task::yield_now().await;
    }
    scene.advance(60);
    start();
    tokio::task::yield_now().await;
    scene.oidc.open();
    assert_eq!(callers.join_all().await, ["new-2", "new-2"]);
}
