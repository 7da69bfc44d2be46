//! One writer at a time: a kernel lock on a file beside the file that it protects.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use crate::dir::{Access, Dir, Node};
use crate::error::is_sharing_violation;
use crate::staged::{TempName, give_to, make_private};

/// A longer note in a lock file is not one of ours, in bytes.
const MAX_NOTE: u64 = 1024;

/// An exclusive advisory lock (`flock`, on Windows `LockFileEx`), released when it is dropped and by
/// the death of the process.
///
/// It belongs to the open file, not to the process: two threads of one process exclude each other as
/// two processes do. The lock file is never removed: a process that waits for the old file and one
/// that makes a new one would then both hold the lock. If another program removes it, the process that
/// takes the lock notices that its file no longer has the name, and tries again.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock"]
pub struct FileLock {
    file: File,
    dir: Arc<Dir>,
    name: OsString,
}

/// The reason for which there is no lock.
#[derive(Debug)]
#[non_exhaustive]
pub enum NoLock {
    /// The lock file cannot be made or locked here: a file system without locks, a directory that
    /// cannot be written to, no space.
    Unsupported(io::Error),
    /// Any other error, such as too many open files.
    Failed(io::Error),
}

impl FileLock {
    /// Takes the lock; `None` if another process or thread holds it. Does not wait.
    pub(crate) fn try_take(dir: &Arc<Dir>, name: &OsStr) -> Result<Option<Self>, NoLock> {
        // Repeats only if another program removes the lock file again and again.
        for _ in 0..8 {
            let file = match open(dir, name) {
                Ok(file) => file,
                // Another program holds it exclusively: on Windows that is a lock too.
                Err(error) if is_sharing_violation(&error) => return Ok(None),
                Err(error) => return Err(no_lock(error)),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(NoLock::Unsupported(error)),
            }
            let lock = Self { file, dir: Arc::clone(dir), name: name.to_owned() };
            if lock.is_current() {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// The lock file, for messages.
    pub fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// The kind of name that a temporary file gets under this lock.
    pub fn temp_name(&self) -> TempName {
        // If the lock file was removed, another process may hold a new one, and use the fixed name.
        if self.is_current() { TempName::Fixed } else { TempName::Random }
    }

    /// Replaces the note in the lock file. Leaves a lock file alone that has several hard links: its
    /// content may be another file's.
    pub fn write_note(&self, note: &str) -> io::Result<()> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.file.metadata()?) != 1 {
            return Err(io::Error::other("the lock file has several hard links"));
        }
        // A reader takes an incomplete note for none.
        self.file.set_len(0)?;
        (&self.file).rewind()?;
        (&self.file).write_all(note.as_bytes())
    }

    /// Whether the file of that name is still the locked one.
    fn is_current(&self) -> bool {
        let Ok(named) = self.dir.node(&self.name) else { return false };
        // On systems without inodes an open lock file can be neither removed nor renamed.
        self.file.metadata().is_ok_and(|locked| Node::of(&locked).identity == named.identity)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing is not enough: a child process between fork and exec has the same open file.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, path = %self.path().display(), "a lock could not be released");
        }
    }
}

/// The note in the lock file; empty if it cannot be read. Takes no lock.
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
        // Another process was faster. Mode and owner are changed only of a file that this process
        // made: this one may be a hard link to another file.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return dir.open_file(name, Access::Lock);
        }
        made => made?,
    };
    if let (Ok(own), Ok(owner)) = (file.metadata(), dir.owner()) {
        make_private(&file, &own);
        give_to(&file, &own, owner);
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
        | io::ErrorKind::Unsupported => NoLock::Unsupported(error),
        _ => NoLock::Failed(error),
    }
}
