//! Reads, locks and replaces a token file.
//!
//! `sso-provider` decides when a token is refreshed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use sso_files::{Durability, FileLock, Fingerprint};

use crate::cache_file::{self, CacheFile, LOGIN_LOCK, Loaded, LockedFile, WRITER_LOCK};
use crate::leftover::{self, Recovery};
use crate::token_content::content;
use crate::token_json;
use crate::{AccessWarning, CacheFileError, CachedToken, LockError, PendingStore, Reservation};

/// The file with one SSO token, which all AWS tools of the user share.
///
/// All methods block for some system calls, and on Windows for some tenths of a second while another
/// program has a file open. A method that can block longer says so. Cheap to clone: it contains a
/// path and no open file.
///
/// Symbolic links are followed: the target is read, locked and replaced, and the link is kept. If
/// the file has several hard links, only the name that is given here gets the new content.
#[derive(Debug, Clone)]
pub struct TokenFile {
    file: CacheFile,
    configs: Vec<Arc<Path>>,
}

impl TokenFile {
    /// Creates a `TokenFile` for `path`. The file need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let file = CacheFile::new(path, |content| CachedToken::parse(content).is_ok());
        Self { file, configs: Vec::new() }
    }

    /// Adds a config file that may name the endpoints to which the token is sent.
    ///
    /// If the process runs as root, loading the token fails with [`CacheFileError::ForeignConfig`]
    /// unless the config file, and each directory and link on its path, belongs to root or to the
    /// owner of the token file. If the process does not run as root, this method has no effect.
    #[must_use]
    pub fn with_config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.configs.push(path.into().into());
        self
    }

    /// Creates a `TokenFile` for `path`, with the same config files as this one.
    #[must_use]
    pub fn with_path(&self, path: impl Into<PathBuf>) -> Self {
        Self { configs: self.configs.clone(), ..Self::new(path) }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The directory of the file: `.` if the path is only a file name.
    pub fn directory(&self) -> &Path {
        cache_file::directory_of(self.path())
    }

    /// Returns the current version of the file, or `None` if there is no file. Makes one system
    /// call.
    pub fn fingerprint(&self) -> Result<Option<Fingerprint>, CacheFileError> {
        self.file.fingerprint()
    }

    /// Returns a warning for each permission that gives other users too much access to the file or
    /// its directory.
    ///
    /// Makes some system calls. To check only the mode of a file that was just loaded, use
    /// [`Fingerprint::is_private`], which makes none.
    pub fn access_warnings(&self) -> Vec<AccessWarning> {
        self.file.access_warnings()
    }

    /// Reads the token. Needs no lock, since writers replace the file atomically.
    ///
    /// If the file does not parse, sleeps and reads it again, as
    /// [`load_with_fingerprint`](Self::load_with_fingerprint) does.
    pub fn load(&self) -> Result<CachedToken, CacheFileError> {
        self.load_with_fingerprint().map(|(token, _)| token)
    }

    /// Reads the token and the version of the file.
    ///
    /// If the file does not parse, another tool may be writing it in place. It is read again after
    /// 10 milliseconds. If it is still not JSON, it is read up to two more times, after 20 and 40
    /// milliseconds. If it is then empty, or is not JSON and keeps changing, it is read up to four
    /// more times, at intervals of 40 milliseconds.
    pub fn load_with_fingerprint(&self) -> Result<(CachedToken, Fingerprint), CacheFileError> {
        check_config_owners(self.file.read(CachedToken::parse)?, &self.configs, self.path())
    }

    /// Reads the token and the version of the file once, without sleeping, for async programs.
    ///
    /// If the error is [temporary](CacheFileError::may_be_incomplete), wait some milliseconds with the
    /// runtime's timer and call this again.
    pub fn load_once(&self) -> Result<(CachedToken, Fingerprint), CacheFileError> {
        check_config_owners(self.file.read_once(CachedToken::parse)?, &self.configs, self.path())
    }

    /// Returns `true` if the file is a JSON object with the field `accessToken`, even if the token
    /// cannot be loaded, for example because its expiry is missing. Use it to find the files that a
    /// logout from all sessions removes. Client registrations in the same directory have no such
    /// field.
    ///
    /// Fails if the file cannot be read or is not JSON, since it may then be any file. Sleeps and
    /// reads it again as [`load_with_fingerprint`](Self::load_with_fingerprint) does.
    pub fn contains_token(&self) -> Result<bool, CacheFileError> {
        Ok(self.file.read(token_json::has_access_token)?.value)
    }

    /// Returns the time of the last failed refresh of a version of the token file, or `None` if
    /// there is no record for that version.
    ///
    /// [`TokenFileLock::record_refresh_failure`] writes the record to the lock file, in this or
    /// another process. This method reads the lock file without taking the lock.
    ///
    /// Ignore a time in the future: the clock has been set back since.
    pub fn refresh_failed_at(&self, fingerprint: &Fingerprint) -> Option<Timestamp> {
        let note = self.file.lock_note(WRITER_LOCK);
        let (time, recorded) = note.strip_suffix('\n')?.split_once(' ')?;
        (recorded == fingerprint.record()).then(|| time.parse().ok()).flatten()
    }

    /// Does the same as [`TokenFileLock::reserve`] without the lock, for file systems without
    /// locks. The token is lost if this process is killed before [`Reservation::store`] returns.
    pub fn reserve_unlocked(&self) -> Result<Reservation, CacheFileError> {
        Reservation::stage_unlocked(&self.file)?.with_space()
    }

    /// Takes the lock for writing the token file. Returns `None` without waiting if another process
    /// or thread holds it. Creates missing directories.
    ///
    /// If the last holder was killed during a [`store`](TokenFileLock::store), this completes the
    /// store or removes the temporary file. Therefore load the token again after taking the lock.
    /// Only in this case, the call may wait for the disk (`fsync`). If the token file does not
    /// parse, the call may then also sleep and read it again, as
    /// [`load_with_fingerprint`](Self::load_with_fingerprint) does.
    ///
    /// On [`LockError::Unavailable`], continue without the lock and call
    /// [`store_unlocked`](Self::store_unlocked).
    pub fn try_lock(&self) -> Result<Option<TokenFileLock>, LockError> {
        let Some(file) = self.file.try_lock()? else { return Ok(None) };
        let leftover = leftover::recover(&file);
        Ok(Some(TokenFileLock { file, configs: self.configs.clone(), leftover }))
    }

    /// Takes the lock, and waits for it for at most `limit`. It retries
    /// [`try_lock`](Self::try_lock) every few milliseconds.
    ///
    /// This blocks the thread. In an async task, call [`try_lock`](Self::try_lock) with the
    /// runtime's timer instead.
    pub fn lock(&self, limit: Duration) -> Result<TokenFileLock, LockError> {
        cache_file::wait(|| self.lock_path(), limit, || self.try_lock())
    }

    /// Returns the path of the lock file, which is kept when the lock is released.
    pub fn lock_path(&self) -> Result<PathBuf, LockError> {
        self.file.lock_path(WRITER_LOCK)
    }

    /// Takes the lock for a login to this token file. Returns `None` without waiting if another
    /// login holds it. Creates missing directories.
    ///
    /// A login holds this lock from its first request to its end, so that only one of several
    /// simultaneous logins asks the user. It is independent of [`try_lock`](Self::try_lock), which
    /// a login takes only to write the token.
    pub fn try_login_lock(&self) -> Result<Option<LoginLock>, LockError> {
        let (_, lock) = self.file.try_lock_file(LOGIN_LOCK)?;
        Ok(lock.map(LoginLock))
    }

    /// Replaces the file atomically without the lock. Waits for the disk (`fsync`). On Windows, if
    /// another program has the file open, retries the rename for up to 5 seconds.
    ///
    /// Use it on file systems without locks. Otherwise take the lock, also for the token of a new
    /// login. On failure, the file is unchanged. Missing directories are created with mode 0700;
    /// the file has mode 0600.
    pub fn store_unlocked(&self, token: &CachedToken) -> Result<Fingerprint, CacheFileError> {
        self.file.replace(&content(self.path(), token)?, Durability::Synced)
    }

    /// Does the same as [`TokenFileLock::prepare_store`] without the lock.
    pub fn prepare_store_unlocked(
        &self,
        token: &CachedToken,
    ) -> Result<PendingStore, CacheFileError> {
        Reservation::stage_unlocked(&self.file)?.write(token)
    }

    /// Removes the token file and the leftover files of killed writers, as a logout does. Returns
    /// `true` if there was a token file. The lock file is kept.
    ///
    /// If a leftover file cannot be removed, the token file is removed all the same, and the error
    /// names the leftover file.
    ///
    /// Another process may be storing a token and finish after this call. To exclude that, use
    /// [`TokenFileLock::remove`].
    pub fn remove(&self) -> Result<bool, CacheFileError> {
        self.file.remove_all()
    }
}

