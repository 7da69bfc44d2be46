//! Role credentials kept in memory: fresh ones at the cost of an atomic load.
//!
//! Not responsible for getting them, nor for the cache on disk.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::{SignedDuration, Timestamp};
use sso_types::{Clock, Credentials};

use crate::flight::Flight;
use crate::handles::Handles;
use crate::jitter::random_fraction;
use crate::refused_keys::RefusedKeys;
use crate::{ConfigError, CredentialsError, SsoCredentialsProvider};

/// How long a failure to get new credentials is remembered, while there are some that still serve.
const FAILURE_IS_REMEMBERED: SignedDuration = SignedDuration::from_secs(30);

/// Keeps the credentials of an [`SsoCredentialsProvider`] in memory, and renews them before they
/// expire. Clone it freely: clones share everything.
///
/// * **Fresh**: no lock, no allocation, no waiting.
/// * **In the refresh window** (5 minutes before expiry): the caller that starts the request waits
///   for it, so that a program that runs shortly makes progress; others get the valid credentials.
/// * **In the mandatory window** (the last minute): everyone waits for the one request.
/// * A request that fails in either window leaves the valid credentials in use, with a warning, and
///   is not made again for 30 seconds.
/// * **Expired**: never handed out. Everyone waits for the one request and shares its failure.
///
/// Needs a tokio runtime with time enabled. To call it from synchronous code, keep a runtime:
///
/// ```no_run
/// # #[cfg(feature = "https")]
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// let provider = runtime.block_on(sso_provider::from_profile("devsso"))?;
/// let credentials = runtime.block_on(provider.retrieve())?;
/// # drop(credentials);
/// # Ok(())
/// # }
/// ```
///
/// Where calls are given up early (a `timeout` around one), let it be a multi-thread runtime with one
/// worker: on a current-thread runtime what was begun stands still between two `block_on`s, and may
/// hold the token file's lock, which other processes wait for.
#[derive(Clone)]
pub struct CredentialsCache(Arc<Shared>);

struct Shared {
    provider: SsoCredentialsProvider,
    clock: Arc<dyn Clock>,
    refresh_window: SignedDuration,
    mandatory_window: SignedDuration,
    jitter: f64,
    current: ArcSwapOption<Cached>,
    slot: Mutex<Slot>,
}

struct Cached {
    credentials: Handles,
    obtained_at: Timestamp,
    refresh_from: Timestamp,
    mandatory_from: Timestamp,
}

#[derive(Default)]
struct Slot {
    /// Counts invalidations: what was asked for before one does not count after it.
    generation: u64,
    /// What was invalidated: the cache on disk may still hold it.
    refused: RefusedKeys,
    flight: Option<Flight<Result<Credentials, CredentialsError>>>,
    failed_at: Option<Timestamp>,
}

/// What a retrieval that found nothing fresh has to do.
enum Step {
    Done(Credentials),
    Wait(Flight<Result<Credentials, CredentialsError>>),
}

impl CredentialsCache {
    /// A cache around `provider` with the default options, and with the provider's clock.
    pub fn new(provider: SsoCredentialsProvider) -> Self {
        CredentialsCacheBuilder::new(provider).into_cache()
    }

    /// A cache around `provider`, with options.
    pub fn builder(provider: SsoCredentialsProvider) -> CredentialsCacheBuilder {
        CredentialsCacheBuilder::new(provider)
    }

    /// Credentials that are good now. Dropping the future neither cancels nor repeats a request
    /// that is under way: it goes on for as long as someone drives the runtime.
    ///
    /// Fails as [`SsoCredentialsProvider::retrieve`] does, and only when there are no good ones left.
    /// A failure is not kept: the next retrieval asks again.
    pub async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
        let now = self.0.clock.now();
        if let Some(cached) = &*self.0.current.load()
            && cached.is_fresh(now)
        {
            return Ok(cached.credentials.mine().clone());
        }
        // Boxed, and behind a dyn: else the path above pays for the stack that this one takes.
        let renewal: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(self.renew());
        renewal.await
    }

    /// The credentials in memory, as long as they have not expired: asks nobody, never waits.
    pub fn current(&self) -> Option<Credentials> {
        self.0.still_good()
    }

    /// Forgets the credentials: the next retrieval asks for new ones, also where the role-credential
    /// cache on disk still holds these. A request that is under way ends for those who wait for it, and
    /// is not kept.
    ///
    /// For credentials that a service has refused before their time.
    pub fn invalidate(&self) {
        let mut slot = self.0.slot();
        slot.generation += 1;
        slot.failed_at = None;
        if slot.flight.take().is_some_and(|flight| flight.is_under_way()) {
            // What it brings may be on disk before anyone here knows what it is.
            slot.refused.set_all(true);
        }
        if let Some(refused) = self.0.current.swap(None) {
            slot.refused.add(refused.credentials.mine());
        }
    }

    /// The provider that the credentials come from.
    pub fn provider(&self) -> &SsoCredentialsProvider {
        &self.0.provider
    }

    async fn renew(&self) -> Result<Credentials, CredentialsError> {
        // More than once: a flight is lost when the runtime that it was started on shuts down, or
        // nobody drives it any more, while another one waits for it; and what it brings may have
        // expired when a waiter gets to it (a machine that slept). Then it is started again, here.
        for _ in 0..3 {
            let flight = match self.0.step() {
                Step::Done(credentials) => return Ok(credentials),
                Step::Wait(flight) => flight,
            };
            match flight.land().await {
                Some(Ok(credentials)) if credentials.is_expired(self.0.clock.now()) => {}
                Some(Ok(credentials)) => return Ok(credentials),
                Some(Err(error)) => return self.0.still_good().ok_or(error),
                None => {}
            }
        }
        Err(CredentialsError::Interrupted)
    }
}

