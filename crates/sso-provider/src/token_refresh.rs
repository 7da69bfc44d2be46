//! One refresh of the access token: lock, look again, `CreateToken`, write.
//!
//! Runs as a flight. Not responsible for deciding that a refresh is due, nor for who waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CachedToken, Fingerprint, LockError, StoreError, TokenFileLock};
use sso_http::{CreateToken, CreateTokenResponse, RetryDelay, RetryPolicy, ServiceError};
use tokio::time::timeout;

use crate::seen::Seen;
use crate::token_provider::{Refused, Shared};
use crate::wait::Wait;
use crate::{LoginReason, TokenError};

/// How long a process that used our refresh token, without our lock, has to write what it got.
const OTHERS_WRITE_WITHIN: Duration = Duration::from_secs(2);

/// What the refresh is for.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    /// The token still serves: a refresh that is busy elsewhere, or fails, does no harm.
    RefreshAhead,
    /// There is no token without it.
    Refresh,
    /// The service refused the token before its time.
    Replace(Refused),
}

/// How a look at the file and the service ended.
enum Outcome {
    /// There is a token that serves, and nothing to write.
    Found(Seen),
    New(Renewed),
}

/// What the service gave, and is not yet the file's.
struct Renewed {
    answer: CreateTokenResponse,
    /// When it was asked for.
    asked_at: Timestamp,
    /// The token that it was asked with, and the file's state then.
    base: Seen,
    lock: Option<TokenFileLock>,
}

/// Refreshes the token that was `seen`, and publishes what came of it.
pub(crate) async fn fly(
    shared: Arc<Shared>,
    seen: Seen,
    errand: Errand,
) -> Result<Arc<CachedToken>, TokenError> {
    let limit = shared.time_limit;
    let refresh = Refresh { shared: &shared, seen: &seen, errand: &errand };
    let mut tried = seen.fingerprint.clone();
    let outcome = timeout(limit, refresh.run(&mut tried)).await;
    let outcome = outcome.unwrap_or(Err(TokenError::Timeout { limit }));
    match outcome {
        Ok(Outcome::Found(found)) => {
            let token = Arc::clone(&found.token);
            if found.fingerprint != seen.fingerprint {
                shared.publish(found, None);
            }
            Ok(token)
        }
        Ok(Outcome::New(renewed)) => refresh.write(renewed),
        Err(error) => {
            if matches!(errand, Errand::RefreshAhead) && !error.is_no_token() {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the access token was not refreshed ahead of its expiry; it still serves"
                );
            }
            shared.publish_failure(tried, &error);
            Err(error)
        }
    }
}

/// Tries again to write a token that could not be written when it was refreshed.
pub(crate) fn write_unsaved(shared: &Shared) {
    if shared.unsaved().is_none() {
        return;
    }
    // A busy lock or a changed file: someone else writes, and the next look will tell.
    let lock = match shared.file.try_lock() {
        Ok(Some(lock)) => Some(lock),
        Ok(None) => return,
        Err(_) => None,
    };
    // Not before the lock is taken: who had it may have left a newer one, with whose refresh token
    // alone the session goes on.
    let Some(unsaved) = shared.unsaved() else { return };
    if shared.file.fingerprint().ok().flatten().as_ref() != Some(&unsaved.fingerprint) {
        return;
    }
    match store(shared, lock.as_ref(), &unsaved.token) {
        Ok(fingerprint) => shared.publish_saved(&unsaved, fingerprint),
        Err(error) => tracing::debug!(
            error = &error as &dyn std::error::Error,
            "the refreshed token still cannot be written"
        ),
    }
}

struct Refresh<'a> {
    shared: &'a Shared,
    seen: &'a Seen,
    errand: &'a Errand,
}

/// What waiting for the lock came to.
enum Turn {
    /// Our turn, with the lock or, where locking is not to be had, without it.
    Ours(Option<TokenFileLock>),
    /// Someone else made the refresh, or is making one that need not be waited for.
    Done(Seen),
}

