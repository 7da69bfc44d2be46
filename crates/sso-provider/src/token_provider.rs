//! The provider of the SSO access token.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CacheFileError, CachedToken, LockError, TokenFile};
use sso_http::{ServiceError, ServiceErrorKind};
use sso_types::{AccessToken, Clock};
use tokio::time::timeout;

use crate::refresh_policy::{Action, Demand, FailedRefresh, History, RejectedToken};
use crate::single_flight::Flight;
use crate::token_provider_state::{RefreshOutcome, TokenProviderState};
use crate::token_refresh::Refresh;
use crate::token_snapshot::{LoadError, Snapshot};
use crate::{CallError, LoginReason, TokenError};

/// The maximum time that a caller waits for the refresh of a token that is still valid.
const AHEAD_WAIT: Duration = Duration::from_secs(3);

/// The maximum number of refreshes that one retrieval starts or joins. More than one is needed if a
/// refresh is lost (see `Flight::wait`), fails ahead of expiry, or returns a token that cannot be
/// used.
const MAX_ROUNDS: usize = 3;

/// Provides the SSO access token of one token file, and refreshes it through SSO OIDC.
///
/// Clones share all state. Any number of tasks can call the provider at the same time. Of all
/// processes that use this crate, one refreshes the token at a time; the others use its result.
///
/// Each retrieval checks with one `stat` whether the file has changed, and reads it if it has. A
/// login or logout by another tool therefore takes effect at once.
///
/// # Blocking
///
/// Checking the file, and reading a changed file, block for some microseconds. Writing a refreshed
/// token blocks until the disk has flushed it; this happens once in a token's lifetime. The
/// provider does not write on another thread, because a shutdown could then lose the token and end
/// the session.
///
/// # Runtime
///
/// Needs a tokio runtime with time enabled. The runtime must be driven until a refresh has ended: a
/// suspended refresh may hold the token file's lock, for which other processes wait. A short-lived
/// program must call [`wait_for_refresh`](Self::wait_for_refresh) before it exits.
/// [`CredentialsCache`](crate::CredentialsCache) has the same method.
#[derive(Clone)]
pub struct SsoTokenProvider(Arc<TokenProviderState>);

/// An SSO access token and its expiry. The token is secret.
#[derive(Debug, Clone)]
pub struct BearerToken(Arc<CachedToken>);

impl BearerToken {
    /// Returns the access token, which is secret.
    pub fn access_token(&self) -> &AccessToken {
        self.0.access_token()
    }

    /// Returns the time (UTC) at which the token expires.
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at()
    }

    /// Returns [`Self::expires_at`] as a [`SystemTime`](std::time::SystemTime).
    pub fn expires_at_system_time(&self) -> std::time::SystemTime {
        sso_types::system_time(self.expires_at())
    }
}

impl SsoTokenProvider {
    /// Returns the access token in the file if it is valid, or else a refreshed token. Never
    /// returns an expired token.
    ///
    /// In the refresh window, shortly before the token's expiry, the first caller starts a refresh
    /// and waits at most 3 seconds for it. If the refresh fails or takes longer, that caller gets
    /// the current token, which is still valid. Other callers get the current token at once.
    /// Dropping the future neither cancels nor repeats a refresh.
    ///
    /// # Errors
    ///
    /// Fails if a login is needed, if the token file cannot be read, or if the token has expired
    /// and could not be refreshed. [`TokenError`] has a variant for each reason.
    ///
    /// # Panics
    ///
    /// May panic outside a tokio runtime with time enabled.
    pub async fn retrieve_bearer_token(&self) -> Result<BearerToken, TokenError> {
        self.retrieve(Demand::AnyValid).await
    }

    /// Calls the SSO portal with the access token, and once more with another token if the portal
    /// rejects the first (401). The other token comes from the token file if that has changed, or
    /// else from a refresh.
    ///
    /// # Errors
    ///
    /// Fails with [`CallError::Token`] if there is no valid token, or if the portal rejected both
    /// tokens. Fails with [`CallError::Service`] if the call failed for another reason.
    ///
    /// # Panics
    ///
    /// May panic outside a tokio runtime with time enabled.
    pub async fn call_with_token<T, Answer>(
        &self,
        mut call: impl FnMut(BearerToken) -> Answer,
    ) -> Result<T, CallError>
    where
        Answer: Future<Output = Result<T, ServiceError>>,
    {
        let token = self.retrieve_bearer_token().await?;
        let answer = match call(token.clone()).await {
            Err(error) if is_rejected(&token, &error) => error,
            answer => return Ok(answer?),
        };
        let rejected = RejectedToken { token: token.access_token().clone(), answer };
        let other = self.retrieve(Demand::OtherThan(rejected)).await?;
        match call(other.clone()).await {
            Err(error) if is_rejected(&other, &error) => {
                Err(self.0.login_required(LoginReason::SessionEnded(error)).into())
            }
            answer => Ok(answer?),
        }
    }

