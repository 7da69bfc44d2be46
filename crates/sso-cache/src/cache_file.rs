//! Operations on any kind of cache file: `sso_files` with this crate's errors and parsers.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use sso_files::{
    Content, Durability, FileError, FileLock, Fingerprint, Leftover, NoLock, Place, PrivateFile,
    StagedFile, TempName,
};

use crate::error::MAX_FILE_SIZE;
use crate::{AccessWarning, CacheFileError, LockError, ParseError};

/// The suffix of the lock file that every writer locks.
pub(crate) const WRITER_LOCK: &str = ".lock";

/// The suffix of the lock file that lets only one login at a time ask the user.
pub(crate) const LOGIN_LOCK: &str = ".login.lock";

/// The pauses before a file that does not parse is read again, in milliseconds. They give a program
/// that writes the file in place time to finish, even on a busy machine.
const PAUSES: [u64; 7] = [10, 20, 40, 40, 40, 40, 40];

/// The number of pauses after which only a file that is empty or keeps changing is read again.
const PAUSES_UNCHANGED: usize = 3;

/// The longest pause between two attempts to take a lock.
const MAX_LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The path of a cache file. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct CacheFile {
    file: PrivateFile,
    /// Returns `true` for the content of this kind of file. If the path is a link, its target is
    /// replaced only if it is empty or has such content.
    is_same_format: fn(&[u8]) -> bool,
}

/// A cache file whose writer lock is held.
#[derive(Debug)]
pub(crate) struct LockedFile {
    file: CacheFile,
    place: Place,
    lock: Arc<FileLock>,
}

/// The parsed content of a file.
#[derive(Debug)]
pub(crate) struct Loaded<T> {
    pub(crate) value: T,
    pub(crate) version: Fingerprint,
    /// The user ID of the file's owner.
    pub(crate) owner: u32,
}

impl CacheFile {
    pub(crate) fn new(path: impl Into<PathBuf>, is_same_format: fn(&[u8]) -> bool) -> Self {
        let path = path.into();
        // Links on the path to the home directory are not checked: an administrator may have made
        // them.
        let home = path.ancestors().find(|it| it.file_name().is_some_and(|name| name == ".aws"));
        let home = home.and_then(Path::parent).map(Path::to_owned);
        let file = PrivateFile::new(path);
        let file = match home {
            Some(home) => file.below(&home),
            None => file,
        };
        Self { file, is_same_format }
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(crate) fn fingerprint(&self) -> Result<Option<Fingerprint>, CacheFileError> {
        self.file.fingerprint().map_err(|error| CacheFileError::read(self.path(), error.into()))
    }

    pub(crate) fn is_directory_missing(&self) -> bool {
        self.file.locate().is_err_and(|error| error.is_not_found())
    }

    pub(crate) fn access_warnings(&self) -> Vec<AccessWarning> {
        self.file.access_warnings()
    }

    /// Reads and parses the file.
    ///
    /// A file that does not parse is read again after a pause, since another program may be writing
    /// it. In total, it is read up to 2 times if it is JSON, up to 4 times if it is not JSON, and up
    /// to 8 times if it is empty, or is not JSON and keeps changing.
    pub(crate) fn read<T>(&self, parse: impl Fn(&[u8]) -> Parsed<T>) -> Read<T> {
        read_again(self.path(), || self.file.read(MAX_FILE_SIZE), parse)
    }

    /// Reads and parses the file once.
    pub(crate) fn read_once<T>(&self, parse: impl Fn(&[u8]) -> Parsed<T>) -> Read<T> {
        read_once(self.path(), self.file.read(MAX_FILE_SIZE), parse)
    }

    /// Replaces the file without the lock.
    pub(crate) fn replace(
        &self,
        content: &[u8],
        durability: Durability,
    ) -> Result<Fingerprint, CacheFileError> {
        check_size(self.path(), content)?;
        self.file
            .replace(content, durability, &self.is_same_format)
            .map_err(|error| CacheFileError::write(self.path(), error))
    }

    /// Creates a temporary file, without the lock.
    pub(crate) fn stage(&self) -> Result<StagedFile, CacheFileError> {
        let place = self.file.locate_or_create();
        place
            .and_then(|place| place.stage(TempName::Random, &self.is_same_format))
            .map_err(|error| CacheFileError::write(self.path(), error))
    }

    /// Removes the file and its temporary files. Returns whether there was a file.
    pub(crate) fn remove_all(&self) -> Result<bool, CacheFileError> {
        match self.file.locate().and_then(|place| place.remove_all()) {
            Err(error) if error.is_not_found() => Ok(false),
            removed => removed.map_err(|error| CacheFileError::remove(self.path(), error)),
        }
    }

    /// Returns the path of the lock file, which is beside the target if the file is a link.
    pub(crate) fn lock_path(&self, suffix: &str) -> Result<PathBuf, LockError> {
        match self.file.locate() {
            Ok(place) => Ok(place.lock_path(suffix)),
            // The directory does not exist yet, so there is no link to resolve.
            Err(error) if error.is_not_found() => Ok(with_suffix(self.path(), suffix)),
            Err(error) => Err(self.directory_error(suffix, error)),
        }
    }

    /// Returns the note in the lock file, or an empty text if there is no note.
    pub(crate) fn lock_note(&self, suffix: &str) -> String {
        self.file.locate().map(|place| place.lock_note(suffix)).unwrap_or_default()
    }

    /// Takes the writer lock. Returns `None` without waiting if another process or thread holds it.
    pub(crate) fn try_lock(&self) -> Result<Option<LockedFile>, LockError> {
        let (place, lock) = self.try_lock_file(WRITER_LOCK)?;
        let file = self.clone();
        Ok(lock.map(|lock| LockedFile { file, place, lock: Arc::new(lock) }))
    }

    /// Takes the lock with that suffix, without waiting. Creates missing directories.
    pub(crate) fn try_lock_file(
        &self,
        suffix: &str,
    ) -> Result<(Place, Option<FileLock>), LockError> {
        let place =
            self.file.locate_or_create().map_err(|error| self.directory_error(suffix, error))?;
        match place.try_lock(suffix) {
            Ok(lock) => Ok((place, lock)),
            Err(no_lock) => Err(lock_error(place.lock_path(suffix), no_lock)),
        }
    }

    /// Converts the error for a directory that cannot be opened or created.
    fn directory_error(&self, suffix: &str, error: FileError) -> LockError {
        let path = with_suffix(self.path(), suffix);
        let is_refused = !matches!(error, FileError::Io(_));
        let source = error.into_io();
        match source.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::NotADirectory
                if !is_refused =>
            {
                LockError::Unavailable { path, source }
            }
            _ => LockError::Io { path, source },
        }
    }
}

