//! Reading a cache file whole, or the directory that it is in.
//!
//! Not responsible for links, which the operating system follows, nor for writing.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::MAX_FILE_SIZE;
use super::access::{file_risk, foreign_owner};
use super::replace::trim_filler;
use crate::{ParseError, StoreError};

/// How long a program that truncates a file and writes it in place is given to come to its end,
/// from read to read, in milliseconds. Such a program may be stopped for a while by a busy machine.
const PAUSES: [u64; 7] = [10, 20, 40, 40, 40, 40, 40];

/// After so many pauses, only a file that is empty or has changed meanwhile is given another.
const PAUSES_UNCHANGED: usize = 3;

/// Which version of which file: two that are equal mean that nobody has written in between.
///
/// Made of device, inode, size, modification time and, on Unix, the time of the last change to the
/// inode, so that a file that is copied back with its old modification time counts as another. A
/// file that someone else rewrites in place, to the same size and within one tick of the file
/// system's clock (some milliseconds, on older systems up to two seconds) of the version before,
/// cannot be told from that; files that this crate writes always can where the file system keeps
/// fractions of a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    size: u64,
    is_private: bool,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
    /// Seconds and nanoseconds since 1970.
    #[cfg(unix)]
    modified_and_changed: ((i64, i64), (i64, i64)),
    /// In the file system's own unit. Standard Windows metadata has no stable file id.
    #[cfg(not(unix))]
    created_and_modified: (Option<std::time::SystemTime>, Option<std::time::SystemTime>),
}

impl Fingerprint {
    /// Whether the file's rights kept all users but its owner, the owner's own group and root from
    /// reading and writing it. If not, `access_warnings` of the file says what they may do.
    pub fn is_private(&self) -> bool {
        self.is_private
    }

    /// The version as text, to compare with that of another process. Not for people.
    pub(crate) fn record(&self) -> String {
        #[cfg(unix)]
        {
            let (device, inode) = self.device_and_inode;
            let ((modified, modified_ns), (changed, changed_ns)) = self.modified_and_changed;
            format!(
                "{} {device} {inode} {modified}.{modified_ns} {changed}.{changed_ns}",
                self.size
            )
        }
        #[cfg(not(unix))]
        {
            let nanoseconds = |time: Option<std::time::SystemTime>| {
                time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                    .map_or(0, |since| since.as_nanos())
            };
            let (created, modified) = self.created_and_modified;
            format!("{} {} {}", self.size, nanoseconds(created), nanoseconds(modified))
        }
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;

            Self {
                size: metadata.len(),
                is_private: file_risk(metadata).is_none(),
                device_and_inode: (metadata.dev(), metadata.ino()),
                modified_and_changed: (
                    (metadata.mtime(), metadata.mtime_nsec()),
                    (metadata.ctime(), metadata.ctime_nsec()),
                ),
            }
        }
        #[cfg(not(unix))]
        Self {
            size: metadata.len(),
            is_private: file_risk(metadata).is_none(),
            created_and_modified: (metadata.created().ok(), metadata.modified().ok()),
        }
    }
}

/// The version of the file that is there now; `None` when there is none. One system call.
pub(crate) fn fingerprint(path: &Path) -> Result<Option<Fingerprint>, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(Fingerprint::of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::read(path, error)),
    }
}

/// Reads and parses the file, and says which version that was.
///
/// A file that does not parse is read again after a pause. When it is then still no whole JSON, as
/// half a write leaves it, it is given two more, and some more while it is empty or someone keeps
/// writing it.
pub(crate) fn read<T>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<T, ParseError>,
) -> Result<(T, Fingerprint), StoreError> {
    let mut before = None;
    let mut pauses = PAUSES.iter().enumerate();
    loop {
        let (version, content) = read_version(path, &parse)?;
        let error = match content {
            Ok(content) => return Ok((content, version)),
            Err(error) => error,
        };
        let may_be_torn = matches!(error, ParseError::Empty | ParseError::NotJson { .. });
        let goes_on = |reads| {
            // Empty is how a writer in place begins: on a busy machine it may stay so for a while.
            let is_begun = matches!(error, ParseError::Empty);
            let is_written = is_begun || before.as_ref() != Some(&version);
            let has_time = reads < PAUSES_UNCHANGED || is_written;
            reads == 0 || (may_be_torn && has_time)
        };
        match pauses.next() {
            Some((reads, pause)) if goes_on(reads) => thread::sleep(Duration::from_millis(*pause)),
            _ => return Err(StoreError::invalid(path, error)),
        }
        before = Some(version);
    }
}

/// Reads and parses the file once: for files that are not asked for, only looked through.
pub(crate) fn read_once<T>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<T, ParseError>,
) -> Result<(T, Fingerprint), StoreError> {
    let (version, content) = read_version(path, &parse)?;
    content.map(|content| (content, version)).map_err(|error| StoreError::invalid(path, error))
}