    /// Waits for a running refresh to end, for at most 11 seconds more than its time limit. Returns at
    /// once if no refresh is running.
    ///
    /// Call this before a short-lived program exits. If the program exits during a refresh, the
    /// only valid refresh token may be lost, and the user must log in again.
    ///
    /// # Panics
    ///
    /// Panics if a refresh is running and there is no tokio runtime with time enabled.
    pub async fn wait_for_refresh(&self) {
        if let Some(flight) = self.0.flights.running() {
            flight.wait().await;
        }
    }

    /// Returns the token file.
    pub fn token_file(&self) -> &TokenFile {
        self.0.store.file()
    }

    /// Returns the error of a caller that waited for `limit`, if the token has expired.
    pub(crate) fn timed_out_refresh(&self, limit: Duration) -> Option<TokenError> {
        self.0.store.has_expired().then(|| self.0.timed_out(limit))
    }

    async fn retrieve(&self, demand: Demand) -> Result<BearerToken, TokenError> {
        let shared = &self.0;
        let mut is_lost = false;
        for round in 0..MAX_ROUNDS {
            let loaded = match &demand {
                // The rejected token may have been replaced, so read the file even if it seems
                // unchanged.
                Demand::OtherThan(_) if round == 0 => shared.store.reload().await,
                Demand::OtherThan(_) | Demand::AnyValid => shared.store.load().await,
            };
            let snapshot = loaded.map_err(|error| shared.load_error(error))?;
            let refreshed = match shared.decide(&snapshot, &demand) {
                Action::Use => return Ok(snapshot.into()),
                Action::Login(reason) => return Err(shared.login_required(reason)),
                Action::Fail(error) => return Err(error),
                Action::RefreshAhead => self.refresh_ahead(snapshot).await,
                Action::Refresh => {
                    let flight = self.refresh(snapshot, demand.clone(), false);
                    let limit = shared.timeout;
                    timeout(limit, flight.wait()).await.map_err(|_| shared.timed_out(limit))?
                }
            };
            is_lost = refreshed.is_none();
            match refreshed {
                Some(RefreshOutcome { result: Ok(token), .. })
                    if shared.satisfies(&token, &demand) =>
                {
                    return Ok(token.into());
                }
                // An error is final, except that of a refresh ahead of expiry which `Action::Refresh`
                // has joined. That refresh made only one attempt, so the last arm tries again.
                Some(RefreshOutcome { result: Err(error), ahead })
                    if !ahead || error.is_no_token() =>
                {
                    return Err(error);
                }
                // Try again: the refresh was lost, failed ahead of expiry, or returned the rejected
                // token, or the machine slept until the token had expired.
                Some(_) | None => {}
            }
        }
        Err(match demand {
            Demand::OtherThan(rejected) if !is_lost => {
                shared.login_required(LoginReason::SessionEnded(rejected.answer))
            }
            Demand::OtherThan(_) | Demand::AnyValid => shared.interrupted(),
        })
    }

    /// Refreshes a token that is still valid, unless a refresh is running or failed recently. If
    /// there is no new token within [`AHEAD_WAIT`], returns `valid`, or `None` if it has expired by
    /// then. Returns an error only if the user has logged out.
    async fn refresh_ahead(&self, valid: Snapshot) -> Option<RefreshOutcome> {
        let shared = &self.0;
        if !shared.flights.is_running() && !shared.adopt_recorded_failure(&valid) {
            let flight = self.refresh(valid.clone(), Demand::AnyValid, true);
            match timeout(AHEAD_WAIT, flight.wait()).await {
                Ok(Some(refreshed)) if refreshed.result.is_ok() => return Some(refreshed),
                // The user has logged out meanwhile.
                Ok(Some(RefreshOutcome { result: Err(error), ahead })) if error.is_no_token() => {
                    return Some(RefreshOutcome { result: Err(error), ahead });
                }
                // The refresh failed, was lost, or continues in the background.
                Ok(_) | Err(_) => {}
            }
        }
        let is_valid = !valid.token.is_expired(shared.now());
        is_valid.then_some(RefreshOutcome { result: Ok(valid), ahead: true })
    }

