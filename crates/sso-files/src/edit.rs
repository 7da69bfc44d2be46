//! Editing of files that users and other programs edit too. The owner is kept. A change that
//! another program makes at the same time is kept, unless it is made between the last check and the
//! rename.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::may_be_in_use;
use crate::private_file::Content;
use crate::{Durability, FileError, FileLock, Fingerprint, NoLock, Place, PrivateFile, TempName};

/// The suffix of the lock file's name.
const LOCK_SUFFIX: &str = ".lock";

/// The time to wait for the lock while another process edits the file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The number of attempts to edit a file that other programs keep changing.
const MAX_ATTEMPTS: usize = 20;

/// The mode of a file after an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditedMode {
    /// The mode that the file had before; 0600 for a new file.
    Kept,
    /// Always 0600, for a file with secrets.
    Private,
}

impl PrivateFile {
    /// Edits the file and replaces it atomically. Returns `true` if the file was written.
    ///
    /// `edit` gets the content of the file, or `None` if there is no file. It returns the new
    /// content, or `None` to leave the file unchanged; then nothing is created either.
    ///
    /// The owner of the file is kept. A lock file, whose name is that of the file with `.lock`
    /// appended, excludes other processes that use this function. `edit` must be repeatable: it is
    /// called once without the lock, once with it, and again whenever another program has changed
    /// the file.
    ///
    /// Waits up to 10 seconds for the lock. Fails without a change if the file is larger than
    /// `limit` bytes, is write-protected, or belongs to another user.
    pub fn edit<E: From<FileError>>(
        &self,
        limit: usize,
        mode: EditedMode,
        mut edit: impl FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<bool, E> {
        let place = optional(self.locate())?;
        let content = place.map_or(Ok(None), |place| optional(place.read(limit)))?;
        if edit(content.as_ref().map(Content::bytes))?.is_none() {
            return Ok(false);
        }
        let place = self.locate_or_create()?;
        let _lock = lock(&place)?;
        for _ in 0..MAX_ATTEMPTS {
            let before = optional(place.read(limit))?;
            if let Some(before) = &before {
                place.check_editable(before)?;
            }
            let Some(new) = edit(before.as_ref().map(Content::bytes))? else { return Ok(false) };
            if place.replace_version(before.as_ref(), &new, mode)? {
                return Ok(true);
            }
        }
        Err(FileError::KeepsChanging { path: place.path() }.into())
    }
}

impl Place {
    /// Replaces the content if the file still has the version `before`. Returns `false` if it does
    /// not.
    fn replace_version(
        &self,
        before: Option<&Content>,
        content: &[u8],
        mode: EditedMode,
    ) -> Result<bool, FileError> {
        // The caller has read and parsed the file, so no check of the content is needed.
        let mut staged = self.stage(TempName::Random, &|_| true)?;
        if let (Some(before), EditedMode::Kept) = (before, mode) {
            staged.set_permissions(before.permissions().clone())?;
        }
        staged.write(content, Durability::Synced)?;
        let started = Instant::now();
        loop {
            if self.version()?.as_ref() != before.map(Content::version) {
                return Ok(false);
            }
            match staged.rename() {
                Err(error) if may_be_in_use(&error) && started.elapsed() < LOCK_TIMEOUT => {
                    thread::sleep(Duration::from_millis(10));
                }
                renamed => {
                    renamed?;
                    return Ok(true);
                }
            }
        }
    }

    /// Fails if the file is write-protected or belongs to another user. A replacement would ignore
    /// the protection, and would change the owner.
    fn check_editable(&self, before: &Content) -> Result<(), FileError> {
        if before.permissions().readonly() {
            return Err(FileError::WriteProtected { path: self.path() });
        }
        #[cfg(unix)]
        {
            let user = crate::dir::effective_user();
            if user != 0 && user != before.owner() {
                let (path, owner) = (self.path(), before.owner());
                return Err(FileError::ForeignOwner { path, owner });
            }
        }
        Ok(())
    }

    fn version(&self) -> Result<Option<Fingerprint>, FileError> {
        optional(self.fingerprint())
    }
}

/// Waits for the lock. Returns `None` if the file cannot be locked, for example because the file
/// system has no locks.
fn lock(place: &Place) -> Result<Option<FileLock>, FileError> {
    let started = Instant::now();
    loop {
        match place.try_lock(LOCK_SUFFIX) {
            Ok(Some(lock)) => return Ok(Some(lock)),
            Ok(None) if started.elapsed() < LOCK_TIMEOUT => {
                thread::sleep(Duration::from_millis(10));
            }
            Ok(None) => return Err(FileError::Locked { lock: place.lock_path(LOCK_SUFFIX) }),
            Err(NoLock::Unavailable(error)) => {
                let file = place.path();
                tracing::debug!(%error, file = %file.display(), "editing without a lock");
                return Ok(None);
            }
            Err(NoLock::Failed(error)) => return Err(error.into()),
        }
    }
}

/// Returns `None` for a missing file, also if a part of its path is not a directory.
fn optional<T>(found: Result<T, FileError>) -> Result<Option<T>, FileError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(FileError::Io(error))
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