/// Opens and reads a temporary file that a killed process left: once, never through a link. Returns
/// the length of its content too. The handle can be synced.
pub(crate) fn read_leftover<T>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<T, ParseError>,
) -> Result<(T, u64, File), StoreError> {
    let mut file = open(path, true).map_err(|error| StoreError::read(path, error))?;
    let parse = |bytes: &[u8]| {
        let content = trim_filler(bytes);
        parse(content).map(|parsed| (parsed, content.len() as u64))
    };
    let (_, content) = read_open(path, &mut file, parse)?;
    let (content, length) = content.map_err(|error| StoreError::invalid(path, error))?;
    Ok((content, length, file))
}

/// The `*.json` files of a directory, in no order; empty when there is no such directory.
pub(crate) fn json_files(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut files = entries(directory)?;
    files.retain(|path| is_json(path));
    Ok(files)
}

pub(crate) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// All that is in a directory, in no order; nothing when there is no such directory.
pub(crate) fn entries(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::read(directory, error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<Result<_, _>>().map_err(|error| StoreError::read(directory, error))
}

/// Opens a file without ever waiting for it: a pipe or a device that stands in its place is opened
/// at once, and refused afterwards.
fn open(path: &Path, leftover: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(leftover);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;

        let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        flags.set(OFlags::NOFOLLOW, leftover);
        options.custom_flags(flags.bits().cast_signed());
    }
    retry_while_shared(|| options.open(path))
}

fn read_version<T>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<T, ParseError>,
) -> Result<(Fingerprint, Result<T, ParseError>), StoreError> {
    let mut file = open(path, false).map_err(|error| StoreError::read(path, error))?;
    read_open(path, &mut file, parse)
}

/// Reads an open file, unless it is another user's. The version is taken before the content: when
/// someone writes in between, the next look finds another version and reads again.
fn read_open<T>(
    path: &Path,
    file: &mut File,
    parse: impl Fn(&[u8]) -> Result<T, ParseError>,
) -> Result<(Fingerprint, Result<T, ParseError>), StoreError> {
    let unreadable = |error| StoreError::read(path, error);
    let metadata = file.metadata().map_err(unreadable)?;
    check_is_file(&metadata).map_err(unreadable)?;
    if let Some(owner) = foreign_owner(path, &metadata) {
        return Err(StoreError::ForeignOwner { path: path.to_owned(), owner });
    }
    let version = Fingerprint::of(&metadata);
    if metadata.len() > MAX_FILE_SIZE as u64 {
        return Ok((version, Err(ParseError::TooLarge { size: metadata.len() })));
    }
    let expected = usize::try_from(metadata.len()).unwrap_or_default();
    let (buffer, length) = read_all(file, expected).map_err(unreadable)?;
    Ok((version, parse(buffer.get(..length).unwrap_or_default())))
}

/// What is in the file, normally with one read; at most a byte more than the limit.
fn read_all(file: &mut File, expected: usize) -> io::Result<(Zeroizing<Vec<u8>>, usize)> {
    let mut buffer = Zeroizing::new(vec![0; expected + 1]);
    let mut length = 0;
    while let Some(room) = buffer.get_mut(length..).filter(|room| !room.is_empty()) {
        let read = match file.read(room) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        length += read;
        // As long as the file was said to be, and asked for more: the end, without asking again.
        if read == 0 || length == expected {
            break;
        }
        if length == buffer.len() && length <= MAX_FILE_SIZE {
            // It has grown since. The old buffer is cleared when it is replaced.
            let mut larger = Zeroizing::new(vec![0; (length * 2).min(MAX_FILE_SIZE + 1)]);
            larger.get_mut(..length).unwrap_or_default().copy_from_slice(&buffer);
            buffer = larger;
        }
    }
    Ok((buffer, length))
}

/// An error for anything but a regular file.
pub(super) fn check_is_file(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

/// On Windows a file that another program (a virus scanner, say) has open without sharing cannot be
/// opened or replaced for a moment: tries again, for at most a tenth of a second.
pub(super) fn retry_while_shared<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    for _ in 0..10 {
        match operation() {
            Err(error)
                if cfg!(windows)
                    && matches!(
                        error.raw_os_error(),
                        Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION)
                    ) =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
    operation()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::SystemTime;

    use tempfile::NamedTempFile;

    use super::*;

    const TORN: ParseError = ParseError::NotJson { problem: "", line: 1, column: 1, offset: 0 };

    /// Reads a file that is in this state until the last read, counted from 1; and whether it came
    /// to that. How often it was read.
    fn reads(state: &ParseError, is_changing: bool, last: usize) -> (usize, bool) {
        let file = NamedTempFile::new().unwrap();
        let reads = Cell::new(0);
        let content = read(file.path(), |_| {
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
    fn a_writer_in_place_is_given_time_and_a_broken_file_little() {
        let incomplete = ParseError::Missing { field: "accessToken" };
        assert_eq!(reads(&incomplete, true, 2), (2, true));
        assert_eq!(reads(&incomplete, true, 3), (2, false), "whole JSON, and no token");
        assert_eq!(reads(&TORN, false, 4), (4, true));
        assert_eq!(reads(&TORN, false, 5), (4, false), "nobody writes it");
        assert_eq!(reads(&TORN, true, 8), (8, true));
        assert_eq!(
            reads(&ParseError::Empty, false, 8),
            (8, true),
            "begun, and stopped for a while"
        );
        assert_eq!(reads(&ParseError::Empty, true, 9), (8, false));
    }
}
