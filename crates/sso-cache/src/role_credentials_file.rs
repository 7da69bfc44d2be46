//! Reads, locks and replaces the file in which the AWS CLI caches the credentials of one account
//! and role.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sso_types::{AccountId, Credentials, RoleName};
use zeroize::Zeroizing;

use sso_files::{Durability, Fingerprint, temp_is_for};

use crate::cache_file::{self, CacheFile, LockedFile, WRITER_LOCK};
use crate::role_json;
use crate::{AccessWarning, CacheFileError, CacheKey, LockError, ParseError, role_cache_key};

/// A file of role credentials, which is shared with the AWS CLI. Each program uses the credentials
/// that the other stored.
///
/// It is only a cache: content that cannot be used is ignored, and writing does not wait for the
/// disk. All methods block for some system calls, and on Windows for some tenths of a second while
/// another program has a file open. A method that can block longer says so. Cheap to clone: it
/// contains a path and no open file.
#[derive(Debug, Clone)]
pub struct RoleCredentialsFile {
    file: CacheFile,
    /// The account that the credentials must belong to, if it is known.
    account_id: Option<AccountId>,
    /// The sso-session to record in the file, so that a logout from that session can remove it.
    session_name: Option<String>,
}

impl RoleCredentialsFile {
    /// Creates a `RoleCredentialsFile` for `path`. The file need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let file = CacheFile::new(path, |content| role_json::parse(content).is_ok());
        Self { file, account_id: None, session_name: None }
    }

    /// Creates a `RoleCredentialsFile` for the file that the AWS CLI uses for this account, role and
    /// login.
    ///
    /// `directory` is usually [`role_cache_dir`](crate::role_cache_dir). Loading ignores
    /// credentials that belong to another account according to the file, and logs a warning.
    pub fn standard(
        directory: &Path,
        account_id: &AccountId,
        role_name: &RoleName,
        login: &CacheKey,
    ) -> Self {
        let mut name = role_cache_key(account_id, role_name, login);
        name.push_str(".json");
        Self {
            account_id: Some(account_id.clone()),
            session_name: login.is_session().then(|| login.as_str().to_owned()),
            ..Self::new(directory.join(name))
        }
    }

    /// Parses the content of a file of role credentials.
    pub fn parse(bytes: &[u8]) -> Result<Credentials, ParseError> {
        role_json::parse(bytes)
    }

    /// Returns the content of the file, as the AWS CLI writes it. The expiry is rounded down to
    /// whole seconds. The content is secret, and is cleared from memory on drop.
    pub fn to_json(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
        role_json::to_bytes(credentials, None)
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        self.file.path()
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

    /// Reads the credentials, which may be expired. Returns `None` if there are none that can be
    /// used. The reason is logged: as a warning if the file belongs to another user, otherwise at
    /// debug level.
    ///
    /// Does not wait for a writer, so that async programs can call it. May return `None` while
    /// another tool is writing the file in place. Therefore take the lock and load again before you
    /// request new credentials: by then, that tool or another process may have finished.
    pub fn load(&self) -> Option<Credentials> {
        self.load_with_fingerprint().map(|(credentials, _)| credentials)
    }

    /// Reads the credentials as [`load`](Self::load) does, and the version of the file.
    pub fn load_with_fingerprint(&self) -> Option<(Credentials, Fingerprint)> {
        let loaded = ok_or_log(self.file.read_once(role_json::parse))?;
        let credentials = check_account(loaded.value, self.account_id.as_ref(), self.path())?;
        Some((credentials, loaded.version))
    }

    /// Reads the credentials, which may be expired, or returns the reason why they cannot be used.
    /// If the file does not parse, reads it again after some milliseconds.
    pub fn try_load(&self) -> Result<Credentials, CacheFileError> {
        self.file.read(role_json::parse).map(|it| it.value)
    }

    /// Returns `true` if the directory of the file is missing. Then there are no credentials, and
    /// taking the lock would create the directory. Makes some system calls.
    pub fn is_directory_missing(&self) -> bool {
        self.file.is_directory_missing()
    }

    /// Reads the name of the sso-session that the credentials came from. Returns `None` if the file
    /// does not contain it, as when the AWS CLI wrote the file, or cannot be read.
    pub fn recorded_session_name(&self) -> Option<String> {
        self.file.read_once(role_json::session_name).ok()?.value
    }

    /// Takes the lock for writing the file, so that only one of many processes requests
    /// credentials. Returns `None` without waiting if another process or thread holds it.
    ///
    /// Creates missing directories. Load the credentials again after taking the lock. On
    /// [`LockError::Unavailable`], continue without the lock and call
    /// [`store_unlocked`](Self::store_unlocked).
    pub fn try_lock(&self) -> Result<Option<RoleCredentialsFileLock>, LockError> {
        let (account_id, session_name) = (self.account_id.clone(), self.session_name.clone());
        let lock = |file| RoleCredentialsFileLock { file, account_id, session_name };
        Ok(self.file.try_lock()?.map(lock))
    }

    /// Takes the lock, and waits for it for at most `limit`. It retries
    /// [`try_lock`](Self::try_lock) every few milliseconds and blocks the thread.
    pub fn lock(&self, limit: Duration) -> Result<RoleCredentialsFileLock, LockError> {
        cache_file::wait(|| self.file.lock_path(WRITER_LOCK), limit, || self.try_lock())
    }

    /// Replaces the file atomically without the lock, for file systems without locks.
    pub fn store_unlocked(&self, credentials: &Credentials) -> Result<Fingerprint, CacheFileError> {
        let content = role_json::to_bytes(credentials, self.session_name.as_deref());
        self.file.replace(&content, Durability::Cached)
    }

    /// Removes the file and the leftover files of killed writers, as a logout does. Returns `true`
    /// if there was a file. The lock file is kept.
    ///
    /// Another process may be storing credentials and finish after this call.
    pub fn remove(&self) -> Result<bool, CacheFileError> {
        self.file.remove_all()
    }
}

