//! Role credentials kept in memory and renewed before they expire.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::{SignedDuration, Timestamp};
use sso_types::{Clock, Credentials, SystemClock, random_fraction};

use crate::single_flight::SingleFlight;
use crate::{ConfigError, CredentialsError, CredentialsFuture, ProvideCredentials};

/// How long after a failed renewal the valid credentials are used without another attempt.
const FAILURE_IS_REMEMBERED: SignedDuration = SignedDuration::from_secs(30);

/// How often a retrieval starts over when its flight was lost or brought expired credentials.
const MAX_ROUNDS: usize = 3;

/// Keeps the credentials of any [`ProvideCredentials`] in memory, and renews them before they
/// expire. Clones share everything.
///
/// * **Fresh**: no lock, no allocation, no waiting.
/// * **In the refresh window** (5 minutes before expiry): the caller that starts the request waits
///   for it, so that a short-lived program makes progress; others get the valid credentials.
/// * **In the mandatory window** (the last minute): every caller waits for the one request.
/// * A request that fails in either window leaves the valid credentials in use, with a warning, and
///   is not repeated for 30 seconds.
/// * **Expired**: never handed out. Every caller waits for the one request and shares its failure.
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
/// A caller that gives up early (a `timeout` around a retrieval) should use a multi-thread runtime
/// with one worker. On a current-thread runtime a refresh stands still between two `block_on`s, and
/// may hold the token file's lock, which other processes wait for.
#[derive(Clone)]
pub struct CredentialsCache(Arc<Shared>);

struct Shared {
    provider: Arc<dyn ProvideCredentials>,
    clock: Arc<dyn Clock>,
    refresh_window: SignedDuration,
    mandatory_window: SignedDuration,
    jitter: f64,
    current: ArcSwapOption<Cached>,
    flights: SingleFlight<Result<Credentials, CredentialsError>>,
    state: Mutex<State>,
}

struct Cached {
    credentials: Credentials,
    obtained_at: Timestamp,
    refresh_from: Timestamp,
    mandatory_from: Timestamp,
}

#[derive(Default)]
struct State {
    failed_at: Option<Timestamp>,
    /// Whether credentials were invalidated and no others obtained since.
    invalidated: bool,
}

impl CredentialsCache {
    /// Returns a cache around `provider` with the default options.
    pub fn new(provider: impl ProvideCredentials) -> Self {
        Self::builder(provider).into_cache()
    }

    /// Returns a builder of a cache around `provider`.
    pub fn builder(provider: impl ProvideCredentials) -> CredentialsCacheBuilder {
        CredentialsCacheBuilder {
            provider: Arc::new(provider),
            clock: Arc::new(SystemClock),
            refresh_window: Duration::from_secs(5 * 60),
            mandatory_window: Duration::from_secs(60),
            jitter: 0.2,
            timeout: Duration::from_secs(60),
        }
    }

    /// Returns credentials that have not expired. Dropping the future neither cancels nor repeats a
    /// request that is running: it goes on for as long as its runtime is driven.
    ///
    /// # Errors
    ///
    /// Fails as the provider does, and only when no valid credentials are left. A failure is not
    /// kept: the next retrieval asks again.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with time enabled, unless the credentials are fresh.
    pub async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
        if let Some(cached) = &*self.0.current.load()
            && cached.is_fresh(self.0.clock.now())
        {
            return Ok(cached.credentials.clone());
        }
        // Boxed and behind a dyn: the path above must not pay for the stack of this one.
        let renewal: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(self.renew());
        renewal.await
    }

    /// Returns the credentials in memory if they have not expired. Sends nothing and never waits.
    pub fn current(&self) -> Option<Credentials> {
        self.0.valid(self.0.clock.now())
    }

    /// Discards the credentials: the next retrieval gets new ones, not from a cache on disk either,
    /// until one succeeds. A request that is running still serves its callers and is not kept.
    ///
    /// For credentials that a service rejected before their expiry.
    pub fn invalidate(&self) {
        let mut state = self.0.state();
        state.failed_at = None;
        state.invalidated = true;
        self.0.flights.forget();
        self.0.current.store(None);
    }

    /// The provider that the credentials come from.
    pub fn provider(&self) -> &Arc<dyn ProvideCredentials> {
        &self.0.provider
    }

    async fn renew(&self) -> Result<Credentials, CredentialsError> {
        let shared = &self.0;
        for _ in 0..MAX_ROUNDS {
            if let Some(credentials) = shared.usable(shared.flights.is_running()) {
                return Ok(credentials);
            }
            let flight = shared.flights.join(|generation| Arc::clone(shared).request(generation));
            match flight.wait().await {
                Some(Ok(credentials)) if !credentials.is_expired(shared.clock.now()) => {
                    return Ok(credentials);
                }
                Some(Err(error)) => return self.current().ok_or(error),
                // The machine slept until the new credentials had expired, or the flight was lost.
                Some(Ok(_)) | None => {}
            }
        }
        Err(CredentialsError::Interrupted)
    }
}

