//! Disk space that is reserved for a token before the old refresh token is spent.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::lock::FileLock;
use crate::store::{self, Durability, Fingerprint, Staged, TempName};
use crate::{CachedToken, StoreError, token_file};

/// A temporary file beside a token file, with room for a new token. See
/// [`TokenFileLock::reserve`](crate::TokenFileLock::reserve).
///
/// Dropping it removes the temporary file.
#[derive(Debug)]
#[must_use = "dropping the reservation releases the disk space"]
pub struct Reservation {
    staged: Staged,
    /// Released after the temporary file is gone.
    lock: Option<Arc<FileLock>>,
}

/// A token that is complete on the disk, in the temporary file, but could not be renamed to the token
/// file: on Windows, on FAT and on SMB another program may hold the token file open.
///
/// If it was made under the lock, dropping it leaves the temporary file, which the next holder of the
/// lock puts in place. The lock is held until then. Without the lock, dropping it removes the file.
#[derive(Debug)]
#[must_use = "call try_finish until it succeeds"]
pub struct PendingStore {
    staged: Staged,
    _lock: Option<Arc<FileLock>>,
}

/// The token could not be stored. The token file is as it was.
#[derive(Debug)]
pub struct StoreFailure {
    error: StoreError,
    pending: Option<Box<PendingStore>>,
}

impl Reservation {
    pub(crate) fn new(real: &Path, lock: Option<&Arc<FileLock>>) -> Result<Self, StoreError> {
        let name = lock.map_or(TempName::Random, |lock| lock.temp_name());
        let staged = Staged::create(real, name).and_then(|mut staged| {
            staged.reserve()?;
            Ok(staged)
        });
        let staged = staged.map_err(|error| StoreError::write(real, error))?;
        Ok(Self { staged, lock: lock.cloned() })
    }

    /// Writes the token to the reserved space, waits for the disk, and renames it to the token file.
    /// Never sleeps, and tries the rename once.
    pub fn store(self, token: &CachedToken) -> Result<Fingerprint, StoreFailure> {
        let Self { mut staged, lock } = self;
        let real = staged.real().to_owned();
        let failed = |error| StoreFailure { error, pending: None };
        let content = token_file::content(&real, token).map_err(failed)?;
        store::check_size(&real, &content).map_err(failed)?;
        staged
            .write(&content, Durability::Synced)
            .map_err(|error| failed(StoreError::write(&real, error)))?;
        match staged.rename() {
            Ok(version) => Ok(version),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The cache was cleared: the temporary file or its directory is gone.
                store::replace(&real, &content, TempName::Random, Durability::Synced)
                    .map_err(failed)
            }
            Err(error) => Err(StoreFailure {
                error: StoreError::write(&real, error),
                pending: Some(Box::new(PendingStore { staged, _lock: lock })),
            }),
        }
    }
}

impl PendingStore {
    /// Tries the rename once more. Never sleeps.
    ///
    /// Compare the [fingerprint](crate::TokenFile::fingerprint) of the token file first: if it has
    /// changed, somebody has logged in or out meanwhile, and this token must not replace that one.
    /// Then [`discard`](Self::discard) this.
    pub fn try_finish(&mut self) -> Result<Fingerprint, StoreError> {
        self.staged.rename().map_err(|error| StoreError::write(self.staged.real(), error))
    }

    /// Removes the temporary file.
    pub fn discard(mut self) {
        self.staged.discard();
    }
}

impl Drop for PendingStore {
    fn drop(&mut self) {
        self.staged.keep();
    }
}

impl StoreFailure {
    /// The reason.
    pub fn error(&self) -> &StoreError {
        &self.error
    }

    /// The reason; and if the token is complete on the disk and only the rename failed, the way to
    /// try that again.
    pub fn into_parts(self) -> (StoreError, Option<PendingStore>) {
        (self.error, self.pending.map(|pending| *pending))
    }
}

impl From<StoreFailure> for StoreError {
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
