//! Reserves disk space for a new token before the old refresh token is spent.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use sso_files::{Durability, FileLock, Fingerprint, StagedFile};
use zeroize::Zeroizing;

use crate::cache_file::{CacheFile, LockedFile, check_size};
use crate::token_content::content;
use crate::{CacheFileError, CachedToken};

/// A temporary file beside a token file, with reserved disk space for a new token. See
/// [`TokenFileLock::reserve`](crate::TokenFileLock::reserve).
///
/// The temporary file is removed on drop.
#[derive(Debug)]
#[must_use = "dropping the reservation releases the disk space"]
pub struct Reservation {
    staged: StagedFile,
    file: CacheFile,
    /// Declared after `staged`, so that it is released after the temporary file is removed.
    lock: Option<Arc<FileLock>>,
}

/// A token that was written to the temporary file, which was not yet renamed to the token file. On
/// Windows the rename fails while another program has the token file open.
///
/// It holds the lock, if the reservation was made under the lock. Dropping it then keeps the
/// temporary file, which the next holder of the lock renames. Without the lock, dropping it removes
/// the file.
#[derive(Debug)]
#[must_use = "call try_finish until it succeeds"]
pub struct PendingStore {
    staged: StagedFile,
    content: Zeroizing<Vec<u8>>,
    file: CacheFile,
    is_discarded: bool,
    _lock: Option<Arc<FileLock>>,
}

/// The error for a token that could not be stored. The token file is unchanged.
#[derive(Debug)]
pub struct StoreFailure {
    error: CacheFileError,
    pending: Option<Box<PendingStore>>,
}

impl Reservation {
    /// Creates the temporary file, and keeps the lock. Reserves no space yet.
    pub(crate) fn stage_locked(file: &LockedFile) -> Result<Self, CacheFileError> {
        let lock = Some(Arc::clone(file.lock()));
        Ok(Self { staged: file.stage()?, file: file.file().clone(), lock })
    }

    /// Creates the temporary file without the lock. Reserves no space yet.
    pub(crate) fn stage_unlocked(file: &CacheFile) -> Result<Self, CacheFileError> {
        Ok(Self { staged: file.stage()?, file: file.clone(), lock: None })
    }

    /// Reserves the disk space.
    pub(crate) fn with_space(mut self) -> Result<Self, CacheFileError> {
        match self.staged.reserve() {
            Ok(()) => Ok(self),
            Err(error) => Err(CacheFileError::write(&self.staged.target(), error.into())),
        }
    }

    /// Writes the token to the temporary file, waits for the disk, and renames the file to the
    /// token file. Does not retry. Sleeps only if another program has removed the temporary file, and,
    /// on Windows, has the token file open.
    pub fn store(self, token: &CachedToken) -> Result<Fingerprint, StoreFailure> {
        let mut pending = self.write(token)?;
        pending
            .try_finish()
            .map_err(|error| StoreFailure { error, pending: Some(Box::new(pending)) })
    }

    /// Writes the token to the temporary file and waits for the disk, but does not rename the file.
    ///
    /// The user may log in or out while this function waits, with a tool that does not take the
    /// lock. See [`PendingStore::try_finish`].
    pub fn write(self, token: &CachedToken) -> Result<PendingStore, CacheFileError> {
        // Variables are dropped in reverse order: the temporary file first, then the lock.
        let Self { lock, file, mut staged } = self;
        let content = written(&mut staged, token)?;
        Ok(PendingStore { staged, content, file, is_discarded: false, _lock: lock })
    }
}

impl PendingStore {
    /// Replaces the token in the temporary file, and waits for the disk.
    pub fn rewrite(&mut self, token: &CachedToken) -> Result<(), CacheFileError> {
        self.content = written(&mut self.staged, token)?;
        Ok(())
    }

    /// Renames the temporary file to the token file. Does not retry; after a failure, it can be called
    /// again. Sleeps only as [`Reservation::store`] does.
    ///
    /// Compare the [fingerprint](crate::TokenFile::fingerprint) of the token file first. If it has
    /// changed, the user has logged in or out meanwhile, and this token must not replace the file.
    /// In that case call [`discard`](Self::discard).
    pub fn try_finish(&mut self) -> Result<Fingerprint, CacheFileError> {
        match self.staged.rename() {
            Ok(version) => Ok(version),
            // Another program removed the temporary file or its directory.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.file.replace(&self.content, Durability::Synced)
            }
            Err(error) => Err(CacheFileError::write(&self.staged.target(), error.into())),
        }
    }

    /// Removes the temporary file.
    pub fn discard(mut self) {
        self.is_discarded = true;
    }
}

impl Drop for PendingStore {
    fn drop(&mut self) {
        if !self.is_discarded {
            self.staged.keep();
        }
    }
}

/// Writes the token to the temporary file. Returns the content.
fn written(
    staged: &mut StagedFile,
    token: &CachedToken,
) -> Result<Zeroizing<Vec<u8>>, CacheFileError> {
    let path = staged.target();
    let content = content(&path, token)?;
    check_size(&path, &content)?;
    staged
        .write(&content, Durability::Synced)
        .map_err(|error| CacheFileError::write(&path, error.into()))?;
    Ok(content)
}

impl StoreFailure {
    /// The reason for the failure.
    pub fn error(&self) -> &CacheFileError {
        &self.error
    }

    /// Returns the reason for the failure and, if only the rename failed, the value to retry it
    /// with.
    pub fn into_parts(self) -> (CacheFileError, Option<PendingStore>) {
        (self.error, self.pending.map(|pending| *pending))
    }
}

impl From<CacheFileError> for StoreFailure {
    fn from(error: CacheFileError) -> Self {
        Self { error, pending: None }
    }
}

impl From<StoreFailure> for CacheFileError {
    fn from(failure: StoreFailure) -> Self {
        failure.error
    }
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for StoreFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
