//! A token file: read, locked, replaced.
//!
//! When a token is refreshed is decided in `sso-provider`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use sso_files::{Durability, FileLock, Fingerprint};

use crate::cache_file::{self, CacheFile, LOGIN_LOCK, Loaded, LockedFile, WRITER_LOCK};
use crate::leftover::{self, Settled};
use crate::token_content::content;
use crate::{AccessWarning, CachedToken, LockError, Reservation, StoreError};

/// The file that holds one SSO token, shared with every AWS tool of the user.
///
/// All methods block, for some system calls or as long as each says. Cheap to clone; holds a path
/// and nothing open.
///
/// A symbolic link is followed: what it leads to is read, locked and replaced, and the link stays.
/// Of a file with several hard links only the name that is given here gets the new content.
#[derive(Debug, Clone)]
pub struct TokenFile {
    file: CacheFile,
    configs: Vec<Arc<Path>>,
}

impl TokenFile {
    /// The file at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let file = CacheFile::new(path, |content| CachedToken::parse(content).is_ok());
        Self { file, configs: Vec::new() }
    }

    /// The same file, for a token that is sent to the endpoints that this config file names. May be
    /// called for more than one. A process of root then refuses the token with
    /// [`StoreError::ForeignConfig`] unless each of them, with the directories and links on its path,
    /// belongs to root or to the token file's owner. Other processes do not look at it.
    #[must_use]
    pub fn with_config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.configs.push(path.into().into());
        self
    }

    /// Returns the token file at `path`, with the same config files as this one.
    #[must_use]
    pub fn with_path(&self, path: impl Into<PathBuf>) -> Self {
        Self { configs: self.configs.clone(), ..Self::new(path) }
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Which version of the file is there now; `None` when there is none. One system call.
    pub fn fingerprint(&self) -> Result<Option<Fingerprint>, StoreError> {
        self.file.fingerprint()
    }

    /// What the rights of the file, and of the directory that it is in, let other users do and should
    /// not; empty when all is well. For what stands in the file at a load,
    /// [`Fingerprint::is_private`] says it without a system call. Some system calls.
    pub fn access_warnings(&self) -> Vec<AccessWarning> {
        self.file.access_warnings()
    }

    /// Reads the token. Needs no lock: writers replace the file in one step.
    pub fn load(&self) -> Result<CachedToken, StoreError> {
        self.load_with_fingerprint().map(|(token, _)| token)
    }

    /// Reads the token, and says which version of the file it was read from.
    ///
    /// A file that does not parse may be one that another tool is truncating and writing in place:
    /// it is read again after 10 milliseconds, and when it is no whole JSON then, twice more after
    /// 20 and 40, and up to four times more, 40 apart, while it is empty or keeps changing.
    pub fn load_with_fingerprint(&self) -> Result<(CachedToken, Fingerprint), StoreError> {
        loaded(self.file.read(CachedToken::parse)?, &self.configs, self.path())
    }

    /// As [`load_with_fingerprint`](Self::load_with_fingerprint), but reads the file once and never
    /// sleeps: for async programs. If the error [may pass](StoreError::may_be_incomplete), wait some
    /// milliseconds with the runtime's timer and call this again.
    pub fn load_once(&self) -> Result<(CachedToken, Fingerprint), StoreError> {
        loaded(self.file.read_once(CachedToken::parse)?, &self.configs, self.path())
    }

    /// Returns the time of the last failed refresh of this version of the token file, as recorded by
    /// [`TokenFileLock::record_refresh_failure`] in any process. `None` if there is no record, or if
    /// the record is for another version of the file. Reads the lock file and takes no lock.
    ///
    /// Ignore a time that lies in the future: the clock has been set back since.
    pub fn refresh_failed_at(&self, version: &Fingerprint) -> Option<Timestamp> {
        let note = self.file.lock_note(WRITER_LOCK);
        let (time, recorded) = note.strip_suffix('\n')?.split_once(' ')?;
        (recorded == version.record()).then(|| time.parse().ok()).flatten()
    }

    /// As [`TokenFileLock::reserve`], without the lock: for file systems without locks. The token is
    /// lost if this process is killed before [`Reservation::store`] returns.
    pub fn reserve_unlocked(&self) -> Result<Reservation, StoreError> {
        Reservation::unlocked(&self.file)
    }

    /// Takes the lock that every writer takes; `None` when someone else holds it. Does not wait for it.
    ///
    /// When the last holder was killed in the middle of a [`store`](TokenFileLock::store), this
    /// finishes or discards what it left. So read the file again after taking the lock. This alone
    /// may wait: for the disk (`fsync`), and as long as
    /// [`load_with_fingerprint`](Self::load_with_fingerprint) says for a token file that does not
    /// parse. Missing directories are made.
    ///
    /// With [`LockError::Unsupported`] go on without:
    /// [`store_unlocked`](Self::store_unlocked).
    pub fn try_lock(&self) -> Result<Option<TokenFileLock>, LockError> {
        let Some(file) = self.file.try_lock()? else { return Ok(None) };
        let leftover = leftover::settle(&file);
        Ok(Some(TokenFileLock { file, configs: self.configs.clone(), leftover }))
    }

    /// As [`try_lock`](Self::try_lock), and waits for the lock for at most `limit`, asking every
    /// few milliseconds: for a program without an async runtime. In a task ask [`try_lock`](Self::try_lock) instead, with the
    /// runtime's own timer.
    pub fn lock(&self, limit: Duration) -> Result<TokenFileLock, LockError> {
        cache_file::wait(|| self.lock_path(), limit, || self.try_lock())
    }

    /// The file that is locked. It stays when the lock is released and is empty.
    pub fn lock_path(&self) -> Result<PathBuf, LockError> {
        self.file.lock_path(WRITER_LOCK)
    }

    /// Takes the lock that a login for this token file holds from its first request to its end, so
    /// that of several logins at once only one asks the user; `None` if another login holds it.
    /// Does not wait for it. Independent of [`try_lock`](Self::try_lock), which a login takes only
    /// to write. Creates missing directories.
    pub fn try_login_lock(&self) -> Result<Option<LoginLock>, LockError> {
        let (_, lock) = self.file.try_lock_file(LOGIN_LOCK)?;
        Ok(lock.map(LoginLock))
    }

    /// Replaces the file's content in one step, without the lock: for where there is none to be
    /// had, and for a token of a login made just now. Waits for the disk (`fsync`).
    ///
    /// A failure leaves the old content, and nothing else. Missing directories are made, with mode
    /// 0700; the file has mode 0600.
    pub fn store_unlocked(&self, token: &CachedToken) -> Result<Fingerprint, StoreError> {
        self.file.replace(&content(self.path(), token)?, Durability::Synced)
    }

    /// Removes the token file and what killed writers may have left of one, as at a logout.
    /// Whether there was a token file. The lock file stays. Where only what was left cannot be
    /// removed, the error names that.
    ///
    /// A store that is under way elsewhere may come after this. To be the last, take the lock and
    /// remove under it: [`TokenFileLock::remove`].
    pub fn remove(&self) -> Result<bool, StoreError> {
        self.file.remove_all()
    }
}