impl LockedFile {
    /// Reads and parses the file as [`CacheFile::read`] does.
    pub(crate) fn read<T>(&self, parse: impl Fn(&[u8]) -> Parsed<T>) -> Read<T> {
        read_again(&self.place.path(), || self.place.read(MAX_FILE_SIZE), parse)
    }

    /// Reads and parses the file once.
    pub(crate) fn read_once<T>(&self, parse: impl Fn(&[u8]) -> Parsed<T>) -> Read<T> {
        read_once(&self.place.path(), self.place.read(MAX_FILE_SIZE), parse)
    }

    pub(crate) fn replace(
        &self,
        content: &[u8],
        durability: Durability,
    ) -> Result<Fingerprint, CacheFileError> {
        check_size(&self.place.path(), content)?;
        let name = self.lock.temp_name();
        match self.place.replace(content, name, durability, &self.file.is_same_format) {
            // Another program removed the directory or the temporary file.
            Err(error) if error.is_not_found() => self.file.replace(content, durability),
            replaced => replaced.map_err(|error| CacheFileError::write(&self.place.path(), error)),
        }
    }

    /// Creates a temporary file.
    pub(crate) fn stage(&self) -> Result<StagedFile, CacheFileError> {
        match self.place.stage(self.lock.temp_name(), &self.file.is_same_format) {
            Err(error) if error.is_not_found() => self.file.stage(),
            staged => staged.map_err(|error| CacheFileError::write(&self.place.path(), error)),
        }
    }

    pub(crate) fn remove_all(&self) -> Result<bool, CacheFileError> {
        self.place.remove_all().map_err(|error| CacheFileError::remove(&self.place.path(), error))
    }

    pub(crate) fn leftover(&self) -> Result<Option<Leftover>, FileError> {
        self.place.leftover(MAX_FILE_SIZE)
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn lock(&self) -> &Arc<FileLock> {
        &self.lock
    }

    pub(crate) fn file(&self) -> &CacheFile {
        &self.file
    }
}

type Parsed<T> = Result<T, ParseError>;
type Read<T> = Result<Loaded<T>, CacheFileError>;

/// Retries `try_take` until it returns a lock, for at most `limit`.
pub(crate) fn wait<T>(
    lock_path: impl Fn() -> Result<PathBuf, LockError>,
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
            return Err(LockError::Timeout { path: lock_path()?, waited });
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(MAX_LOCK_PAUSE);
    }
}