/// A guard that holds the lock of a token file. The lock is released on drop, and by the kernel
/// when the process ends.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock"]
pub struct TokenFileLock {
    file: LockedFile,
    configs: Vec<Arc<Path>>,
    leftover: Recovery,
}

impl TokenFileLock {
    /// Reads the token, which another process may have written while this one waited for the lock.
    /// If the file does not parse, sleeps and reads it again, as
    /// [`TokenFile::load_with_fingerprint`] does.
    pub fn load(&self) -> Result<CachedToken, CacheFileError> {
        self.load_with_fingerprint().map(|(token, _)| token)
    }

    /// Reads the token and the version of the file. Sleeps and reads the file again as
    /// [`TokenFile::load_with_fingerprint`] does.
    pub fn load_with_fingerprint(&self) -> Result<(CachedToken, Fingerprint), CacheFileError> {
        self.checked(self.file.read(CachedToken::parse)?)
    }

    /// Replaces the file atomically. Waits for the disk (`fsync`). On Windows, if another program has
    /// the file open, retries the rename for up to 5 seconds.
    ///
    /// If the process is killed after the new token has reached the disk and before the rename, the
    /// next holder of the lock completes the rename. On failure, the file is unchanged; keep the
    /// token and store it again later. Missing directories are created with mode 0700; the file has
    /// mode 0600.
    pub fn store(&self, token: &CachedToken) -> Result<Fingerprint, CacheFileError> {
        self.file.replace(&content(&self.file.place().path(), token)?, Durability::Synced)
    }