/// The right to write a token file, for as long as this lives: no other process or thread that asks
/// for it has it. Released on drop, and by the kernel when the process dies.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock"]
pub struct TokenFileLock {
    file: LockedFile,
    configs: Vec<Arc<Path>>,
    leftover: Settled,
}

impl TokenFileLock {
    /// Reads the token, which another process may have written while the lock was waited for.
    pub fn load(&self) -> Result<CachedToken, StoreError> {
        self.load_with_fingerprint().map(|(token, _)| token)
    }

    /// Reads the token, and says which version of the file it was read from.
    pub fn load_with_fingerprint(&self) -> Result<(CachedToken, Fingerprint), StoreError> {
        self.loaded(self.file.read(CachedToken::parse)?)
    }

    /// Replaces the file's content in one step. Waits for the disk (`fsync`).
    ///
    /// When the process is killed after the new token has reached the disk and before it has taken
    /// the file's place, the next holder of the lock puts it there. A failure leaves the old
    /// content, and nothing else: keep the token and store it again later. Missing directories are
    /// made, with mode 0700; the file has mode 0600.
    pub fn store(&self, token: &CachedToken) -> Result<Fingerprint, StoreError> {
        self.file.replace(&content(&self.file.place().path(), token)?, Durability::Synced)
    }

