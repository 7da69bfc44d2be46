//! Editing a file that people and other programs edit too: its mode and owner stay, and a change
//! that somebody else makes meanwhile is never lost.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::may_be_in_use;
use crate::private_file::Content;
use crate::{Durability, FileError, FileLock, Fingerprint, NoLock, Place, PrivateFile, TempName};

/// The end of the name of the lock file.
const LOCK_SUFFIX: &str = ".lock";

/// The time to wait for another process that edits the file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The number of times that an edit is applied to a file that other programs change meanwhile.
const MAX_ATTEMPTS: usize = 20;

/// The mode of an edited file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditedMode {
    /// The mode that the file had; 0600 for a new one.
    Kept,
    /// 0600, whatever it was: the file holds secrets.
    Private,
}

impl PrivateFile {
    /// Edits the file in one step. `edit` gets the content, `None` if there is no file, and returns
    /// the new content, or `None` to leave the file alone. Returns whether the file was written.
    ///
    /// The owner of the file stays. A lock excludes other processes that use this function: a file
    /// beside the edited one whose name ends in `.lock`. `edit` is called at least twice before
    /// anything is written, the last time under the lock, and again whenever another program has
    /// changed the file meanwhile. Without a difference nothing is written or created.
    ///
    /// Waits up to 10 seconds for the lock. Fails without a change if the file is larger than `limit`
    /// bytes, write-protected, or another user's.
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
    /// Replaces the content, unless the file is no longer the version `before`. Returns whether it
    /// did.
    fn replace_version(
        &self,
        before: Option<&Content>,
        content: &[u8],
        mode: EditedMode,
    ) -> Result<bool, FileError> {
        // The caller has read and parsed the file: it is of its kind.
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

    /// Replacing a file ignores its mode and makes it the user's own. Here neither is meant.
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

/// Waits for the lock; `None` where there are no locks.
fn lock(place: &Place) -> Result<Option<FileLock>, FileError> {
    let started = Instant::now();
    loop {
        match place.try_lock(LOCK_SUFFIX) {
            Ok(Some(lock)) => return Ok(Some(lock)),
            Ok(None) if started.elapsed() < LOCK_TIMEOUT => {
                thread::sleep(Duration::from_millis(10));
            }
            Ok(None) => return Err(FileError::Locked { lock: place.lock_path(LOCK_SUFFIX) }),
            Err(NoLock::Unsupported(error)) => {
                let file = place.path();
                tracing::debug!(%error, file = %file.display(), "editing without a lock");
                return Ok(None);
            }
            Err(NoLock::Failed(error)) => return Err(error.into()),
        }
    }
}

/// `None` for a missing file. One below something that is no directory is missing, too.
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
