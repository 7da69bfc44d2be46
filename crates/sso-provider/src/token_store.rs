//! Loads, locks and replaces the token of one token file.
//!
//! Outside this module, only `LoadCache` and `FailedRefresh` compare versions of the token file.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sso_cache::{
    CacheFileError, CachedToken, Fingerprint, LockError, NearMiss, PendingStore, Reservation,
    TokenFile, TokenFileLock,
};
use sso_types::{Clock, ProgressObserver, StartUrl};
use tokio::time::sleep;

use crate::LoginReason;
use crate::access::AccessNotice;
use crate::host_notice::HostNotice;
use crate::other_sessions::OtherSessions;
use crate::token_snapshot::{LoadCache, LoadError, Snapshot, Source};
use crate::wait::Wait;

/// The pauses between reads of a file that does not parse. Another tool may be writing it in place.
/// After the second read, the file is read again only if it still looks incomplete.
const READ_PAUSES: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
];

/// The number of attempts to repeat a rename that another program prevented, and the pause before
/// each attempt.
const RENAME_RETRIES: (u32, Duration) = (20, Duration::from_millis(100));

/// The number of times that a commit checks the file. Another tool rarely changes it between two
/// checks.
const MAX_COMMIT_CHECKS: u32 = 3;

/// Loads, locks and replaces the token of one token file.
#[derive(Debug)]
pub(crate) struct TokenStore {
    file: TokenFile,
    start_url: Option<StartUrl>,
    accept_other_session: bool,
    clock: Arc<dyn Clock>,
    access_notice: AccessNotice,
    warned_about_no_lock: AtomicBool,
    host_notice: HostNotice,
    observer: ProgressObserver,
    other_sessions: OtherSessions,
    cache: Mutex<LoadCache>,
}

/// Access for replacing the token. It is exclusive if it contains the lock, and not exclusive if the
/// file cannot be locked.
pub(crate) struct StoreGuard<'a> {
    store: &'a TokenStore,
    lock: Result<TokenFileLock, LockError>,
}

/// The state of the file when a refresh commits its new token.
enum Base {
    /// The new token may replace this token.
    Renewable(Snapshot),
    /// Another tool has logged in or out meanwhile. Its change must be kept.
    Replaced(Result<Snapshot, LoadError>),
    /// The file cannot be read. It may contain a new login, which must be kept.
    Unreadable(CacheFileError),
}

impl TokenStore {
    pub(crate) fn new(
        file: TokenFile,
        start_url: Option<StartUrl>,
        accept_other_session: bool,
        clock: Arc<dyn Clock>,
        observer: ProgressObserver,
    ) -> Self {
        Self {
            file,
            start_url,
            accept_other_session,
            clock,
            access_notice: AccessNotice::default(),
            warned_about_no_lock: AtomicBool::new(false),
            host_notice: HostNotice::default(),
            observer,
            other_sessions: OtherSessions::default(),
            cache: Mutex::default(),
        }
    }

    pub(crate) fn file(&self) -> &TokenFile {
        &self.file
    }

    /// Returns the current token. Reads the file only if its version has changed.
    pub(crate) async fn load(&self) -> Result<Snapshot, LoadError> {
        self.write_unsaved();
        let version = self.file.fingerprint().map_err(LoadError::File)?;
        if let Some(cached) = version.and_then(|version| self.cache().result_for(&version)) {
            return cached;
        }
        self.reload().await
    }

    /// Returns `true` if the token that was loaded last has expired.
    pub(crate) fn has_expired(&self) -> bool {
        let (now, cache) = (self.clock.now(), self.cache());
        let latest = cache.unsaved.as_ref().or(cache.latest.as_ref());
        latest.is_some_and(|latest| latest.token.is_expired(now))
    }

    /// Reads the file and returns the current token.
    pub(crate) async fn reload(&self) -> Result<Snapshot, LoadError> {
        loop {
            let before = self.file.fingerprint().ok().flatten();
            let read = self.read().await;
            let mut cache = self.cache();
            // If the file changed during the read, the result cannot be compared with an unsaved
            // token.
            let is_current = self.file.fingerprint().ok().flatten() == before;
            if is_current || cache.unsaved.is_none() {
                return cache.update(read, before.filter(|_| is_current));
            }
        }
    }