impl Shared {
    /// Returns the credentials in memory if nobody has to wait for newer ones.
    fn usable(&self, renewal_is_running: bool) -> Option<Credentials> {
        let now = self.clock.now();
        let cached =
            self.current.load_full().filter(|cached| !cached.credentials.is_expired(now))?;
        let failed_recently = self.state().failed_at.is_some_and(|at| {
            let since = now.duration_since(at);
            !since.is_negative() && since < FAILURE_IS_REMEMBERED
        });
        let others_renew = renewal_is_running && now < cached.mandatory_from;
        (cached.is_fresh(now) || failed_recently || others_renew)
            .then(|| cached.credentials.clone())
    }

    /// Asks the provider, and keeps the answer unless it was invalidated meanwhile.
    async fn request(self: Arc<Self>, generation: u64) -> Result<Credentials, CredentialsError> {
        // Another flight may have ended between the caller's decision and the start of this one.
        if let Some(credentials) = self.usable(false) {
            return Ok(credentials);
        }
        let invalidated = self.state().invalidated;
        let retrieved = if invalidated {
            self.provider.provide_new_credentials().await
        } else {
            self.provider.provide_credentials().await
        };
        let now = self.clock.now();
        let mut state = self.state();
        if self.flights.generation() != generation {
            return retrieved;
        }
        match &retrieved {
            Ok(credentials) => {
                *state = State::default();
                self.current.store(Some(Arc::new(self.cached(credentials, now))));
            }
            Err(error) => {
                state.failed_at = Some(now);
                if self.valid(now).is_some() {
                    tracing::warn!(
                        error = error as &dyn std::error::Error,
                        "failed to renew the role credentials ahead of their expiry; they are still valid"
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
            credentials: credentials.clone(),
            obtained_at: now,
            refresh_from: expires_at.saturating_sub(window).unwrap_or(now),
            mandatory_from: expires_at.saturating_sub(mandatory).unwrap_or(now),
        }
    }

    fn valid(&self, now: Timestamp) -> Option<Credentials> {
        let cached = self.current.load_full()?;
        (!cached.credentials.is_expired(now)).then(|| cached.credentials.clone())
    }

    /// A poisoned lock is good: nothing that holds it can panic half way through a change.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cached {
    /// A clock that was set back before `obtained_at` says nothing about the credentials' age, so
    /// they do not count as fresh.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.obtained_at <= now && now < self.refresh_from
    }
}

impl ProvideCredentials for CredentialsCache {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(self.retrieve())
    }

    fn provide_new_credentials(&self) -> CredentialsFuture<'_> {
        self.invalidate();
        Box::pin(self.retrieve())
    }
}

// A panic leaves no state half changed.
impl UnwindSafe for CredentialsCache {}
impl RefUnwindSafe for CredentialsCache {}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.0.current.load();
        f.debug_struct("CredentialsCache")
            .field("provider", &self.0.provider)
            .field("current", &current.as_ref().map(|cached| &cached.credentials))
            .finish_non_exhaustive()
    }
}

/// Builds a [`CredentialsCache`].
#[derive(Debug)]
#[must_use]
pub struct CredentialsCacheBuilder {
    provider: Arc<dyn ProvideCredentials>,
    clock: Arc<dyn Clock>,
    refresh_window: Duration,
    mandatory_window: Duration,
    jitter: f64,
    timeout: Duration,
}

impl CredentialsCacheBuilder {
    /// How long before their expiry credentials are renewed while they are still valid. The default
    /// is 5 minutes; never more than half of their lifetime.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = window;
        self
    }

    /// How long before the expiry every caller waits for new credentials. The default is one
    /// minute; never more than half of the refresh window.
    pub fn mandatory_window(mut self, window: Duration) -> Self {
        self.mandatory_window = window;
        self
    }

    /// The largest part of the refresh window, between 0 and 1, by which a renewal is delayed at
    /// random, so that many processes do not renew at the same moment. The default is 0.2.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// How long one request of the provider may take; one that takes longer counts as lost and is
    /// started again. The default is 60 seconds. Set it to the provider's own time limit if that is
    /// longer.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The clock. The default is the machine's. In a test, use the provider's.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.shared_clock(Arc::new(clock))
    }

    pub(crate) fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the cache. Nothing is read, sent or spawned before the first retrieval.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Option`] if an option is out of its range.
    pub fn build(self) -> Result<CredentialsCache, ConfigError> {
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(ConfigError::Option { option: "jitter", must_be: "between 0 and 1" });
        }
        Ok(self.into_cache())
    }

    pub(crate) fn into_cache(self) -> CredentialsCache {
        let window = |it| SignedDuration::try_from(it).unwrap_or(SignedDuration::MAX);
        CredentialsCache(Arc::new(Shared {
            provider: self.provider,
            clock: self.clock,
            refresh_window: window(self.refresh_window),
            mandatory_window: window(self.mandatory_window),
            jitter: self.jitter,
            current: ArcSwapOption::empty(),
            flights: SingleFlight::new(self.timeout),
            state: Mutex::default(),
        }))
    }
}