    /// As [`load_with_fingerprint`](Self::load_with_fingerprint), but reads the file once and never
    /// sleeps. See [`TokenFile::load_once`].
    pub fn load_once(&self) -> Result<(CachedToken, Fingerprint), StoreError> {
        self.loaded(self.file.read_once(CachedToken::parse)?)
    }

    /// Reserves disk space for a new token, so that [`Reservation::store`] does not fail for lack of
    /// space or of permission. Call this before a refresh token is spent. Waits for the disk.
    ///
    /// Makes a temporary file beside the token file and writes bytes to it that never parse. It is
    /// removed when the reservation is dropped. The lock is held for as long as the reservation
    /// lives, even if this guard is dropped.
    ///
    /// Fails, too, if taking the lock found a newer token that a killed process had left, and could
    /// not put it in place: the reservation would overwrite it. Take the lock again later.
    pub fn reserve(&self) -> Result<Reservation, StoreError> {
        if let Settled::NotAdopted(error) = &self.leftover {
            return Err(StoreError::write(&self.file.place().path(), error.clone()));
        }
        Reservation::locked(&self.file)
    }

    /// Records in the lock file that refreshing the present version of the token file failed at
    /// `time`, for [`TokenFile::refresh_failed_at`]. A failure to write the record is logged at debug
    /// level. Does nothing if there is no token file.
    pub fn record_refresh_failure(&self, time: Timestamp) {
        let Ok(Some(version)) = self.file.file().fingerprint() else { return };
        if let Err(error) = self.file.lock().write_note(&format!("{time} {}\n", version.record())) {
            tracing::debug!(%error, "a failed refresh could not be recorded in the lock file");
        }
    }

    /// Removes the token file and what killed writers may have left of one, as at a logout.
    /// Whether there was a token file. Where only what was left cannot be removed, the error names
    /// that.
    pub fn remove(&self) -> Result<bool, StoreError> {
        self.file.remove_all()
    }

    fn loaded(&self, token: Loaded<CachedToken>) -> Result<(CachedToken, Fingerprint), StoreError> {
        loaded(token, &self.configs, &self.file.place().path())
    }

    /// Whether taking this lock adopted the temporary file of a killed writer. For logs and counters.
    pub fn adopted_leftover(&self) -> bool {
        matches!(self.leftover, Settled::Adopted)
    }
}

/// The lock of one login. Released on drop, and by the kernel when the process dies. Its file,
/// `<token file>.login.lock`, stays.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct LoginLock(#[expect(dead_code, reason = "held, not read")] FileLock);

/// Returns what was read, unless this process is root and another user may have written a config
/// file.
fn loaded(
    loaded: Loaded<CachedToken>,
    configs: &[Arc<Path>],
    path: &Path,
) -> Result<(CachedToken, Fingerprint), StoreError> {
    for config in configs {
        if let Some(owner) = sso_files::untrusted_config_owner(config, loaded.owner) {
            let (path, config) = (path.to_owned(), config.as_ref().to_owned());
            return Err(StoreError::ForeignConfig { path, config, owner });
        }
    }
    Ok((loaded.value, loaded.version))
}
