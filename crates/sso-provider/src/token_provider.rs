//! The SSO access token: from the token file, refreshed when it expires.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CachedToken, LockError, StoreError, TokenFile};
use sso_http::{ServiceError, ServiceErrorKind};
use sso_types::{AccessToken, Clock};
use tokio::time::timeout;

use crate::refresh_policy::{Action, Demand, FailedRefresh, History, RejectedToken};
use crate::single_flight::Flight;
use crate::token_provider_state::{Refreshed, Shared};
use crate::token_refresh::Refresh;
use crate::token_snapshot::{LoadError, Snapshot};
use crate::{CallError, LoginReason, TokenError};

/// How long a caller waits for a refresh of a token that is still valid.
const AHEAD_WAIT: Duration = Duration::from_secs(3);

/// How often a retrieval starts over when its flight was lost or brought no usable token.
const MAX_ROUNDS: usize = 3;

/// Returns the SSO access token of one token file, and refreshes it through SSO OIDC.
///
/// Clones share everything. Any number of tasks may call it: one refresh is made, across all
/// processes that use this crate.
///
/// **The file is the truth.** Each retrieval looks at the file (one `stat` if it has not changed),
/// so a login or logout by another tool counts at once.
///
/// # Blocking
///
/// Looking at the file, and reading a changed one, block for some microseconds. Writing a refreshed
/// token, once in a token's lifetime, blocks for as long as the disk takes to flush it: handed to
/// another thread, the token could be lost at a shutdown, and the session with it.
///
/// # Runtime
///
/// Needs a tokio runtime with time enabled, driven until a refresh has ended: one that stands still
/// may hold the token file's lock, which other processes wait for. A short-lived program calls
/// [`wait_for_refresh`](Self::wait_for_refresh) before it exits.
#[derive(Clone)]
pub struct SsoTokenProvider(Arc<Shared>);

/// An SSO access token and its expiry. The token is secret.
#[derive(Debug, Clone)]
pub struct BearerToken(Arc<CachedToken>);

impl BearerToken {
    /// The access token. Secret.
    pub fn access_token(&self) -> &AccessToken {
        self.0.access_token()
    }

    /// The time (UTC) from which the token is expired.
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at()
    }

    /// Returns [`Self::expires_at`] as the standard library's type.
    pub fn expires_at_system_time(&self) -> std::time::SystemTime {
        sso_types::system_time(self.expires_at())
    }
}

impl SsoTokenProvider {
    /// Returns the access token: the one in the file while it is valid, else a refreshed one. Never
    /// an expired one.
    ///
    /// Near its expiry (the refresh window) the caller that starts the refresh waits for it for at
    /// most 3 seconds. If it fails or takes longer, that caller gets the token that is still valid;
    /// other callers get it at once. Dropping the future neither cancels nor repeats a refresh.
    ///
    /// # Errors
    ///
    /// [`TokenError`] has a variant for each: a login is needed, the token file cannot be read, or
    /// the token has expired and could not be refreshed this time.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with time enabled, if a refresh is due.
    pub async fn retrieve_bearer_token(&self) -> Result<BearerToken, TokenError> {
        self.retrieve(Demand::AnyValid).await
    }