/// A guard that holds the lock of a file of role credentials. The lock is released on drop, and by
/// the kernel when the process ends.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock"]
pub struct RoleCredentialsFileLock {
    file: LockedFile,
    account_id: Option<AccountId>,
    session_name: Option<String>,
}

impl RoleCredentialsFileLock {
    /// Reads the credentials as [`RoleCredentialsFile::load`] does. Another process may have
    /// written them while this one waited for the lock.
    pub fn load(&self) -> Option<Credentials> {
        let loaded = ok_or_log(self.file.read_once(role_json::parse))?;
        check_account(loaded.value, self.account_id.as_ref(), self.file.file().path())
    }

    /// Replaces the file atomically. On failure, the file is unchanged. Missing directories are
    /// created with mode 0700; the file has mode 0600.
    pub fn store(&self, credentials: &Credentials) -> Result<Fingerprint, CacheFileError> {
        let content = role_json::to_bytes(credentials, self.session_name.as_deref());
        self.file.replace(&content, Durability::Cached)
    }

    /// Removes the file and the leftover files of killed writers. Returns `true` if there was a
    /// file.
    pub fn remove(&self) -> Result<bool, CacheFileError> {
        self.file.remove_all()
    }
}

/// Lists the files in `directory` with role credentials from an SSO login, for a logout to remove
/// them.
///
/// The list includes files that the AWS CLI wrote. It also includes a missing file, if a killed
/// writer left a temporary file for it. It does not include other kinds of credentials
/// (`assume-role`) or files that cannot be read. It is empty if there is no directory.
pub fn role_credentials_files(
    directory: &Path,
) -> Result<Vec<RoleCredentialsFile>, CacheFileError> {
    let is_sso = |path: &PathBuf| {
        let file = CacheFile::new(path, |_| false);
        file.read_once(role_json::is_sso).is_ok_and(|it| it.value)
    };
    let all: BTreeSet<_> = cache_file::entries(directory)?.into_iter().collect();
    // The AWS CLI creates no temporary files, so these are ours, even if they are incomplete.
    let left = all.iter().filter_map(|path| temp_is_for(path));
    let left = left.filter(|path| cache_file::is_json(path) && !all.contains(path));
    let mut files: BTreeSet<_> = left.collect();
    files.extend(all.iter().filter(|path| cache_file::is_json(path) && is_sso(path)).cloned());
    Ok(files.into_iter().map(RoleCredentialsFile::new).collect())
}

/// Returns the credentials, unless they belong to another account according to the file. This
/// happens if the files of two roles were swapped.
fn check_account(
    credentials: Credentials,
    expected: Option<&AccountId>,
    path: &Path,
) -> Option<Credentials> {
    match (credentials.account_id(), expected) {
        (Some(found), Some(expected)) if found != expected => {
            tracing::warn!(
                "the cached role credentials in {} are those of the account {found}, not of \
                 {expected}, and are not used",
                path.display()
            );
            None
        }
        _ => Some(credentials),
    }
}

/// Converts an error to `None`, and logs it unless the file does not exist.
fn ok_or_log<T>(loaded: Result<T, CacheFileError>) -> Option<T> {
    match loaded {
        Ok(loaded) => Some(loaded),
        Err(CacheFileError::NotFound { .. }) => None,
        Err(error) if error.is_foreign_owner() => {
            tracing::warn!("{error}");
            None
        }
        Err(error) => {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            tracing::debug!(%error, reason, "ignoring cached role credentials that cannot be used");
            None
        }
    }
}
