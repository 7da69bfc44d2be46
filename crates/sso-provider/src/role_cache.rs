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

/// How long to wait for another process that requests the credentials. Then this one requests them
/// too, which, unlike a second refresh of the token, does no harm.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// A role-credentials file, and the conditions on its credentials.
#[derive(Debug)]
pub(crate) struct RoleCache {
    file: Arc<RoleCredentialsFile>,
    /// The time that the credentials must have left.
    window: SignedDuration,
    access_notice: AccessNotice,
}

/// The result of waiting for the lock.
enum Locked {
    /// Request the credentials, under the lock if the file system has locks.
    Ours(Option<RoleCredentialsFileLock>),
    /// Another process has written these.
    Settled(Credentials),
}

impl RoleCache {
    pub(crate) fn new(file: RoleCredentialsFile, window: Duration) -> Self {
        let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        let access_notice = AccessNotice::default();
        Self { file: Arc::new(file), window, access_notice }
    }

    /// Whether the directory does not exist, so that nothing was ever cached in it.
    pub(crate) fn is_unused(&self) -> bool {
        self.file.is_directory_missing()
    }

    /// Returns the credentials in the file, else the result of `request`, which is stored for the
    /// processes that wait for it.
    ///
    /// Without `use_cached`, the file is only written. `request` is passed the rest of `limit`, as
    /// its own time limit.
    pub(crate) async fn get_or_request<Answer>(
        &self,
        clock: &dyn Clock,
        use_cached: bool,
        limit: Duration,
        request: impl FnOnce(Duration) -> Answer,
    ) -> Result<Credentials, CredentialsError>
    where
        Answer: Future<Output = Result<Credentials, CredentialsError>>,
    {
        if let Some(credentials) = self.usable(clock, use_cached) {
            return Ok(credentials);
        }
        let started = Instant::now();
        let lock = match self.lock(clock, use_cached, limit.min(LOCK_TIMEOUT)).await {
            Locked::Ours(lock) => lock,
            Locked::Settled(credentials) => return Ok(credentials),
        };
        match request(limit.saturating_sub(started.elapsed())).await {
            Ok(credentials) => {
                self.store(lock.as_ref(), &credentials);
                Ok(credentials)
            }
            Err(error) if error.is_transient() || error.needs_login() => {
                // Too short a lifetime is left to prefer them, but they are still valid.
                let cached = if use_cached { self.load() } else { None };
                let unexpired = cached.filter(|it| !it.is_expired(clock.now()));
                let Some(credentials) = unexpired else { return Err(error) };
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    expires_at = %credentials.expires_at(),
                    "failed to get new role credentials; the cached ones are still valid"
                );
                Ok(credentials)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the credentials in the file if they are to be used.
    fn usable(&self, clock: &dyn Clock, use_cached: bool) -> Option<Credentials> {
        if !use_cached {
            return None;
        }
        let credentials = self.load()?;
        let left = credentials.expires_at().duration_since(clock.now());
        let is_usable = left >= self.window && left.is_positive();
        is_usable.then_some(credentials)
    }

    fn load(&self) -> Option<Credentials> {
        let (credentials, version) = self.file.load_with_fingerprint()?;
        if !version.is_private() {
            self.warn_of_access();
        }
        Some(credentials)
    }

    /// Warns about access that other users have to the file or its directory.
    fn warn_of_access(&self) {
        self.access_notice.warn_once(|| self.file.access_warnings());
    }

    async fn lock(&self, clock: &dyn Clock, use_cached: bool, limit: Duration) -> Locked {
        let mut wait = Wait::new("waiting for another process to get the role's credentials");
        loop {
            let lock = match self.file.try_lock() {
                Ok(Some(lock)) => Some(lock),
                Ok(None) if wait.elapsed() < limit => {
                    wait.pause().await;
                    None
                }
                Ok(None) => return Locked::Ours(None),
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the role-credential cache cannot be locked; going on without a lock"
                    );
                    return Locked::Ours(None);
                }
            };
            // The process that held the lock may have written credentials.
            if let Some(credentials) = self.usable(clock, use_cached) {
                return Locked::Settled(credentials);
            }
            if lock.is_some() {
                self.warn_of_access();
                return Locked::Ours(lock);
            }
        }
    }

    /// A failure is only a warning: it costs one request at the next retrieval.
    fn store(&self, lock: Option<&RoleCredentialsFileLock>, credentials: &Credentials) {
        let stored = match lock {
            Some(lock) => lock.store(credentials),
            None => self.file.store_unlocked(credentials),
        };
        if let Err(error) = stored {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "failed to write the role credentials to the cache"
            );
        }
    }
}
