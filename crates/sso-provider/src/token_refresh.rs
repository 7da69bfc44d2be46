//! One refresh of the access token: lock, reload, decide, reserve, `CreateToken`, commit.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CachedToken, Reservation};
use sso_http::{
    CreateToken, CreateTokenResponse, RetryPolicy, ServiceError, ServiceErrorKind, Timeouts,
};
use tokio::time::{Instant, timeout_at};

use crate::refresh_policy::{Action, Demand};
use crate::token_provider_state::{RefreshOutcome, TokenProviderState};
use crate::token_snapshot::{Snapshot, Source};
use crate::token_store::StoreGuard;
use crate::{LoginReason, TokenError};

/// The time limits of a refresh ahead of expiry: 1 second to connect, 11 for the attempt (so at least
/// 10 for the response), and 12 for the whole refresh. The response gets more time than connecting,
/// because it may contain the only valid refresh token.
const AHEAD_CONNECT: Duration = Duration::from_secs(1);
const AHEAD_ATTEMPT: Duration = Duration::from_secs(11);
const AHEAD_TOTAL: Duration = Duration::from_secs(12);

/// The default time limit of a refresh, and of everything that may have to wait for one.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The time by which a refresh may exceed its time limit, to wait for the answer to a request that was
/// sent within the limit. The answer may contain the only valid refresh token.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(11);

/// Longer time limits are reduced to this, since an `Instant` cannot be arbitrarily late.
const MAX_LIMIT: Duration = Duration::from_secs(365 * 86_400);

/// The maximum lifetime of a token. A longer lifetime in a response is reduced to this. Rejecting the
/// response instead would lose the new refresh token.
const MAX_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A refresh of the token in `snapshot`.
pub(crate) struct Refresh {
    pub(crate) shared: Arc<TokenProviderState>,
    pub(crate) snapshot: Snapshot,
    pub(crate) demand: Demand,
    pub(crate) ahead: bool,
}

impl Refresh {
    /// Takes the lock and refreshes the token. Records a failure of the refresh in memory for this
    /// provider, and in the lock file for others. Does not record a failure to take the lock.
    pub(crate) async fn run(self) -> RefreshOutcome {
        let shared = &self.shared;
        let times = if self.ahead {
            Times::new(AHEAD_TOTAL, Duration::ZERO)
        } else {
            Times::new(shared.timeout, ANSWER_WAIT)
        };
        let locked = timeout_at(times.last_request, self.lock()).await;
        let locked = locked.unwrap_or_else(|_| Err(shared.timed_out(times.limit)));
        let result = match locked {
            Err(error) => Err(error),
            Ok(LockOutcome::NotNeeded(snapshot)) => Ok(snapshot),
            Ok(LockOutcome::Acquired(guard)) => {
                let mut current = self.snapshot.clone();
                let result = self.refresh(&guard, &mut current, times).await;
                if let Err(error) = &result {
                    shared.record_failure(&current, Some(error.clone()));
                    guard.record_failure(shared.now());
                }
                result
            }
        };
        if let Err(error) = &result
            && self.ahead
            && !error.is_no_token()
        {
            warn(error);
        }
        RefreshOutcome { result, ahead: self.ahead }
    }

    /// Refreshes the token under the lock. Stores in `current` each token that it reads.
    async fn refresh(
        &self,
        guard: &StoreGuard<'_>,
        current: &mut Snapshot,
        times: Times,
    ) -> Result<Snapshot, TokenError> {
        let timed_out = |_| self.shared.timed_out(times.limit);
        let mut retries = self.shared.retry.policy();
        let mut waited_for_other = false;
        loop {
            *current = guard.reload().await.map_err(|error| self.shared.load_error(error))?;
            if let Some(result) = self.result_without_refresh(current) {
                return result;
            }
            let reservation = self.reserve(guard, current)?;
            let requested_at = self.shared.now();
            let answer = self.create_token(current, requested_at);
            let answer = timeout_at(times.last_answer, answer).await.map_err(timed_out)?;
            // There must be no `.await` between a response and its commit.
            let retry = self.next_retry(&mut retries, &answer);
            let error = match answer {
                Ok(answer) => {
                    let (token, pending) =
                        self.commit(guard, current, reservation, &answer, requested_at)?;
                    if let Some(pending) = pending {
                        guard.finish(pending, &token).await;
                    }
                    return Ok(token);
                }
                Err(error) => error,
            };
            drop(reservation);
            if error.is_invalid_grant() && !waited_for_other {
                // Another process may have used the refresh token without taking the lock.
                waited_for_other = true;
                let wait = self.wait_for_other_process(guard, current);
                if timeout_at(times.last_request, wait).await.map_err(timed_out)?? {
                    continue;
                }
            }
            if is_final(&error) {
                return Err(self.shared.login_required(LoginReason::SessionEnded(error)));
            }
            match retry {
                Some(delay) => {
                    timeout_at(times.last_request, delay).await.map_err(timed_out)?;
                }
                None => return Err(self.shared.refresh_failed(error)),
            }
        }
    }

