//! Thousands of random schedules: the order of the tasks, dropped callers, failures and clock changes.
//!
//! Each task, including the services, yields a random number of times before each of its steps. On a
//! current-thread runtime the seed alone determines the schedule.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use sso_provider::cache::TokenFile;
use sso_provider::http::{CreateToken, CreateTokenResponse, GetRoleCredentials, ServiceError};
use sso_provider::{CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};
use sso_types::{AccessToken, Clock as _, ManualClock, RefreshToken};
use tempfile::TempDir;

use crate::scene::{NOW, Scene, credentials, unavailable};

/// A small generator of random numbers (`SplitMix64`).
#[derive(Clone)]
struct Random(Arc<AtomicU64>);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))))
    }

    fn below(&self, bound: u64) -> u64 {
        let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_in(&self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    async fn yield_randomly(&self) {
        for _ in 0..self.below(4) {
            tokio::task::yield_now().await;
        }
    }
}

fn run(schedule: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    // The runtime's clock is paused, so the timeout only detects a task that never ends.
    let limit = Duration::from_secs(3600);
    runtime.block_on(async { tokio::time::timeout(limit, schedule).await.expect("no task hangs") });
}

/// The portal's record of its requests.
#[derive(Default)]
struct Requests {
    /// The number of invalidations of the cache so far.
    epoch: u64,
    /// The epoch in which the request for each access key started.
    started_in: BTreeMap<String, u64>,
    /// The number of requests that are running.
    running: u32,
    failures: u32,
    total: usize,
}

#[test]
fn no_schedule_makes_the_cache_return_expired_or_invalidated_credentials() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("token.json");
    let forever = sso_provider::cache::CachedToken::new(
        AccessToken::new("token"),
        "2100-01-01T00:00:00Z".parse().unwrap(),
    );
    TokenFile::new(&path).store_unlocked(&forever).unwrap();
    for seed in 0..4000 {
        run(cache_schedule(seed, path.clone()));
    }
}