    /// Takes the lock. Returns `None` if another process holds it. If the file cannot be locked,
    /// returns a guard without a lock.
    ///
    /// A temporary error is returned: refreshing without the lock could then spend the refresh token
    /// of another process.
    pub(crate) fn try_lock(&self) -> Result<Option<StoreGuard<'_>>, LockError> {
        let lock = match self.file.try_lock() {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => return Ok(None),
            Err(error) if error.is_temporary() => return Err(error),
            Err(error) => Err(error),
        };
        Ok(Some(StoreGuard { store: self, lock }))
    }

    /// Takes the lock, waiting at most `limit`. Returns `None` as soon as the file's version
    /// differs from `known_version`, because another process may have written a new token.
    ///
    /// Timing out on the lock is an error: refreshing anyway could invalidate the other process's
    /// refresh token.
    pub(crate) async fn lock(
        &self,
        known_version: &Fingerprint,
        limit: Duration,
    ) -> Result<Option<StoreGuard<'_>>, LockError> {
        let mut wait = self.start_wait("refresh the access token");
        loop {
            if let Some(guard) = self.try_lock()? {
                return Ok(Some(guard));
            }
            if self
                .file
                .fingerprint()
                .ok()
                .flatten()
                .is_some_and(|version| version != *known_version)
            {
                return Ok(None);
            }
            let waited = wait.elapsed();
            if waited >= limit {
                let path = self.file.lock_path();
                let path = path.unwrap_or_else(|_| self.file.path().to_owned());
                return Err(LockError::timeout(path, waited));
            }
            wait.pause().await;
        }
    }

    /// Starts a wait for another process to do this task.
    pub(crate) fn start_wait(&self, task: &'static str) -> Wait {
        Wait::new(&self.observer, task)
    }

    /// Tries to write a refreshed token that could not be written before.
    fn write_unsaved(&self) {
        if self.cache().unsaved.is_none() {
            return;
        }
        let Ok(Some(guard)) = self.try_lock() else { return };
        // Read the unsaved token again under the lock, because another task may have replaced it.
        // If the file has changed, `load` compares its token with the unsaved one.
        let Some(unsaved) = self.cache().unsaved.clone() else { return };
        let is_unchanged =
            || self.file.fingerprint().ok().flatten().as_ref() == Some(&unsaved.version);
        if !is_unchanged() {
            return;
        }
        // If `commit` left a temporary file that still cannot be renamed, `reserve` fails.
        let stored = guard.reserve().and_then(|reserved| {
            let mut pending = reserved.write(&unsaved.token)?;
            if is_unchanged() {
                return pending.try_finish().map(Some);
            }
            pending.discard();
            Ok(None)
        });
        match stored {
            Ok(Some(version)) => self.cache().mark_saved(&unsaved, version),
            Ok(None) => {}
            Err(error) => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the refreshed token still cannot be written"
            ),
        }
    }

    async fn read(&self) -> Result<Snapshot, LoadError> {
        let mut pauses = READ_PAUSES.iter().enumerate();
        loop {
            let error = match self.file.load_once() {
                Ok((token, version)) => return Ok(self.snapshot(token, version, Source::File)),
                Err(error) if error.is_not_found() => return self.read_other_session().await,
                Err(error) if error.is_invalid() => error,
                Err(error) => return Err(LoadError::File(error)),
            };
            match pauses.next() {
                Some((reads, pause)) if reads == 0 || error.may_be_incomplete() => {
                    sleep(*pause).await;
                }
                _ => return Err(LoadError::Login(LoginReason::Unusable(error))),
            }
        }
    }

    /// Handles a missing file. Returns another session's token if that is allowed, or else the
    /// error that there is no token.
    async fn read_other_session(&self) -> Result<Snapshot, LoadError> {
        let near_miss = match &self.start_url {
            Some(start_url) => {
                self.other_sessions.find(&self.file, start_url, self.clock.now()).await
            }
            None => None,
        };
        if self.accept_other_session
            && let Some(other) = &near_miss
            && let Ok((token, version)) = self.file.with_path(&*other.path).load_once()
            && !token.is_expired(self.clock.now())
        {
            return Ok(self.snapshot(token, version, Source::OtherSession));
        }
        Err(LoadError::Login(self.no_token(near_miss)))
    }

    fn no_token(&self, near_miss: Option<NearMiss>) -> LoginReason {
        let near_miss = near_miss.map(Box::new);
        LoginReason::NoToken { path: self.file.path().to_owned(), near_miss }
    }

    /// Creates a snapshot. Warns if other users have access to the file, or if the token is for
    /// another host.
    fn snapshot(&self, token: CachedToken, version: Fingerprint, source: Source) -> Snapshot {
        if !version.is_private() {
            self.warn_about_access();
        }
        if let Some(start_url) = &self.start_url {
            self.host_notice.warn_once(start_url, &token);
        }
        Snapshot { token: Arc::new(token), version, source }
    }

    fn warn_about_access(&self) {
        self.access_notice.warn_once(|| self.file.access_warnings());
    }

    /// Ignores poisoning: no code that holds the lock can panic halfway through a change.
    fn cache(&self) -> MutexGuard<'_, LoadCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreGuard<'_> {
    /// Reads the file again, because it may have changed while this process waited for the lock.
    pub(crate) async fn reload(&self) -> Result<Snapshot, LoadError> {
        self.store.warn_about_access();
        self.store.reload().await
    }

    /// Reserves disk space for a new token, before the refresh token is spent.
    pub(crate) fn reserve(&self) -> Result<Reservation, CacheFileError> {
        match &self.lock {
            Ok(lock) => lock.reserve(),
            Err(error) => self.reserve_unlocked(error),
        }
    }

    /// Reserves disk space without a lock. Fails if the file can be locked now, for example because
    /// the file system is no longer read-only. Another process may then hold the lock and be
    /// refreshing the same token.
    fn reserve_unlocked(&self, no_lock: &LockError) -> Result<Reservation, CacheFileError> {
        let reservation = self.store.file.reserve_unlocked()?;
        if self.store.file.try_lock().is_ok() {
            let reason = io::Error::other("the file could not be locked before, but can be now");
            return Err(CacheFileError::not_written(self.store.file.path(), reason));
        }
        if !self.store.warned_about_no_lock.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                error = no_lock as &dyn std::error::Error,
                "the token file cannot be locked; refreshing without a lock"
            );
        }
        Ok(reservation)
    }

    /// Replaces the token `base` with the token that `renew` returns. Synchronous, because the old
    /// refresh token is spent: a dropped task must not lose the new token.
    ///
    /// If another tool has logged in or out meanwhile, its change is kept and the new token is
    /// discarded. If the file cannot be read or written, the new token is kept in memory, and in the
    /// temporary file if possible.
    pub(crate) fn commit(
        &self,
        base: &Snapshot,
        reservation: Option<Reservation>,
        renew: impl Fn(&CachedToken) -> CachedToken,
    ) -> Result<(Snapshot, Option<PendingStore>), LoadError> {
        let mut base = base.clone();
        let mut token = Arc::new(renew(&base.token));
        let mut written = match reservation {
            Some(reservation) => reservation.write(&token),
            None => self.prepare_store(&token),
        };
        // The file is checked after the write, which waits for the disk, so that little time is left
        // in which a login or logout is overwritten.
        for _ in 0..MAX_COMMIT_CHECKS {
            let current = match self.current_base(base.clone()) {
                Base::Renewable(current) => current,
                Base::Replaced(read) => {
                    if let Ok(pending) = written {
                        pending.discard();
                    }
                    return self.store.cache().update(read, None).map(|current| (current, None));
                }
                Base::Unreadable(error) => {
                    return Ok((self.keep_unsaved(&base, token, &error), written.ok()));
                }
            };
            let is_unchanged = current.version == base.version;
            base = current;
            if is_unchanged {
                break;
            }
            token = Arc::new(renew(&base.token));
            written = written.and_then(|mut pending| pending.rewrite(&token).map(|()| pending));
        }
        match written.map(|mut pending| (pending.try_finish(), pending)) {
            Ok((Ok(version), _)) => {
                let snapshot = Snapshot { token, version, source: Source::File };
                let mut cache = self.store.cache();
                cache.unsaved = None;
                cache.latest = Some(snapshot.clone());
                Ok((snapshot, None))
            }
            Ok((Err(error), pending)) => {
                Ok((self.keep_unsaved(&base, token, &error), Some(pending)))
            }
            Err(error) => Ok((self.keep_unsaved(&base, token, &error), None)),
        }
    }

    fn keep_unsaved(
        &self,
        base: &Snapshot,
        token: Arc<CachedToken>,
        why: &CacheFileError,
    ) -> Snapshot {
        tracing::warn!(
            error = why as &dyn std::error::Error,
            "failed to write the refreshed token; it is kept in memory, and each retrieval tries to write it"
        );
        let source = Source::Unsaved { in_file: base.in_file().clone() };
        let snapshot = Snapshot { token, version: base.version.clone(), source };
        self.store.cache().unsaved = Some(snapshot.clone());
        snapshot
    }

    /// Compares the file with `base` again, after the request.
    fn current_base(&self, mut base: Snapshot) -> Base {
        let store = self.store;
        let version = match store.file.fingerprint() {
            Ok(version) if version.as_ref() == Some(&base.version) => return Base::Renewable(base),
            Ok(version) => version,
            Err(error) => return Base::Unreadable(error),
        };
        match store.file.load_with_fingerprint() {
            Ok((token, version)) => {
                let current = store.snapshot(token, version, Source::File);
                if base.matches_file(&current) {
                    return Base::Renewable(base.unless_replaced(current));
                }
                if !current.token.is_expired(store.clock.now()) {
                    return Base::Replaced(Ok(current));
                }
                // Replace an expired token: a login that was just made is still valid.
                base.version = current.version;
            }
            Err(error) if error.is_not_found() => {
                return Base::Replaced(Err(LoadError::Login(store.no_token(None))));
            }
            // A file that does not parse contains no login.
            Err(error) if error.is_invalid() => base.version = version.unwrap_or(base.version),
            Err(error) => return Base::Unreadable(error),
        }
        Base::Renewable(base)
    }

    /// Repeats a rename that another program prevented, for about two seconds.
    pub(crate) async fn finish(&self, mut pending: PendingStore, unsaved: &Snapshot) {
        let (times, pause) = RENAME_RETRIES;
        for _ in 0..times {
            sleep(pause).await;
            // An error does not mean that the file has changed.
            let Ok(version) = self.store.file.fingerprint() else { continue };
            if version.as_ref() != Some(&unsaved.version) {
                // A login or logout was made meanwhile.
                return pending.discard();
            }
            if let Ok(version) = pending.try_finish() {
                return self.store.cache().mark_saved(unsaved, version);
            }
        }
    }

    /// Records for other processes that the refresh of this version of the file failed.
    pub(crate) fn record_failure(&self, time: Timestamp) {
        if let Ok(lock) = &self.lock {
            lock.record_refresh_failure(time);
        }
    }

    fn prepare_store(&self, token: &CachedToken) -> Result<PendingStore, CacheFileError> {
        match &self.lock {
            Ok(lock) => lock.prepare_store(token),
            Err(_) => self.store.file.prepare_store_unlocked(token),
        }
    }
}