    /// Takes the lock, unless this process need not refresh the token. That is the case if another
    /// process has refreshed it, or is refreshing it while it is still valid.
    async fn lock(&self) -> Result<LockOutcome<'_>, TokenError> {
        let store = &self.shared.store;
        if self.ahead {
            let locked = store.try_lock().map_err(|error| self.shared.locked(error))?;
            return Ok(match locked {
                Some(guard) => LockOutcome::Acquired(guard),
                None => LockOutcome::NotNeeded(self.snapshot.clone()),
            });
        }
        let deadline = after(self.shared.lock_timeout);
        let mut known = self.snapshot.version.clone();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let locked = store.lock(&known, left).await;
            if let Some(guard) = locked.map_err(|error| self.shared.locked(error))? {
                return Ok(LockOutcome::Acquired(guard));
            }
            let current = store.reload().await.map_err(|error| self.shared.load_error(error))?;
            if let Some(result) = self.result_without_refresh(&current) {
                return result.map(LockOutcome::NotNeeded);
            }
            known = current.version;
        }
    }

    /// Applies the refresh policy to the current token. Returns `None` if the token must be
    /// refreshed, or else the result without a refresh.
    fn result_without_refresh(&self, current: &Snapshot) -> Option<Result<Snapshot, TokenError>> {
        match self.shared.decide(current, &self.demand) {
            Action::Use => Some(Ok(current.clone())),
            // Another process has just refreshed the token.
            Action::RefreshAhead if !current.has_same_token(&self.snapshot) => {
                Some(Ok(current.clone()))
            }
            Action::RefreshAhead | Action::Refresh => None,
            Action::Login(reason) => Some(Err(self.shared.login_required(reason))),
            Action::Fail(error) => Some(Err(error)),
        }
    }

    /// Reserves disk space for the new token. If that fails, the refresh token must not be spent,
    /// because the new token would be lost. Exceptions: the refresh token in the file is already
    /// spent, or the option `allow_unsaved_refresh` is set.
    fn reserve(
        &self,
        guard: &StoreGuard<'_>,
        current: &Snapshot,
    ) -> Result<Option<Reservation>, TokenError> {
        let is_spent = matches!(current.source, Source::Unsaved { .. });
        match guard.reserve() {
            Ok(reservation) => Ok(Some(reservation)),
            Err(error) if is_spent || (self.shared.allow_unsaved_refresh && !self.ahead) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "refreshing the access token although the new one cannot be written now"
                );
                Ok(None)
            }
            Err(error) => Err(self.shared.not_writable(error)),
        }
    }

    async fn create_token(
        &self,
        current: &Snapshot,
        now: Timestamp,
    ) -> Result<CreateTokenResponse, ServiceError> {
        let (Some(oidc), Ok(material)) = (&self.shared.oidc, current.token.refreshability(now))
        else {
            // Unreachable: `RefreshPolicy::decide` has checked both.
            return Err(ServiceError::malformed("the token cannot be refreshed"));
        };
        let mut request = CreateToken::refresh_token(
            material.client_id,
            material.client_secret.clone(),
            material.refresh_token.clone(),
        );
        if self.ahead {
            let timeouts = Timeouts::default().connect(AHEAD_CONNECT).attempt(AHEAD_ATTEMPT);
            request = request.timeouts(timeouts);
        }
        crate::service::call(oidc, request).await
    }

    fn commit(
        &self,
        guard: &StoreGuard<'_>,
        base: &Snapshot,
        reservation: Option<Reservation>,
        answer: &CreateTokenResponse,
        requested_at: Timestamp,
    ) -> Result<(Snapshot, Option<sso_cache::PendingStore>), TokenError> {
        let shared = &self.shared;
        let lifetime = SignedDuration::try_from(answer.expires_in().min(MAX_LIFETIME))
            .unwrap_or(SignedDuration::ZERO);
        let renew = |base: &CachedToken| {
            // The lifetime starts before the request, so that a slow response does not extend it.
            let expires_at = requested_at.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
            let refresh_token = answer.refresh_token().cloned();
            let mut token =
                base.refreshed(answer.access_token().clone(), expires_at, refresh_token);
            if let Some(region) = &shared.region {
                token = token.with_region(region.as_str());
            }
            if let Some(start_url) = &shared.start_url {
                token = token.with_start_url(start_url.as_str());
            }
            token
        };
        let committed = guard.commit(base, reservation, renew);
        let committed = committed.map_err(|error| shared.load_error(error))?;
        tracing::debug!("the access token was refreshed");
        shared.record_success(answer.access_token(), lifetime);
        Ok(committed)
    }

    /// Waits for another process, which may have used the refresh token, to write its new token.
    /// Returns `false` if no process has written one in time.
    async fn wait_for_other_process(
        &self,
        guard: &StoreGuard<'_>,
        sent: &Snapshot,
    ) -> Result<bool, TokenError> {
        let mut wait = self.shared.store.start_wait("write the token that it refreshed");
        loop {
            let current = guard.reload().await.map_err(|error| self.shared.load_error(error))?;
            if current.token.refresh_token() != sent.token.refresh_token() {
                return Ok(true);
            }
            if wait.elapsed() >= self.shared.invalid_grant_wait {
                return Ok(false);
            }
            wait.pause().await;
        }
    }

    /// Returns the delay before another attempt, or `None` if there must be no other attempt.
    fn next_retry(
        &self,
        retries: &mut RetryPolicy,
        answer: &Result<CreateTokenResponse, ServiceError>,
    ) -> Option<sso_http::RetryDelay> {
        let was_not_carried_out = answer.as_ref().is_err_and(|error| !error.is_outcome_unknown());
        // A retry layer over the service has already retried requests that were not carried out.
        let is_retried_by_layer = was_not_carried_out && !self.shared.retries_unexecuted;
        if self.ahead || is_retried_by_layer {
            return None;
        }
        retries.next_wait(answer)
    }
}