impl Shared {
    fn step(self: &Arc<Self>) -> Step {
        let mut slot = self.slot();
        let now = self.clock.now();
        let under_way = slot.flight.as_ref().filter(|flight| flight.is_under_way()).cloned();
        if let Some(cached) = self.current.load_full().filter(|it| !it.is_expired(now)) {
            let failed_lately = slot.failed_at.is_some_and(|at| {
                let since = now.duration_since(at);
                !since.is_negative() && since < FAILURE_IS_REMEMBERED
            });
            let others_see_to_it = under_way.is_some() && now < cached.mandatory_from;
            if cached.is_fresh(now) || failed_lately || others_see_to_it {
                return Step::Done(cached.credentials.mine().clone());
            }
        }
        Step::Wait(under_way.unwrap_or_else(|| {
            let task = Arc::clone(self).fly(slot.generation, slot.refused.clone());
            let flight = Flight::launch(self.provider.time_limit(), task);
            slot.flight = Some(flight.clone());
            flight
        }))
    }

    async fn fly(
        self: Arc<Self>,
        generation: u64,
        refused: RefusedKeys,
    ) -> Result<Credentials, CredentialsError> {
        let retrieved = self.provider.retrieve_other_than(&refused).await;
        let now = self.clock.now();
        let mut slot = self.slot();
        if slot.generation != generation {
            if let Ok(credentials) = &retrieved {
                slot.refused.add(credentials);
            }
            return retrieved;
        }
        match &retrieved {
            Ok(credentials) => {
                slot.failed_at = None;
                slot.refused.set_all(false);
                self.current.store(Some(Arc::new(self.cached(credentials, now))));
            }
            Err(error) => {
                slot.failed_at = Some(now);
                if self.still_good().is_some() {
                    tracing::warn!(
                        error = error as &dyn std::error::Error,
                        "the role credentials were not renewed ahead of their expiry; they still serve"
                    );
                }
            }
        }
        retrieved
    }

    fn cached(&self, credentials: &Credentials, now: Timestamp) -> Cached {
        let expires_at = credentials.expires_at();
        let lifetime = expires_at.duration_since(now);
        let window = self.refresh_window.min(lifetime / 2);
        let window = window.mul_f64(1.0 - self.jitter * random_fraction());
        let mandatory = self.mandatory_window.min(window / 2);
        Cached {
            credentials: Handles::new(credentials),
            obtained_at: now,
            refresh_from: expires_at.saturating_sub(window).unwrap_or(now),
            mandatory_from: expires_at.saturating_sub(mandatory).unwrap_or(now),
        }
    }

    fn still_good(&self) -> Option<Credentials> {
        let cached = self.current.load_full()?;
        let expired = cached.is_expired(self.clock.now());
        (!expired).then(|| cached.credentials.mine().clone())
    }

    /// Nothing that holds the lock can panic half way through a change, so a poisoned one is good.
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cached {
    fn is_expired(&self, now: Timestamp) -> bool {
        self.credentials.mine().is_expired(now)
    }

    /// A clock that was set back behind the moment they were got says nothing about their age, so
    /// that does not count as fresh.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.obtained_at <= now && now < self.refresh_from
    }
}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.0.current.load();
        f.debug_struct("CredentialsCache")
            .field("provider", &self.0.provider)
            .field("current", &current.as_ref().map(|cached| cached.credentials.mine()))
            .finish_non_exhaustive()
    }
}

/// Makes a [`CredentialsCache`]. Each setter is named as the option, which says its default.
#[derive(Debug)]
#[must_use]
pub struct CredentialsCacheBuilder {
    provider: SsoCredentialsProvider,
    clock: Arc<dyn Clock>,
    refresh_window: Duration,
    mandatory_window: Duration,
    jitter: f64,
}

impl CredentialsCacheBuilder {
    fn new(provider: SsoCredentialsProvider) -> Self {
        Self {
            clock: provider.clock(),
            provider,
            refresh_window: Duration::from_secs(5 * 60),
            mandatory_window: Duration::from_secs(60),
            jitter: 0.2,
        }
    }

    /// How long before their expiry credentials are renewed while they still serve: 5 minutes,
    /// unless set here; never more than half of their life.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = window;
        self
    }

    /// How long before their expiry every caller waits for new ones: a minute, unless set here;
    /// never more than half of the refresh window.
    pub fn mandatory_window(mut self, window: Duration) -> Self {
        self.mandatory_window = window;
        self
    }

    /// By which part of the refresh window, at most, the renewal is put off at random, so that
    /// many processes do not renew at the same moment: 0.2, unless set here. Between 0 and 1.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// The clock: the provider's, unless set here.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes the cache. Nothing is read, sent or spawned before the first retrieval. Fails when an
    /// option is out of its range.
    pub fn build(self) -> Result<CredentialsCache, ConfigError> {
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(ConfigError::Option { option: "jitter", must_be: "between 0 and 1" });
        }
        Ok(self.into_cache())
    }

    fn into_cache(self) -> CredentialsCache {
        let window = |it| SignedDuration::try_from(it).unwrap_or(SignedDuration::MAX);
        CredentialsCache(Arc::new(Shared {
            provider: self.provider,
            clock: self.clock,
            refresh_window: window(self.refresh_window),
            mandatory_window: window(self.mandatory_window),
            jitter: self.jitter,
            current: ArcSwapOption::empty(),
            slot: Mutex::default(),
        }))
    }
}