    /// Calls the SSO portal with the access token. If the portal rejects the token (401), the token
    /// file is read again, the token refreshed once if that is possible, and the call repeated once
    /// with the other token.
    ///
    /// # Errors
    ///
    /// [`CallError::Token`] if there is no valid token, or if the portal rejected both;
    /// [`CallError::Service`] if the call failed for another reason.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with time enabled, if a refresh is due.
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
        let other = self.retrieve(Demand::NotThisOne(rejected)).await?;
        match call(other.clone()).await {
            Err(error) if is_rejected(&other, &error) => {
                Err(self.0.login_required(LoginReason::SessionEnded(error)).into())
            }
            answer => Ok(answer?),
        }
    }

    /// Waits until a running refresh has ended, for at most its time limit. Returns at once if none
    /// is running.
    ///
    /// Call this before a short-lived program exits. A refresh that is cut off may lose the only
    /// valid refresh token, and with it the login.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with time enabled, if a refresh is running.
    pub async fn wait_for_refresh(&self) {
        if let Some(flight) = self.0.flights.running() {
            flight.wait().await;
        }
    }

    /// The token file.
    pub fn token_file(&self) -> &TokenFile {
        self.0.store.file()
    }

    async fn retrieve(&self, demand: Demand) -> Result<BearerToken, TokenError> {
        let shared = &self.0;
        let mut is_lost = false;
        for round in 0..MAX_ROUNDS {
            let loaded = match &demand {
                // A rejected token is not trusted to be the one in the file.
                Demand::NotThisOne(_) if round == 0 => shared.store.reload().await,
                Demand::NotThisOne(_) | Demand::AnyValid => shared.store.load().await,
            };
            let snapshot = loaded.map_err(|error| shared.load_error(error))?;
            let refreshed = match shared.decide(&snapshot, &demand) {
                Action::Use => return Ok(snapshot.into()),
                Action::Login(reason) => return Err(shared.login_required(reason)),
                Action::Fail(error) => return Err(error),
                Action::RefreshAhead => self.refresh_ahead(snapshot).await,
                Action::Refresh => self.refresh(snapshot, demand.clone(), false).wait().await,
            };
            is_lost = refreshed.is_none();
            match refreshed {
                Some(Refreshed { result: Ok(token), .. }) if shared.satisfies(&token, &demand) => {
                    return Ok(token.into());
                }
                // A refresh ahead of expiry makes one attempt, and the token has expired meanwhile.
                Some(Refreshed { result: Err(error), ahead }) if !ahead || error.is_no_token() => {
                    return Err(error);
                }
                // The flight was lost, was started for the rejected token, or the machine slept.
                Some(_) | None => {}
            }
        }
        Err(match demand {
            Demand::NotThisOne(rejected) if !is_lost => {
                shared.login_required(LoginReason::SessionEnded(rejected.answer))
            }
            Demand::NotThisOne(_) | Demand::AnyValid => shared.interrupted(),
        })
    }

    /// Refreshes a token that is still valid, unless that is running or failed recently. Whatever
    /// comes of it, a valid token is the result; `None` if it expires meanwhile.
    async fn refresh_ahead(&self, valid: Snapshot) -> Option<Refreshed> {
        let shared = &self.0;
        if !shared.flights.is_running() && !shared.failed_elsewhere(&valid) {
            let flight = self.refresh(valid.clone(), Demand::AnyValid, true);
            match timeout(AHEAD_WAIT, flight.wait()).await {
                Ok(Some(refreshed)) if refreshed.result.is_ok() => return Some(refreshed),
                // Somebody has logged out meanwhile.
                Ok(Some(Refreshed { result: Err(error), ahead })) if error.is_no_token() => {
                    return Some(Refreshed { result: Err(error), ahead });
                }
                // It failed, it was lost, or it goes on in the background.
                Ok(_) | Err(_) => {}
            }
        }
        let is_valid = !valid.token.is_expired(shared.now());
        is_valid.then_some(Refreshed { result: Ok(valid), ahead: true })
    }

    /// Joins the running refresh, or starts one.
    fn refresh(&self, seen: Snapshot, demand: Demand, ahead: bool) -> Flight<Refreshed> {
        let shared = Arc::clone(&self.0);
        self.0.flights.join(|_| Refresh { shared, seen, demand, ahead }.run())
    }
}

impl Shared {
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

    pub(crate) fn not_writable(&self, source: StoreError) -> TokenError {
        let path = self.store.file().path();
        let directory = path.parent().unwrap_or(path).to_owned();
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

    /// Whether another provider or process recorded a failed refresh of this version of the file.
    fn failed_elsewhere(&self, snapshot: &Snapshot) -> bool {
        let Some(at) = self.store.file().refresh_failed_at(&snapshot.version) else {
            return false;
        };
        let failure = FailedRefresh { at, version: snapshot.version.clone(), error: None };
        let counts = failure.counts(&snapshot.version, self.now());
        if counts {
            self.history().failure = Some(failure);
        }
        counts
    }

    fn satisfies(&self, snapshot: &Snapshot, demand: &Demand) -> bool {
        let is_rejected = matches!(demand, Demand::NotThisOne(rejected) if rejected.is(snapshot));
        !is_rejected && !snapshot.token.is_expired(self.now())
    }

    /// A poisoned lock is good: nothing that holds it can panic half way through a change.
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the token is at fault, so that another one may do better. A token that holds what no
/// header can carry counts as rejected.
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

impl From<Shared> for SsoTokenProvider {
    fn from(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

// A panic leaves no state half changed.
impl UnwindSafe for SsoTokenProvider {}
impl RefUnwindSafe for SsoTokenProvider {}

impl fmt::Debug for SsoTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SsoTokenProvider")
            .field("file", self.0.store.file())
            .field("refreshes", &self.0.policy.never.is_none())
            .finish_non_exhaustive()
    }
}