    /// Writes the token to a temporary file and waits for the disk. The caller renames the file with
    /// [`PendingStore::try_finish`]. Never sleeps: for async programs.
    pub fn prepare_store(&self, token: &CachedToken) -> Result<PendingStore, CacheFileError> {
        Reservation::stage_locked(&self.file)?.write(token)
    }

    /// Reads the token and the version of the file once, without sleeping. See
    /// [`TokenFile::load_once`].
    pub fn load_once(&self) -> Result<(CachedToken, Fingerprint), CacheFileError> {
        self.checked(self.file.read_once(CachedToken::parse)?)
    }

    /// Reserves disk space for a new token, so that [`Reservation::store`] does not fail for lack
    /// of space or permission. Waits for the disk. Call this before a refresh token is spent.
    ///
    /// Creates a temporary file beside the token file and fills it with bytes that do not parse.
    /// The file is removed when the reservation is dropped. The reservation keeps the lock, even if
    /// this guard is dropped.
    ///
    /// Also fails if a killed process left a token that could not be read, or is newer and could not
    /// be renamed to the token file, when the lock was taken. The reservation would overwrite it.
    /// Take the lock again later.
    pub fn reserve(&self) -> Result<Reservation, CacheFileError> {
        if let Recovery::NotAdopted(error) = &self.leftover {
            return Err(CacheFileError::write(&self.file.place().path(), error.clone()));
        }
        Reservation::stage_locked(&self.file)?.with_space()
    }

    /// Records in the lock file that a refresh of the current version of the token file failed at
    /// `time`, for [`TokenFile::refresh_failed_at`].
    ///
    /// Does nothing if there is no token file. If the record cannot be written, logs that at debug
    /// level.
    pub fn record_refresh_failure(&self, time: Timestamp) {
        let Ok(Some(version)) = self.file.file().fingerprint() else { return };
        if let Err(error) = self.file.lock().write_note(&format!("{time} {}\n", version.record())) {
            tracing::debug!(%error, "a failed refresh could not be recorded in the lock file");
        }
    }

    /// Removes the token file and the leftover files of killed writers, as a logout does. Returns
    /// `true` if there was a token file.
    ///
    /// If a leftover file cannot be removed, the token file is removed all the same, and the error
    /// names the leftover file.
    pub fn remove(&self) -> Result<bool, CacheFileError> {
        self.file.remove_all()
    }

    fn checked(
        &self,
        token: Loaded<CachedToken>,
    ) -> Result<(CachedToken, Fingerprint), CacheFileError> {
        check_config_owners(token, &self.configs, &self.file.place().path())
    }

    /// Returns `true` if a token that a killed process had left was recovered when this lock was
    /// taken, for logs and counters.
    pub fn adopted_leftover(&self) -> bool {
        matches!(self.leftover, Recovery::Adopted)
    }
}

/// A guard that holds the lock of a login. The lock is released on drop, and by the kernel when the
/// process ends. The lock file, `<token file>.login.lock`, is kept.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct LoginLock(#[expect(dead_code, reason = "held, not read")] FileLock);

/// Returns the token and its version. Fails if this process runs as root and another user may have
/// written a config file.
fn check_config_owners(
    loaded: Loaded<CachedToken>,
    configs: &[Arc<Path>],
    path: &Path,
) -> Result<(CachedToken, Fingerprint), CacheFileError> {
    for config in configs {
        if let Some(owner) = sso_files::untrusted_config_owner(config, loaded.owner) {
            let (path, config) = (path.to_owned(), config.as_ref().to_owned());
            return Err(CacheFileError::ForeignConfig { path, config, owner });
        }
    }
    Ok((loaded.value, loaded.version))
}
