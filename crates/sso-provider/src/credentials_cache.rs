//! The cache that keeps role credentials in memory and renews them before they expire.

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
use crate::token_refresh::DEFAULT_TIMEOUT;
use crate::{ConfigError, CredentialsError, CredentialsFuture, ProvideCredentials};

/// The time after a failed renewal during which valid credentials are used without another attempt.
const FAILURE_BACKOFF: SignedDuration = SignedDuration::from_secs(30);

/// The maximum number of requests that one retrieval starts or joins. More than one is needed if a
/// request is lost (see `Flight::wait`) or returns expired credentials.
const MAX_ROUNDS: usize = 3;

/// Keeps the credentials of any [`ProvideCredentials`] in memory, and renews them before they
/// expire. Clones share one cache.
///
/// * **Fresh**: a retrieval takes no lock, does not allocate and does not wait.
/// * **In the refresh window** (the last 5 minutes): the first caller starts a request and waits
///   for it, because a runtime that is driven only during calls would not complete it in the
///   background. Other callers get the current credentials.
/// * **In the mandatory window** (the last minute): all callers wait for one request.
/// * If the request fails in either window, the cache logs a warning and returns the current
///   credentials. It does not send another request for 30 seconds.
/// * **Expired**: the cache never returns expired credentials. All callers wait for one request. If
///   it fails, all of them get its error.
///
/// Needs a tokio runtime with time enabled. Synchronous code can keep a runtime for its calls:
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
/// A token refresh can continue after the retrieval that started it: if the token is still valid and
/// the refresh takes more than 3 seconds, or if the caller drops the retrieval. Therefore:
///
/// * A short-lived program must call [`wait_for_refresh`](Self::wait_for_refresh) before it exits.
/// * Synchronous code should use a multi-thread runtime with one worker. A current-thread runtime
///   suspends the refresh between two calls of `block_on`. The refresh may then hold the token
///   file's lock, for which other processes wait.
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
    /// True if the credentials were invalidated and have not been renewed since.
    invalidated: bool,
}

impl CredentialsCache {
    /// Returns a cache over `provider` with the default options.
    pub fn new(provider: impl ProvideCredentials) -> Self {
        Self::builder(provider).into_cache()
    }

    /// Returns a builder of a cache over `provider`.
    pub fn builder(provider: impl ProvideCredentials) -> CredentialsCacheBuilder {
        CredentialsCacheBuilder {
            provider: Arc::new(provider),
            clock: Arc::new(SystemClock),
            refresh_window: Duration::from_secs(5 * 60),
            mandatory_window: Duration::from_secs(60),
            jitter: 0.2,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// Returns credentials that have not expired. Dropping the future neither cancels nor repeats a
    /// running request, which continues while its runtime is driven.
    ///
    /// # Errors
    ///
    /// Fails with the provider's error if no valid credentials are left. The error is not cached:
    /// the next retrieval sends a new request.
    ///
    /// # Panics
    ///
    /// Panics if the credentials are not fresh and there is no tokio runtime with time enabled.
    pub async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
        if let Some(cached) = &*self.0.current.load()
            && cached.is_fresh(self.0.clock.now())
        {
            return Ok(cached.credentials.clone());
        }
        // Boxed as a trait object, so that this path does not enlarge the future of the fast path.
        let renewal: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(self.renew());
        renewal.await
    }

    /// Returns the credentials in memory if they have not expired. Sends no request and never
    /// waits.
    pub fn current(&self) -> Option<Credentials> {
        self.0.valid(self.0.clock.now())
    }

    /// Discards the credentials. Retrievals then request new credentials, bypassing a cache on
    /// disk, until a request succeeds. A running request still returns its result to its callers,
    /// but the result is not cached.
    ///
    /// Use this after a service has rejected the credentials before their expiry.
    pub fn invalidate(&self) {
        let mut state = self.0.state();
        state.failed_at = None;
        state.invalidated = true;
        self.0.flights.forget();
        self.0.current.store(None);
    }

    /// Waits for running requests and a running refresh of the access token to end, for at most 11
    /// seconds more than their time limits. Returns at once if nothing is running.
    ///
    /// Call this before a short-lived program exits. If the program exits during a refresh, the
    /// only valid refresh token may be lost, and the user must log in again.
    ///
    /// # Panics
    ///
    /// Panics if a request or a refresh is running and there is no tokio runtime with time enabled.
    pub async fn wait_for_refresh(&self) {
        if let Some(flight) = self.0.flights.running() {
            flight.wait().await;
        }
        self.0.provider.wait_for_refresh().await;
    }

    /// Returns the provider of the credentials.
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
                // The machine slept until the new credentials had expired, or the request was lost.
                Some(Ok(_)) | None => {}
            }
        }
        Err(CredentialsError::Interrupted)
    }
}

impl Shared {
    /// Returns the credentials in memory if the caller does not need to wait for a renewal.
    fn usable(&self, renewal_is_running: bool) -> Option<Credentials> {
        let now = self.clock.now();
        let cached =
            self.current.load_full().filter(|cached| !cached.credentials.is_expired(now))?;
        let failed_recently = self.state().failed_at.is_some_and(|at| {
            let since = now.duration_since(at);
            !since.is_negative() && since < FAILURE_BACKOFF
        });
        let others_renew = renewal_is_running && now < cached.mandatory_from;
        (cached.is_fresh(now) || failed_recently || others_renew)
            .then(|| cached.credentials.clone())
    }

    /// Calls the provider, and caches the credentials unless [`CredentialsCache::invalidate`] was
    /// called meanwhile.
    async fn request(self: Arc<Self>, generation: u64) -> Result<Credentials, CredentialsError> {
        // Another request may have ended between the caller's check and the start of this one.
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

    /// Ignores poisoning: no code that holds the lock can panic halfway through a change.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cached {
    /// Returns `true` outside the refresh window. If the clock was set back to before
    /// `obtained_at`, the age of the credentials is unknown, so they do not count as fresh.
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

    fn wait_for_refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.wait_for_refresh())
    }
}

// A panic leaves no inconsistent state.
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
    /// Sets how long before their expiry credentials are renewed. The default is 5 minutes. The
    /// window is at most half of the credentials' lifetime.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = window;
        self
    }

    /// Sets how long before their expiry all callers begin to wait for new credentials. The default
    /// is one minute. This window is at most half of the refresh window.
    pub fn mandatory_window(mut self, window: Duration) -> Self {
        self.mandatory_window = window;
        self
    }

    /// Sets the maximum random delay of a renewal, as a fraction (0 to 1) of the refresh window. The
    /// delay keeps many processes from renewing at the same moment. The default is 0.2.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Sets the time limit for one call of the provider. A call that takes longer counts as lost,
    /// and another is started. The default is 60 seconds. Use at least the provider's own time
    /// limit.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the clock. The default is the system clock. In a test, use the provider's clock.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.shared_clock(Arc::new(clock))
    }

    pub(crate) fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the cache. It does not call the provider before the first retrieval.
    ///
    /// # Errors
    ///
    /// Fails with [`ConfigError::Option`] if an option is out of range.
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
