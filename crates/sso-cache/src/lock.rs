//! One writer at a time: a kernel lock on a file beside the cache file.
//!
//! Not responsible for what is done under it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::LockError;
use crate::store::{
    self, TempName, create_directory_of, directory_of, give_to_owner_of, make_private, with_suffix,
};

/// A longer text in a lock file is not ours, in bytes.
const LONGEST_NOTE: u64 = 1024;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// An exclusive advisory lock (`flock`, on Windows `LockFileEx`), released when it is dropped and
/// by the death of the process.
///
/// It belongs to the open file, not to the process: two threads of one process exclude each other
/// as two processes do. The lock file is never removed, as a process that waits for the old file
/// and one that makes a new one would then both hold "the" lock. Where somebody else removes it,
/// whoever locks looks afterwards whether the file that it locked is still the one of that name.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
    path: PathBuf,
}

/// The cache file behind any links: that is the one which is locked.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, LockError> {
    store::real_path(path)
        .map_err(|error| LockError::Io { path: lock_path(path), source: Arc::new(error) })
}

/// The lock file of a cache file. It does not end in `.json`: others list those and open them.
pub(crate) fn lock_path(real: &Path) -> PathBuf {
    with_suffix(real, ".lock")
}

/// The lock file of a login, beside the lock file of the token.
pub(crate) fn login_lock_path(real: &Path) -> PathBuf {
    with_suffix(real, ".login.lock")
}

impl FileLock {
    /// Takes the lock, unless someone else holds it: `None`. Does not wait.
    pub(crate) fn try_take(path: &Path) -> Result<Option<Self>, LockError> {
        // Only a lock file that is removed again and again makes a second turn.
        for _ in 0..8 {
            let file = open(path).map_err(|error| lock_error(path, error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(no_lock_here(path, error)),
            }
            let lock = Self { file, path: path.to_owned() };
            if lock.is_current() {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// What the temporary file of a store under this lock is called.
    pub(crate) fn temp_name(&self) -> TempName {
        // Whoever removed the lock file has removed our claim to the fixed name with it.
        if self.is_current() { TempName::Fixed } else { TempName::Random }
    }

    /// Replaces the text in the lock file. Leaves a lock file alone that has several hard links: its
    /// content may be another file's.
    pub(crate) fn write_note(&self, note: &str) -> io::Result<()> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.file.metadata()?) != 1 {
            return Err(io::Error::other("the lock file has several hard links"));
        }
        // A reader takes an incomplete note for none.
        self.file.set_len(0)?;
        (&self.file).rewind()?;
        (&self.file).write_all(note.as_bytes())
    }

    /// Whether the file of that name is still the one that is locked. If not, someone else may hold
    /// a lock of the same name.
    fn is_current(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;

            match (self.file.metadata(), fs::symlink_metadata(&self.path)) {
                (Ok(locked), Ok(named)) => {
                    (locked.dev(), locked.ino()) == (named.dev(), named.ino())
                }
                _ => false,
            }
        }
        // std tells no file id on Windows, where an open file is removed only when it is closed.
        #[cfg(not(unix))]
        fs::exists(&self.path).unwrap_or(false)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing would do, were it not for a child process between fork and exec, which has the
        // same open file.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, path = %self.path.display(), "a lock could not be released");
        }
    }
}

/// The text in the lock file; empty when it cannot be read. Takes no lock.
pub(crate) fn read_note(path: &Path) -> String {
    let mut note = String::new();
    if let Ok(file) = options().write(false).open(path)
        && file.metadata().is_ok_and(|metadata| metadata.is_file())
        && file.take(LONGEST_NOTE).read_to_string(&mut note).is_err()
    {
        note.clear();
    }
    note
}

/// Asks `try_take` again and again for at most `limit`.
pub(crate) fn wait<T>(
    path: &Path,
    limit: Duration,
    mut try_take: impl FnMut() -> Result<Option<T>, LockError>,
) -> Result<T, LockError> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(lock) = try_take()? {
            return Ok(lock);
        }
        let waited = start.elapsed();
        let left = limit.saturating_sub(waited);
        if left.is_zero() {
            return Err(LockError::Timeout { path: path.to_owned(), waited });
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// How a lock file is opened.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;

        // A link, a pipe or a device in its place neither leads elsewhere nor holds us up.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = options();
    let is = |opened: &io::Result<File>, kind| opened.as_ref().is_err_and(|it| it.kind() == kind);
    let opened = options.open(path);
    if !is(&opened, io::ErrorKind::NotFound) {
        return opened;
    }
    let mut made = options.create_new(true).open(path);
    if is(&made, io::ErrorKind::NotFound) {
        create_directory_of(path)?;
        made = options.open(path);
    }
    if is(&made, io::ErrorKind::AlreadyExists) {
        // Somebody was faster. Mode and owner are changed of what we made alone: this may be a hard
        // link to another file.
        return options.create_new(false).create(true).open(path);
    }
    let file = made?;
    if let (Ok(own), Ok(directory)) = (file.metadata(), fs::metadata(directory_of(path))) {
        make_private(&file, &own);
        give_to_owner_of(&file, &own, &directory);
    }
    Ok(file)
}

/// The lock file cannot be opened.
fn lock_error(path: &Path, source: io::Error) -> LockError {
    match source.kind() {
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::Unsupported => no_lock_here(path, source),
        _ => LockError::Io { path: path.to_owned(), source: Arc::new(source) },
    }
}

/// The lock file is open and the kernel refuses to lock it: a file system without locks, a network
/// file system without its lock service.
fn no_lock_here(path: &Path, source: io::Error) -> LockError {
    LockError::Unsupported { path: path.to_owned(), source: Arc::new(source) }
}
