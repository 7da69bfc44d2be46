//! Role credentials shared between processes through the AWS CLI's cache file.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sso_cache::{RoleCredentialsFile, RoleCredentialsFileLock};
use sso_types::{Clock, Credentials};
use tokio::time::Instant;

use crate::CredentialsError;
use crate::access::AccessNotice;
use crate::wait::Wait;

/// How long to wait for another process that asks the portal. Then this one asks too, which, unlike
/// a second refresh, does no harm.
const WAIT: Duration = Duration::from_secs(20);

/// A role-credentials file, and the conditions on its credentials.
#[derive(Debug)]
pub(crate) struct RoleCache {
    file: Arc<RoleCredentialsFile>,
    /// The time that the credentials must have left.
    window: SignedDuration,
    access_notice: AccessNotice,
}

/// What waiting for the lock came to.
enum Turn {
    Ours(Option<RoleCredentialsFileLock>),
    Done(Credentials),
}

impl RoleCache {
    pub(crate) fn new(file: RoleCredentialsFile, window: Duration) -> Self {
        let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        let access_notice = AccessNotice::default();
        Self { file: Arc::new(file), window, access_notice }
    }

    /// Whether nothing was ever cached in the directory: it is missing.
    pub(crate) fn is_unused(&self) -> bool {
        self.file.is_directory_missing()
    }

    /// The credentials in the file, else what `ask` gives: once, for all processes that wait.
    ///
    /// Without `use_cached`, the file is only written. `ask` is given the rest of `limit`, and must
    /// keep to it.
    pub(crate) async fn get_or<Answer>(
        &self,
        clock: &dyn Clock,
        use_cached: bool,
        limit: Duration,
        ask: impl FnOnce(Duration) -> Answer,
    ) -> Result<Credentials, CredentialsError>
    where
        Answer: Future<Output = Result<Credentials, CredentialsError>>,
    {
        if let Some(credentials) = self.good(clock, use_cached) {
            return Ok(credentials);
        }
        let started = Instant::now();
        let lock = match self.take_turn(clock, use_cached, limit.min(WAIT)).await {
            Turn::Ours(lock) => lock,
            Turn::Done(credentials) => return Ok(credentials),
        };
        match ask(limit.saturating_sub(started.elapsed())).await {
            Ok(credentials) => {
                self.store(lock.as_ref(), &credentials);
                Ok(credentials)
            }
            Err(error) if error.is_transient() || error.needs_login() => {
                // Little of their life is left, but they are good, and there is nothing better.
                let cached = if use_cached { self.load() } else { None };
                let unexpired = cached.filter(|it| !it.is_expired(clock.now()));
                let Some(credentials) = unexpired else { return Err(error) };
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    expires_at = %credentials.expires_at(),
                    "no new role credentials could be had; the cached ones still serve"
                );
                Ok(credentials)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the credentials in the file if they are to be used.
    fn good(&self, clock: &dyn Clock, use_cached: bool) -> Option<Credentials> {
        if !use_cached {
            return None;
        }
        let credentials = self.load()?;
        let left = credentials.expires_at().duration_since(clock.now());
        let is_good = left >= self.window && left.is_positive();
        is_good.then_some(credentials)
    }

    fn load(&self) -> Option<Credentials> {
        let (credentials, version) = self.file.load_with_fingerprint()?;
        if !version.is_private() {
            self.warn_of_access();
        }
        Some(credentials)
    }

    /// Says what other users may do with the file or its directory, if anything.
    fn warn_of_access(&self) {
        self.access_notice.warn_once(|| self.file.access_warnings());
    }

    async fn take_turn(&self, clock: &dyn Clock, use_cached: bool, limit: Duration) -> Turn {
        let mut wait = Wait::new("waiting for another process to get the role's credentials");
        loop {
            let lock = match self.file.try_lock() {
                Ok(Some(lock)) => Some(lock),
                Ok(None) if wait.elapsed() < limit => {
                    wait.pause().await;
                    None
                }
                Ok(None) => return Turn::Ours(None),
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the role-credential cache cannot be locked; going on without a lock"
                    );
                    return Turn::Ours(None);
                }
            };
            // Whoever held the lock may have written what we came for.
            if let Some(credentials) = self.good(clock, use_cached) {
                return Turn::Done(credentials);
            }
            if lock.is_some() {
                self.warn_of_access();
                return Turn::Ours(lock);
            }
        }
    }

    /// A cache that cannot be written costs a request next time, and nothing else.
    fn store(&self, lock: Option<&RoleCredentialsFileLock>, credentials: &Credentials) {
        let stored = match lock {
            Some(lock) => lock.store(credentials),
            None => self.file.store_unlocked(credentials),
        };
        if let Err(error) = stored {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the role credentials cannot be kept in the cache"
            );
        }
    }
}
