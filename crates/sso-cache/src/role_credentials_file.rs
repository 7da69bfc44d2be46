//! Reads, locks and replaces the file in which the AWS CLI caches the credentials of one account and
//! role.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sso_types::{AccountId, Credentials, RoleName};
use zeroize::Zeroizing;

use sso_files::{Durability, Fingerprint, temp_is_for};

use crate::cache_file::{self, CacheFile, LockedFile, WRITER_LOCK};
use crate::role_json;
use crate::{AccessWarning, CacheKey, LockError, ParseError, StoreError, role_cache_key};

/// A file of role credentials, shared with the AWS CLI: each uses the credentials that the other stored.
///
/// It is only a cache: content that cannot be read counts as absent, and writing does not wait for the
/// disk. All methods block for some system calls, or for as long as each says. Cheap to clone: it holds
/// a path and no open file.
#[derive(Debug, Clone)]
pub struct RoleCredentialsFile {
    file: CacheFile,
    /// The account whose credentials the file must hold, if that is known.
    account_id: Option<AccountId>,
    /// The sso-session to record in the file, for its logout.
    session_name: Option<String>,
}

impl RoleCredentialsFile {
    /// The file at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let file = CacheFile::new(path, |content| role_json::parse(content).is_ok());
        Self { file, account_id: None, session_name: None }
    }

    /// The file that the AWS CLI uses in `directory` (see [`role_cache_dir`](crate::role_cache_dir))
    /// for this account and role, for the login of this session or start URL. Credentials in it that say
    /// they are those of another account are ignored, with a warning.
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

    /// Reads the content of such a file, without the file.
    pub fn parse(bytes: &[u8]) -> Result<Credentials, ParseError> {
        role_json::parse(bytes)
    }

    /// The content of such a file, as the AWS CLI writes it: whole seconds, rounded down. Secret,
    /// and cleared from memory on drop.
    pub fn to_json(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
        role_json::print(credentials, None)
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

    /// The credentials in the file, expired ones too; `None` if there are none that can be read. The
    /// reason is logged at debug level, and as a warning if the file is another user's.
    ///
    /// Never sleeps, so that async programs can call it: a file that another tool is writing at this
    /// moment counts as absent. Take the lock and load again before requesting new credentials.
    pub fn load(&self) -> Option<Credentials> {
        self.load_with_fingerprint().map(|(credentials, _)| credentials)
    }

    /// As [`load`](Self::load), with the version of the file that they were read from.
    pub fn load_with_fingerprint(&self) -> Option<(Credentials, Fingerprint)> {
        let loaded = as_if_absent(self.file.read_once(role_json::parse))?;
        let credentials = of_account(loaded.value, self.account_id.as_ref(), self.path())?;
        Some((credentials, loaded.version))
    }

    /// The credentials in the file, expired ones too, or the reason why there are none. Sleeps some
    /// milliseconds before it reads a broken file again.
    pub fn try_load(&self) -> Result<Credentials, StoreError> {
        self.file.read(role_json::parse).map(|it| it.value)
    }

    /// Whether the directory of the file is missing. Then there are no credentials, and taking the
    /// lock would make the directory. Some system calls.
    pub fn is_directory_missing(&self) -> bool {
        self.file.is_directory_missing()
    }

    /// Reads the name of the sso-session that the credentials were got with; `None` if the file does
    /// not say, as one of the AWS CLI, or cannot be read.
    pub fn recorded_session_name(&self) -> Option<String> {
        self.file.read_once(role_json::session_name).ok()?.value
    }

    /// Takes the lock that every writer takes, so that of many processes one asks the service;
    /// `None` when someone else holds it. Does not wait. Missing directories are made. Read the
    /// file again after taking it.
    ///
    /// With [`LockError::Unsupported`] go on without: [`store_unlocked`](Self::store_unlocked).
    pub fn try_lock(&self) -> Result<Option<RoleCredentialsFileLock>, LockError> {
        let (account_id, session_name) = (self.account_id.clone(), self.session_name.clone());
        let lock = |file| RoleCredentialsFileLock { file, account_id, session_name };
        Ok(self.file.try_lock()?.map(lock))
    }

    /// As [`try_lock`](Self::try_lock), and waits for the lock for at most `limit`, asking every few
    /// milliseconds: for a program without an async runtime.
    pub fn lock(&self, limit: Duration) -> Result<RoleCredentialsFileLock, LockError> {
        cache_file::wait(|| self.file.lock_path(WRITER_LOCK), limit, || self.try_lock())
    }

    /// Replaces the file's content in one step, without the lock, for where there is none to be had.
    pub fn store_unlocked(&self, credentials: &Credentials) -> Result<Fingerprint, StoreError> {
        let content = role_json::print(credentials, self.session_name.as_deref());
        self.file.replace(&content, Durability::Cached)
    }

    /// Removes the file and what killed writers may have left of one, as at a logout. Whether there
    /// was a file. The lock file stays. A store that is under way elsewhere may come after this.
    pub fn remove(&self) -> Result<bool, StoreError> {
        self.file.remove_all()
    }
}