    /// Joins the running refresh, or starts one.
    fn refresh(&self, snapshot: Snapshot, demand: Demand, ahead: bool) -> Flight<RefreshOutcome> {
        let shared = Arc::clone(&self.0);
        self.0.flights.join(|_| Refresh { shared, snapshot, demand, ahead }.run())
    }
}

impl TokenProviderState {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn decide(&self, snapshot: &Snapshot, demand: &Demand) -> Action {
        self.policy.decide(snapshot, demand, &self.history(), self.now())
    }

    pub(crate) fn record_failure(&self, of: &Snapshot, error: Option<TokenError>) {
        let version = of.version.clone();
        self.history().failure = Some(FailedRefresh { at: self.now(), version, error });
    }

    pub(crate) fn record_success(&self, token: &AccessToken, lifetime: SignedDuration) {
        *self.history() = History { failure: None, lifetime: Some((token.clone(), lifetime)) };
    }

    pub(crate) fn load_error(&self, error: LoadError) -> TokenError {
        match error {
            LoadError::Login(reason) => self.login_required(reason),
            LoadError::File(error) => TokenError::File(error),
        }
    }

    pub(crate) fn login_required(&self, reason: LoginReason) -> TokenError {
        TokenError::LoginRequired { command: self.login_command.clone(), reason }
    }

    pub(crate) fn refresh_failed(&self, source: ServiceError) -> TokenError {
        TokenError::Refresh { command: self.login_command.clone(), source }
    }

    pub(crate) fn not_writable(&self, source: CacheFileError) -> TokenError {
        let directory = self.store.file().directory().to_owned();
        TokenError::NotWritable {
            command: self.login_command.clone(),
            directory,
            source: Box::new(source),
        }
    }

    pub(crate) fn locked(&self, source: LockError) -> TokenError {
        TokenError::Locked { command: self.login_command.clone(), source }
    }

    pub(crate) fn timed_out(&self, limit: Duration) -> TokenError {
        TokenError::Timeout { command: self.login_command.clone(), limit }
    }

    fn interrupted(&self) -> TokenError {
        TokenError::Interrupted { command: self.login_command.clone() }
    }

    /// Returns `true` if another provider or process recorded a recent failure to refresh this
    /// version of the file. Then records that failure for this provider too.
    fn adopt_recorded_failure(&self, snapshot: &Snapshot) -> bool {
        let Some(at) = self.store.file().refresh_failed_at(&snapshot.version) else {
            return false;
        };
        let failure = FailedRefresh { at, version: snapshot.version.clone(), error: None };
        let applies = failure.applies(&snapshot.version, self.now());
        if applies {
            self.history().failure = Some(failure);
        }
        applies
    }

    fn satisfies(&self, snapshot: &Snapshot, demand: &Demand) -> bool {
        let is_rejected =
            matches!(demand, Demand::OtherThan(rejected) if rejected.is_token_of(snapshot));
        !is_rejected && !snapshot.token.is_expired(self.now())
    }

    /// Ignores poisoning: no code that holds the lock can panic halfway through a change.
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns `true` if the service rejected the token, so that another token may be accepted. A token
/// that cannot be sent in a header counts as rejected.
fn is_rejected(token: &BearerToken, error: &ServiceError) -> bool {
    let fits_header = |byte| matches!(byte, b'\t' | b' '..=b'~');
    error.is_unauthorized()
        || (error.kind() == ServiceErrorKind::NotSendable
            && !token.access_token().expose_secret().bytes().all(fits_header))
}

impl From<Snapshot> for BearerToken {
    fn from(snapshot: Snapshot) -> Self {
        Self(snapshot.token)
    }
}

impl From<TokenProviderState> for SsoTokenProvider {
    fn from(state: TokenProviderState) -> Self {
        Self(Arc::new(state))
    }
}

// A panic leaves no inconsistent state.
impl UnwindSafe for SsoTokenProvider {}
impl RefUnwindSafe for SsoTokenProvider {}

impl fmt::Debug for SsoTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SsoTokenProvider")
            .field("file", self.0.store.file())
            .field("refreshes", &self.0.policy.never_because.is_none())
            .finish_non_exhaustive()
    }
}