/// Lists the `*.json` files of a directory, in no order. The list is empty if there is no
/// directory.
pub(crate) fn json_files(directory: &Path) -> Result<Vec<PathBuf>, CacheFileError> {
    let mut files = entries(directory)?;
    files.retain(|path| is_json(path));
    Ok(files)
}

/// Lists all entries of a directory, in no order. The list is empty if there is no directory.
pub(crate) fn entries(directory: &Path) -> Result<Vec<PathBuf>, CacheFileError> {
    sso_files::entries(directory).map_err(|error| CacheFileError::read(directory, error.into()))
}

pub(crate) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// Returns the directory of a file.
pub(crate) fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Fails if the content is too large to be read back.
pub(crate) fn check_size(path: &Path, content: &[u8]) -> Result<(), CacheFileError> {
    if content.len() <= MAX_FILE_SIZE {
        return Ok(());
    }
    Err(CacheFileError::not_stored(path, ParseError::TooLarge { size: content.len() as u64 }))
}

fn lock_error(path: PathBuf, no_lock: NoLock) -> LockError {
    match no_lock {
        NoLock::Unavailable(error) => LockError::Unavailable { path, source: Arc::new(error) },
        NoLock::Failed(error) => LockError::Io { path, source: Arc::new(error) },
        other => LockError::Io { path, source: Arc::new(io::Error::other(format!("{other:?}"))) },
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn read_once<T>(
    path: &Path,
    content: Result<Content, FileError>,
    parse: impl Fn(&[u8]) -> Parsed<T>,
) -> Read<T> {
    let content = content.map_err(|error| CacheFileError::read(path, error))?;
    match parse(content.bytes()) {
        Ok(value) => {
            Ok(Loaded { value, version: content.version().clone(), owner: content.owner() })
        }
        Err(error) => Err(CacheFileError::invalid(path, error)),
    }
}

fn read_again<T>(
    path: &Path,
    read: impl Fn() -> Result<Content, FileError>,
    parse: impl Fn(&[u8]) -> Parsed<T>,
) -> Read<T> {
    let mut before = None;
    let mut pauses = PAUSES.iter().enumerate();
    loop {
        let content = read();
        let version = content.as_ref().ok().map(|content| content.version().clone());
        let error = match read_once(path, content, &parse) {
            Err(CacheFileError::Invalid { source, .. }) => source,
            done => return done,
        };
        let may_be_incomplete = error.may_be_incomplete();
        let should_retry = |reads| {
            // A program that writes in place truncates the file first. On a busy machine, the file
            // may stay empty for a while.
            let is_empty = matches!(error, ParseError::Empty);
            let is_being_written = is_empty || before != version;
            let has_time = reads < PAUSES_UNCHANGED || is_being_written;
            reads == 0 || (may_be_incomplete && has_time)
        };
        match pauses.next() {
            Some((reads, pause)) if should_retry(reads) => {
                thread::sleep(Duration::from_millis(*pause));
            }
            _ => return Err(CacheFileError::invalid(path, error)),
        }
        before = version;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::SystemTime;

    use tempfile::NamedTempFile;

    use super::*;

    const TORN: ParseError = ParseError::NotJson { problem: "", line: 1, column: 1, offset: 0 };

    /// Reads a file that is in this state until the read number `last`. Returns the number of
    /// reads, and whether the last one succeeded.
    fn reads(state: &ParseError, is_changing: bool, last: usize) -> (usize, bool) {
        let file = NamedTempFile::new().unwrap();
        let reads = Cell::new(0);
        let content = CacheFile::new(file.path(), |_| false).read(|_| {
            reads.set(reads.get() + 1);
            if is_changing {
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(reads.get() as u64);
                file.as_file().set_modified(time).unwrap();
            }
            if reads.get() == last { Ok(()) } else { Err(state.clone()) }
        });
        (reads.get(), content.is_ok())
    }

    #[test]
    fn a_file_that_is_being_written_is_read_more_often_than_a_broken_one() {
        let incomplete = ParseError::Missing { field: "accessToken" };
        assert_eq!(reads(&incomplete, true, 2), (2, true));
        assert_eq!(reads(&incomplete, true, 3), (2, false), "whole JSON, and no token");
        assert_eq!(reads(&TORN, false, 4), (4, true));
        assert_eq!(reads(&TORN, false, 5), (4, false), "no program writes it");
        assert_eq!(reads(&TORN, true, 8), (8, true));
        assert_eq!(
            reads(&ParseError::Empty, false, 8),
            (8, true),
            "begun, and stopped for a while"
        );
        assert_eq!(reads(&ParseError::Empty, true, 9), (8, false));
    }
}