impl Refresh<'_> {
    /// Refreshes; leaves in `tried` of which state of the file.
    async fn run(&self, tried: &mut Fingerprint) -> Result<Outcome, TokenError> {
        let lock = match self.take_turn().await? {
            Turn::Ours(lock) => lock,
            Turn::Done(seen) => return Ok(Outcome::Found(seen)),
        };
        // Under the lock the file is read again: what is refreshed is what is there now.
        let mut base = self.read_again(self.seen.clone())?;
        let mut retry = self.shared.retry.policy();
        let mut lost_a_race = false;
        loop {
            if self.serves(&base) {
                return Ok(Outcome::Found(base));
            }
            tried.clone_from(&base.fingerprint);
            let asked_at = self.shared.clock.now();
            let outcome = self.create_token(&base, asked_at).await?;
            let wait = self.wait_before_retry(&mut retry, &outcome);
            let error = match outcome {
                Ok(answer) => return Ok(Outcome::New(Renewed { answer, asked_at, base, lock })),
                Err(error) => error,
            };
            if error.is_invalid_grant() && !lost_a_race {
                // Someone without our lock used the refresh token first, and writes what it got.
                let Some(theirs) = self.wait_for_theirs(&base).await? else {
                    return Err(self.shared.sign_in(LoginReason::SessionEnded(error)));
                };
                base = theirs;
                lost_a_race = true;
            } else if error.is_login_required() || error.is_invalid_grant() {
                return Err(self.shared.sign_in(LoginReason::SessionEnded(error)));
            } else if let Some(wait) = wait {
                // Where the answer was lost the refresh token may be spent: look before asking.
                wait.await;
                base = self.read_again(base)?;
            } else {
                return Err(TokenError::Refresh(error));
            }
        }
    }

    /// What is there now: `known`, where that could not be written and nobody else has written.
    fn read_again(&self, known: Seen) -> Result<Seen, TokenError> {
        Ok(Seen::or_newer(self.shared.read()?, known))
    }

    /// The wait before another attempt, where one is to be made.
    fn wait_before_retry(
        &self,
        retry: &mut RetryPolicy,
        outcome: &Result<CreateTokenResponse, ServiceError>,
    ) -> Option<RetryDelay> {
        let is_certain = outcome.as_ref().is_err_and(|error| !error.is_outcome_unknown());
        if is_certain && !self.shared.retries_certain_failures {
            // The caller's layers have tried that often enough.
            return None;
        }
        retry.next_wait(outcome)
    }

    /// Waits for the lock, no longer than its limit; while waiting, watches for a token that
    /// serves, so that a crowd does not queue for a lock that it no longer needs.
    async fn take_turn(&self) -> Result<Turn, TokenError> {
        let mut wait = Wait::new("waiting for another process to refresh the access token");
        let mut last_look = self.seen.fingerprint.clone();
        loop {
            match self.shared.file.try_lock() {
                Ok(Some(lock)) => {
                    self.shared.warn_of_access();
                    return Ok(Turn::Ours(Some(lock)));
                }
                Ok(None) => {}
                Err(error) => {
                    self.warn_of_no_lock(&error);
                    return Ok(Turn::Ours(None));
                }
            }
            if matches!(self.errand, Errand::RefreshAhead) {
                return Ok(Turn::Done(self.seen.clone()));
            }
            if self.shared.file.fingerprint().ok().flatten().is_some_and(|now| now != last_look) {
                let there = self.shared.read()?;
                if self.serves(&there) {
                    return Ok(Turn::Done(there));
                }
                last_look = there.fingerprint;
            }
            let waited = wait.elapsed();
            if waited >= self.shared.lock_limit {
                let path = self.shared.file.lock_path();
                let path = path.unwrap_or_else(|_| self.shared.file.path().to_owned());
                return Err(TokenError::Locked(LockError::Timeout { path, waited }));
            }
            wait.pause().await;
        }
    }

    fn warn_of_no_lock(&self, error: &LockError) {
        if !self.shared.warned_of_no_lock.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the token file cannot be locked; refreshing without a lock"
            );
        }
    }

    /// Whether a token that is in the file now makes the refresh needless: another than was seen,
    /// and good.
    fn serves(&self, there: &Seen) -> bool {
        let good = self.shared.clock.now() < there.token.expires_at();
        let refused = matches!(self.errand, Errand::Replace(refused) if refused.is(&there.token));
        good && !refused && !self.seen.goes_with(there) && !self.seen.is(&there.token)
    }

    /// One `CreateToken`. The outer error ends the refresh: there is nothing to ask with.
    async fn create_token(
        &self,
        base: &Seen,
        now: Timestamp,
    ) -> Result<Result<CreateTokenResponse, ServiceError>, TokenError> {
        let token = &base.token;
        let material = if base.borrowed {
            // The file went away meanwhile; another session's refresh token is not ours to spend.
            Err(None)
        } else {
            token.refreshability(now).map_err(Some)
        };
        let material = match (material, self.errand) {
            (Ok(material), _) => material,
            (Err(_), Errand::Replace(refused)) => return Err(self.shared.session_ended(refused)),
            (Err(why), _) => return Err(self.shared.expired(token, why)),
        };
        let Some(oidc) = &self.shared.oidc else { return Err(self.shared.expired(token, None)) };
        let request = CreateToken::refresh_token(
            material.client_id,
            material.client_secret.clone(),
            material.refresh_token.clone(),
        );
        Ok(crate::service::call(oidc, request).await)
    }

    /// After `invalid_grant`: a token file with another token than `base`, as soon as it is there.
    async fn wait_for_theirs(&self, base: &Seen) -> Result<Option<Seen>, TokenError> {
        let mut wait =
            Wait::new("waiting for another process to write the token that it refreshed");
        loop {
            let there = self.shared.read()?;
            // Where `base` could not be written, what is in the file is older, and not theirs.
            let is_other = there.token.refresh_token() != base.token.refresh_token();
            if !base.goes_with(&there) || (is_other && base.unsaved_over.is_none()) {
                return Ok(Some(there));
            }
            if wait.elapsed() >= OTHERS_WRITE_WITHIN {
                return Ok(None);
            }
            wait.pause().await;
        }
    }

    /// Writes the refreshed token. When that cannot be done it is kept in memory, for the session
    /// must not be lost by a full disk.
    ///
    /// A login or a logout by another tool while the request was under way, without the lock, counts
    /// more: the file is the truth. A file that changed and holds the same token as before does not:
    /// its refresh token is spent.
    ///
    /// Not `async`, and not handed to another thread: the old refresh token is spent, so between the
    /// service's answer and the file there is no point at which this task could be dropped.
    fn write(&self, renewed: Renewed) -> Result<Arc<CachedToken>, TokenError> {
        let shared = self.shared;
        let Renewed { answer, asked_at, mut base, lock } = renewed;
        let now = shared.file.fingerprint().ok();
        if let Some(now) = now
            && now.as_ref() != Some(&base.fingerprint)
        {
            match shared.read() {
                Ok(there) if base.goes_with(&there) => base = Seen::or_newer(there, base),
                Ok(there) if there.borrowed || self.serves(&there) => {
                    let token = Arc::clone(&there.token);
                    shared.publish(there, None);
                    return Ok(token);
                }
                Err(error) if error.is_no_token() => return Err(error),
                // An expired token or none that can be read is nothing that ours could harm.
                Ok(_) | Err(_) => base.fingerprint = now.unwrap_or(base.fingerprint),
            }
        }
        let lifetime = SignedDuration::try_from(answer.expires_in()).unwrap_or(SignedDuration::MAX);
        let token = Arc::new(self.renewed(&base.token, asked_at, lifetime, &answer));
        match store(shared, lock.as_ref(), &token) {
            Ok(fingerprint) => {
                tracing::debug!("the access token was refreshed");
                let token = Arc::clone(&token);
                let written = Seen { token, fingerprint, borrowed: false, unsaved_over: None };
                shared.publish(written, Some(lifetime));
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the refreshed token cannot be written; it is used from memory and written later"
                );
                shared.publish_unsaved(Seen::unsaved(Arc::clone(&token), base), lifetime);
            }
        }
        // The lock goes last: what this process knows is published by then.
        drop(lock);
        Ok(token)
    }

    fn renewed(
        &self,
        base: &CachedToken,
        asked_at: Timestamp,
        lifetime: SignedDuration,
        answer: &CreateTokenResponse,
    ) -> CachedToken {
        // Counted from before the request, so that an answer under way for long lasts no longer.
        let expires_at = asked_at.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        let access_token = answer.access_token().clone();
        let mut token = base.refreshed(access_token, expires_at, answer.refresh_token().cloned());
        if let Some(region) = &self.shared.region {
            token = token.with_region(region.as_str());
        }
        if let Some(start_url) = &self.shared.start_url {
            token = token.with_start_url(start_url.as_str());
        }
        token
    }
}

fn store(
    shared: &Shared,
    lock: Option<&TokenFileLock>,
    token: &CachedToken,
) -> Result<Fingerprint, StoreError> {
    match lock {
        Some(lock) => lock.store(token),
        None => shared.file.store_unlocked(token),
    }
}