/// The time limits of one refresh.
#[derive(Clone, Copy)]
struct Times {
    /// For the error after a timeout.
    limit: Duration,
    /// Until then, the refresh may wait or send a request.
    last_request: Instant,
    /// Until then, it waits for the answer to a request.
    last_answer: Instant,
}

impl Times {
    fn new(limit: Duration, answer_wait: Duration) -> Self {
        let last_answer = after(limit.saturating_add(answer_wait));
        Self { limit, last_request: after(limit), last_answer }
    }
}

fn after(limit: Duration) -> Instant {
    Instant::now() + limit.min(MAX_LIMIT)
}

/// The outcome of waiting for the lock.
enum LockOutcome<'a> {
    /// This process refreshes the token.
    Acquired(StoreGuard<'a>),
    /// No refresh is needed; use this token.
    NotNeeded(Snapshot),
}

/// Returns `true` if the user must log in, because the service refused `CreateToken` with a
/// permanent OAuth error.
fn is_final(error: &ServiceError) -> bool {
    let is_temporary = error.is_throttled()
        || error.kind() == ServiceErrorKind::AuthorizationPending
        || error.is_transient();
    let is_service_error = error.oauth_code().is_some()
        || error.code().is_some_and(|code| code.ends_with("Exception"));
    error.status().is_some_and(|status| (400..500).contains(&status))
        && is_service_error
        && !is_temporary
}

/// Logs a failed refresh ahead of expiry. A directory that is not writable is logged at level
/// `DEBUG`: it may be read-only on purpose, as in a container, and the token is still valid.
fn warn(error: &TokenError) {
    let error_value = error as &dyn std::error::Error;
    if matches!(error, TokenError::NotWritable { .. }) {
        tracing::debug!(
            error = error_value,
            "the access token is not refreshed ahead of its expiry"
        );
    } else {
        tracing::warn!(
            error = error_value,
            "failed to refresh the access token ahead of its expiry; it is still valid"
        );
    }
}