/// The right to write a file of role credentials, for as long as this lives. Released on drop, and
/// by the kernel when the process dies.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock"]
pub struct RoleCredentialsFileLock {
    file: LockedFile,
    account_id: Option<AccountId>,
    session_name: Option<String>,
}

impl RoleCredentialsFileLock {
    /// As [`RoleCredentialsFile::load`]: another process may have written while the lock was waited
    /// for.
    pub fn load(&self) -> Option<Credentials> {
        let loaded = as_if_absent(self.file.read_once(role_json::parse))?;
        of_account(loaded.value, self.account_id.as_ref(), self.file.file().path())
    }

    /// Replaces the file's content in one step. A failure leaves the old content, and nothing else.
    /// Missing directories are made, with mode 0700; the file has mode 0600.
    pub fn store(&self, credentials: &Credentials) -> Result<Fingerprint, StoreError> {
        let content = role_json::print(credentials, self.session_name.as_deref());
        self.file.replace(&content, Durability::Cached)
    }

    /// Removes the file and what killed writers may have left of one. Whether there was a file.
    pub fn remove(&self) -> Result<bool, StoreError> {
        self.file.remove_all()
    }
}

/// The files in `directory` that hold role credentials which came from an SSO login, the AWS CLI's
/// own included; those of other kinds (`assume-role`) and what cannot be read are left out. For a
/// logout, which removes them; so a file is there, too, of which nothing is but what a killed writer
/// left. No directory is an empty one.
pub fn role_credentials_files(directory: &Path) -> Result<Vec<RoleCredentialsFile>, StoreError> {
    let is_sso = |path: &PathBuf| {
        let file = CacheFile::new(path, |_| false);
        file.read_once(role_json::is_sso).is_ok_and(|it| it.value)
    };
    let all: BTreeSet<_> = cache_file::entries(directory)?.into_iter().collect();
    // The AWS CLI leaves none: what is left is ours, whether or not it is whole.
    let left = all.iter().filter_map(|path| temp_is_for(path));
    let left = left.filter(|path| cache_file::is_json(path) && !all.contains(path));
    let mut files: BTreeSet<_> = left.collect();
    files.extend(all.iter().filter(|path| cache_file::is_json(path) && is_sso(path)).cloned());
    Ok(files.into_iter().map(RoleCredentialsFile::new).collect())
}

/// The credentials, unless the file says that they are those of another account: somebody exchanged
/// the files of two profiles.
fn of_account(
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

fn as_if_absent<T>(loaded: Result<T, StoreError>) -> Option<T> {
    match loaded {
        Ok(loaded) => Some(loaded),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) if error.is_foreign_owner() => {
            tracing::warn!("{error}");
            None
        }
        Err(error) => {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            tracing::debug!(%error, reason, "cached role credentials count as absent");
            None
        }
    }
}
