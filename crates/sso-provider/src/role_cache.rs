//! Shares role credentials between processes through the AWS CLI's cache file.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sso_cache::{RoleCredentialsFile, RoleCredentialsFileLock};
use sso_types::{Clock, Credentials, ProgressObserver};
use tokio::time::Instant;

use crate::CredentialsError;
use crate::access::AccessNotice;
use crate::wait::Wait;

/// The maximum time to wait for another process that requests the credentials. After this time, this
/// process requests them too. A second request is harmless, unlike a second refresh of the token.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// A role-credentials file, and the remaining lifetime that its credentials must have.
#[derive(Debug)]
pub(crate) struct RoleCache {
    file: Arc<RoleCredentialsFile>,
    window: SignedDuration,
    access_notice: AccessNotice,
    observer: ProgressObserver,
}

/// The next step after waiting for the lock.
enum NextStep {
    /// Request the credentials. There is no lock if the file cannot be locked, or if the wait for
    /// the lock timed out.
    Request(Option<RoleCredentialsFileLock>),
    /// Use these credentials, which another process has written.
    Use(Credentials),
}

impl RoleCache {
    pub(crate) fn new(
        file: RoleCredentialsFile,
        window: Duration,
        observer: ProgressObserver,
    ) -> Self {
        let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        let access_notice = AccessNotice::default();
        Self { file: Arc::new(file), window, access_notice, observer }
    }

    /// Returns `true` if the directory does not exist yet, so that it contains no credentials.
    pub(crate) fn is_directory_missing(&self) -> bool {
        self.file.is_directory_missing()
    }

    /// Returns the credentials in the file if they are usable. Otherwise calls `request`, and
    /// writes the result to the file for this and other processes.
    ///
    /// If `use_cached` is false, the file is written but not read. `request` receives the rest of
    /// `limit` as its own time limit.
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
            NextStep::Request(lock) => lock,
            NextStep::Use(credentials) => return Ok(credentials),
        };
        match request(limit.saturating_sub(started.elapsed())).await {
            Ok(credentials) => {
                self.store(lock.as_ref(), &credentials);
                Ok(credentials)
            }
            Err(error) if error.is_transient() || error.needs_login() => {
                // The cached credentials expire too soon to be preferred, but they may still be
                // valid.
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

    /// Returns the credentials in the file if their remaining lifetime is long enough.
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
            self.warn_about_access();
        }
        Some(credentials)
    }

    /// Warns once if other users have access to the file or its directory.
    fn warn_about_access(&self) {
        self.access_notice.warn_once(|| self.file.access_warnings());
    }

    async fn lock(&self, clock: &dyn Clock, use_cached: bool, limit: Duration) -> NextStep {
        let mut wait = Wait::new(&self.observer, "get the role's credentials");
        loop {
            let lock = match self.file.try_lock() {
                Ok(Some(lock)) => Some(lock),
                Ok(None) if wait.elapsed() < limit => {
                    wait.pause().await;
                    None
                }
                Ok(None) => return NextStep::Request(None),
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the role-credential cache cannot be locked; continuing without a lock"
                    );
                    return NextStep::Request(None);
                }
            };
            // The process that held the lock may have written credentials.
            if let Some(credentials) = self.usable(clock, use_cached) {
                return NextStep::Use(credentials);
            }
            if lock.is_some() {
                self.warn_about_access();
                return NextStep::Request(lock);
            }
        }
    }

    /// Writes the credentials to the file. A failure is only a warning, because it costs only one
    /// more request at the next retrieval.
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
