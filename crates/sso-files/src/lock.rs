//! An exclusive lock between processes and threads: a kernel lock on a file beside the protected
//! file.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use crate::dir::{Access, Dir, Node};
use crate::error::is_sharing_violation;
use crate::staged::{TempName, make_private, set_owner};

/// The number of bytes of a note that are read. The notes of this crate's callers are shorter.
const MAX_NOTE: u64 = 1024;

/// An exclusive advisory lock (`flock`, on Windows `LockFileEx`). It is released when the value is
/// dropped or the process ends.
///
/// The lock belongs to the open file, not to the process, so it also excludes other threads of the
/// same process.
///
/// The lock file is never removed. Otherwise a process that waits for the old file and one that
/// creates a new file could both get the lock. If another program removes the lock file, the
/// process that takes the lock notices that its file no longer has the name, and tries again.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock"]
pub struct FileLock {
    file: File,
    dir: Arc<Dir>,
    name: OsString,
}

/// The error for a lock that could not be taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoLock {
    /// The lock file cannot be created or locked: the file system has no locks, the directory is not
    /// writable, the disk is full, or something else is in its place.
    Unavailable(io::Error),
    /// Any other error, such as too many open files.
    Failed(io::Error),
}

impl FileLock {
    /// Takes the lock. Returns `None` without waiting if another process or thread holds it.
    pub(crate) fn try_take(dir: &Arc<Dir>, name: &OsStr) -> Result<Option<Self>, NoLock> {
        // Each further round means that another program has removed the lock file.
        for _ in 0..8 {
            let file = match open(dir, name) {
                Ok(file) => file,
                // On Windows, another program has opened the file exclusively.
                Err(error) if is_sharing_violation(&error) => return Ok(None),
                Err(error) => return Err(no_lock(error)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(NoLock::Unavailable(error)),
            }
            let lock = Self { file, dir: Arc::clone(dir), name: name.to_owned() };
            if lock.is_current() {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// The path of the lock file, for messages.
    pub fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// Returns the kind of name to use for temporary files while this lock is held.
    pub fn temp_name(&self) -> TempName {
        // If the lock file was removed, another process may hold a new lock and use the fixed name.
        if self.is_current() { TempName::Fixed } else { TempName::Random }
    }

    /// Replaces the note in the lock file. The note is a short text for other processes.
    ///
    /// Fails if the lock file has several hard links, since another file may share its content.
    pub fn write_note(&self, note: &str) -> io::Result<()> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.file.metadata()?) != 1 {
            return Err(io::Error::other("the lock file has several hard links"));
        }
        // Not atomic: callers must treat an incomplete note as no note.
        self.file.set_len(0)?;
        (&self.file).rewind()?;
        (&self.file).write_all(note.as_bytes())
    }

    /// Returns `true` if the lock file still has its name.
    fn is_current(&self) -> bool {
        let Ok(named) = self.dir.node(&self.name) else { return false };
        // On Windows both identities are `None`, so this is `true`. There, an open lock file can be
        // neither removed nor renamed.
        self.file.metadata().is_ok_and(|locked| Node::of(&locked).identity == named.identity)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process between fork and exec shares the open
        // file.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, path = %self.path().display(), "a lock could not be released");
        }
    }
}

/// Reads the note in the lock file without taking the lock. Returns an empty text if it cannot be
/// read.
pub(crate) fn read_note(dir: &Dir, name: &OsStr) -> String {
    let mut note = String::new();
    if let Ok(file) = dir.open_file(name, Access::Read)
        && file.metadata().is_ok_and(|metadata| metadata.is_file())
        && file.take(MAX_NOTE).read_to_string(&mut note).is_err()
    {
        note.clear();
    }
    note
}

fn open(dir: &Dir, name: &OsStr) -> io::Result<File> {
    let opened = dir.open_file(name, Access::Lock);
    if !opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return opened;
    }
    let file = match dir.create_file(name, Access::Lock) {
        // Another process created the file first. Its mode and owner are not changed, since it may
        // be a hard link to another file.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return dir.open_file(name, Access::Lock);
        }
        made => made?,
    };
    if let (Ok(own), Ok(owner)) = (file.metadata(), dir.owner()) {
        make_private(&file, &own);
        set_owner(&file, &own, owner);
    }
    Ok(file)
}

fn no_lock(error: io::Error) -> NoLock {
    match error.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::Unsupported => NoLock::Unavailable(error),
        _ => NoLock::Failed(error),
    }
}