async fn cache_schedule(seed: u64, token: std::path::PathBuf) {
    let random = Random::new(seed);
    let clock = ManualClock::at(NOW.parse().unwrap());
    let requests = Arc::new(Mutex::new(Requests::default()));
    let portal = {
        let (random, clock, requests) = (random.clone(), clock.clone(), Arc::clone(&requests));
        tower::service_fn(move |_: GetRoleCredentials| {
            let (random, clock, requests) = (random.clone(), clock.clone(), Arc::clone(&requests));
            async move { serve(seed, &random, &clock, &requests).await }
        })
    };
    let (account, role) = ("123456789012".parse().unwrap(), "Role".parse().unwrap());
    let provider = SsoCredentialsProvider::builder(portal, account, role)
        .cached_token_filepath(token)
        .clock(clock.clone())
        .build()
        .unwrap();
    let cache = CredentialsCache::builder(provider).clock(clock.clone()).build().unwrap();

    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (random, clock) = (random.clone(), clock.clone());
        let (requests, cache) = (Arc::clone(&requests), cache.clone());
        tasks.spawn(async move {
            for _ in 0..6 {
                random.yield_randomly().await;
                // Half of the schedules have no invalidations.
                match random.below(8) {
                    0 if seed.is_multiple_of(2) => {
                        requests.lock().unwrap().epoch += 1;
                        cache.invalidate();
                    }
                    1 => clock.advance(SignedDuration::from_secs(40)),
                    2 => clock.advance(SignedDuration::from_secs(-20)),
                    // A caller that is dropped before it has a result, perhaps the one that started the request.
                    3 => {
                        let dropped = tokio::spawn({
                            let cache = cache.clone();
                            async move { cache.retrieve().await.map(drop) }
                        });
                        random.yield_randomly().await;
                        dropped.abort();
                    }
                    _ => check(seed, &cache, &clock, &requests).await,
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

async fn serve(
    seed: u64,
    random: &Random,
    clock: &ManualClock,
    requests: &Mutex<Requests>,
) -> Result<sso_types::Credentials, ServiceError> {
    let (epoch, number) = {
        let mut requests = requests.lock().unwrap();
        requests.total += 1;
        requests.running += 1;
        // Two requests may run at once only after an invalidation.
        assert!(requests.running == 1 || requests.epoch > 0, "seed {seed}: two requests at once");
        (requests.epoch, requests.total)
    };
    random.yield_randomly().await;
    random.yield_randomly().await;
    let mut requests = requests.lock().unwrap();
    requests.running -= 1;
    if random.one_in(3) {
        requests.failures += 1;
        return Err(unavailable());
    }
    let credentials = credentials(number, clock.now(), 100);
    requests.started_in.insert(credentials.access_key_id().to_owned(), epoch);
    Ok(credentials)
}

async fn check(
    seed: u64,
    cache: &CredentialsCache,
    clock: &ManualClock,
    requests: &Mutex<Requests>,
) {
    let (epoch, failures) = {
        let requests = requests.lock().unwrap();
        (requests.epoch, requests.failures)
    };
    match cache.retrieve().await {
        Ok(credentials) => {
            assert!(!credentials.is_expired(clock.now()), "seed {seed}: expired");
            let started_in = requests.lock().unwrap().started_in[credentials.access_key_id()];
            assert!(started_in >= epoch, "seed {seed}: requested before an invalidation");
        }
        Err(
            sso_provider::CredentialsError::Interrupted
            | sso_provider::CredentialsError::Expired { .. },
        ) => {}
        Err(error) => {
            let failed = requests.lock().unwrap().failures > 0;
            assert!(failed, "seed {seed}: {error} although no request failed ({failures} before)");
        }
    }
}

#[test]
fn a_refresh_token_is_never_sent_twice_in_any_schedule() {
    // Thousands of flushes to a disk are slow, so use a directory in memory if there is one.
    let memory = std::path::Path::new("/dev/shm");
    let directory =
        if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() };
    for seed in 0..400 {
        run(token_schedule(seed, directory.path().join(format!("{seed}.json"))));
    }
}

async fn token_schedule(seed: u64, path: std::path::PathBuf) {
    let random = Random::new(seed);
    let mut scene = Scene::new();
    scene.clock = ManualClock::at(NOW.parse().unwrap());
    let file = TokenFile::new(path);
    file.store_unlocked(&scene.refreshable("first", 30)).unwrap();

    // The only valid refresh token. Sending another one ends the session.
    let live = Arc::new(Mutex::new(("refresh of first".to_owned(), 0)));
    let oidc = {
        let (random, live) = (random.clone(), Arc::clone(&live));
        tower::service_fn(move |request: CreateToken| {
            let (random, live) = (random.clone(), Arc::clone(&live));
            async move {
                random.yield_randomly().await;
                let sent = request.refresh_token_grant().unwrap().expose_secret().to_owned();
                let next = {
                    let mut live = live.lock().unwrap();
                    if random.one_in(4) {
                        return Err(unavailable());
                    }
                    assert_eq!(sent, live.0, "seed {seed}: a spent refresh token was sent");
                    live.1 += 1;
                    live.0 = format!("refresh-{}", live.1);
                    live.clone()
                };
                random.yield_randomly().await;
                let access_token = AccessToken::new(format!("access-{}", next.1));
                Ok::<_, ServiceError>(
                    CreateTokenResponse::new(access_token, Duration::from_secs(60))
                        .with_refresh_token(RefreshToken::new(next.0)),
                )
            }
        })
    };
    // Three providers behave as three processes do: the kernel's lock belongs to an open file.
    let providers: Vec<_> = (0..3)
        .map(|_| {
            SsoTokenProvider::builder(oidc.clone(), file.clone())
                .clock(scene.clock.clone())
                .build()
                .unwrap()
        })
        .collect();

    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..6 {
        let (random, clock) = (random.clone(), scene.clock.clone());
        let provider = providers[task % providers.len()].clone();
        tasks.spawn(async move {
            for _ in 0..4 {
                random.yield_randomly().await;
                match random.below(6) {
                    0 => clock.advance(SignedDuration::from_secs(45)),
                    1 => {
                        let dropped = tokio::spawn({
                            let provider = provider.clone();
                            async move { provider.retrieve_bearer_token().await.map(drop) }
                        });
                        random.yield_randomly().await;
                        dropped.abort();
                    }
                    _ => match provider.retrieve_bearer_token().await {
                        Ok(token) => {
                            assert!(clock.now() < token.expires_at(), "seed {seed}: expired");
                        }
                        Err(error) => {
                            assert!(!error.needs_login(), "seed {seed}: {error:?}");
                        }
                    },
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    // After this time no refresh is running, and the file contains the valid refresh token.
    tokio::time::sleep(Duration::from_secs(120)).await;
    let stored = file.load().unwrap();
    assert_eq!(
        stored.refresh_token().unwrap().expose_secret(),
        live.lock().unwrap().0,
        "seed {seed}"
    );
}