#[cfg(test)]
mod tests {
    use sso_types::{AccessToken, SystemClock};

    use super::*;

    #[test]
    fn reserving_without_a_lock_fails_if_the_file_can_be_locked_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = TokenFile::new(directory.path().join("token.json"));
        let token = CachedToken::new(AccessToken::new("a"), Timestamp::MAX);
        file.store_unlocked(&token).unwrap();
        let store = TokenStore::new(
            file.clone(),
            None,
            false,
            Arc::new(SystemClock),
            ProgressObserver::default(),
        );
        let lock_path = file.lock_path().unwrap();
        std::fs::create_dir(&lock_path).unwrap();
        let no_lock = file.try_lock().unwrap_err();
        std::fs::remove_dir(&lock_path).unwrap();
        let unlocked = || StoreGuard { store: &store, lock: Err(no_lock.clone()) };

        // The file can be locked again: the lock is free, or another process holds it.
        assert!(unlocked().reserve().unwrap_err().is_write());
        let held = file.try_lock().unwrap();
        assert!(unlocked().reserve().unwrap_err().is_write());
        drop(held);

        // The file still cannot be locked.
        std::fs::remove_file(&lock_path).unwrap();
        std::fs::create_dir(&lock_path).unwrap();
        drop(unlocked().reserve().unwrap());
    }
}
