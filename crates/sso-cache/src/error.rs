//! Errors of the content, the storage and the locks of cache files.
//!
//! An error contains field names and positions, but no values of the file. The program, which knows
//! the profile, adds the command to run.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sso_files::FileError;

/// The largest cache file that is read or written, in bytes: 1 MiB.
pub(crate) const MAX_FILE_SIZE: usize = 1 << 20;

/// The error for a file with unusable content. A new login writes a new file.
///
/// Offsets count from the start of the file, including a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The file is empty. Some programs truncate a file before they write it, and may have been
    /// stopped in between.
    #[error("it is empty; a program was probably stopped while writing it")]
    Empty,
    /// The file is larger than 1 MiB, and was not read to its end.
    #[error(
        "it is {size} bytes long, more than the limit of {MAX_FILE_SIZE}; a token file is far smaller"
    )]
    #[non_exhaustive]
    TooLarge {
        /// The size in bytes, or the number of bytes that were read.
        size: u64,
    },
    /// The file is not JSON (RFC 8259), or has more text after the JSON. The latter can happen if
    /// two programs write at the same time.
    #[error("it is not JSON: {problem} at line {line}, column {column} (byte {offset})")]
    #[non_exhaustive]
    NotJson {
        /// The problem, in words.
        problem: &'static str,
        /// The line, starting at 1.
        line: usize,
        /// The column in bytes, starting at 1.
        column: usize,
        /// The offset in bytes, starting at 0.
        offset: usize,
    },
    /// The file is JSON, but not an object.
    #[error("it is {found}, not an object")]
    #[non_exhaustive]
    NotAnObject {
        /// The type of the JSON value, such as "an array".
        found: &'static str,
    },
    /// A required field is missing.
    #[error("the field {field} is missing")]
    #[non_exhaustive]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A required field is `null`.
    #[error("the field {field} is null")]
    #[non_exhaustive]
    Null {
        /// The field.
        field: &'static str,
    },
    /// A required field is the empty string.
    #[error("the field {field} is empty")]
    #[non_exhaustive]
    EmptyField {
        /// The field.
        field: &'static str,
    },
    /// A field has the wrong type of JSON value.
    #[error("the field {field} is {found}, not {expected}")]
    #[non_exhaustive]
    WrongType {
        /// The field.
        field: &'static str,
        /// The expected type, such as "a string".
        expected: &'static str,
        /// The type of the value, such as "a number".
        found: &'static str,
    },
    /// A field cannot be parsed as a timestamp.
    #[error("the field {field} is not a timestamp such as 2026-01-01T00:00:00Z")]
    #[non_exhaustive]
    Timestamp {
        /// The field.
        field: &'static str,
    },
}

impl ParseError {
    /// Returns `true` if another program may be in the middle of writing the file in place.
    pub(crate) fn may_be_incomplete(&self) -> bool {
        matches!(self, Self::Empty | Self::NotJson { .. })
    }
}

/// The error for a cache file that cannot be found, read, used or written.
///
/// Cheap to clone, so that all callers that wait for one read can get its error.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CacheFileError {
    /// The file does not exist, or is a symbolic link to a missing file. If it is a token file, the
    /// user has not logged in, or has logged out.
    #[error("there is no cache file {}", path.display())]
    #[non_exhaustive]
    NotFound {
        /// The missing file.
        path: PathBuf,
    },
    /// The file cannot be read because of its owner or mode, or the path is not a regular file.
    #[error("the cache file {} cannot be read; make it a file that this user can read", path.display())]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The file belongs to another user (not root) and was not read. That user may have put it
    /// there so that this user works in the other user's AWS account.
    #[error(
        "the cache file {} belongs to another user ({owner}) and may be from that user's login, so \
         it is not used; remove it, or run as that user",
        path.display()
    )]
    #[non_exhaustive]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// The user ID of the file's owner.
        owner: u32,
    },
    /// The path contains a symbolic link that another user made, and its target does not belong to
    /// that user. The file was neither read nor written.
    #[error(
        "the cache file {} is reached through the link {}, which another user ({maker}) made, and \
         is not used; remove the link",
        path.display(),
        link.display()
    )]
    #[non_exhaustive]
    UntrustedLink {
        /// The file.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// The user ID of the user who made the link.
        maker: u32,
    },
    /// This process runs as root, and a user who is neither root nor the owner of the token file
    /// can change a config file. The token is not used, since that user could have it sent to an
    /// endpoint of their choice.
    #[error(
        "the token file {} is not used, since user {owner} can change {} and so have the token sent \
         elsewhere; give the config file and its directories to root or to the owner of the token \
         file",
        path.display(),
        config.display()
    )]
    #[non_exhaustive]
    ForeignConfig {
        /// The token file.
        path: PathBuf,
        /// The config file.
        config: PathBuf,
        /// The user ID of the owner of the config file, of a directory on its path or of a link to
        /// it.
        owner: u32,
    },
    /// The content of the file cannot be used. Functions that may sleep have read the file again
    /// some milliseconds later, in case another program was writing it.
    #[error("the cache file {} cannot be used; log in again, or remove it", path.display())]
    #[non_exhaustive]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The problem with the content.
        source: ParseError,
    },
    /// The new content could not be loaded again, since it is larger than 1 MiB or has an empty
    /// access token. The file is unchanged.
    #[error(
        "the cache file {} was not written, because its new content is unusable; log in again, or \
         remove it",
        path.display()
    )]
    #[non_exhaustive]
    NotStored {
        /// The file.
        path: PathBuf,
        /// The problem with the new content.
        source: ParseError,
    },
    /// The file cannot be written: the disk is full, the file system or the directory is read-only,
    /// or the path is not a regular file. The old file is unchanged.
    #[error("the cache file {} cannot be written and stays as it was; make room, or make its directory writable", path.display())]
    #[non_exhaustive]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The file, or a temporary file beside it, cannot be removed.
    #[error("the file {} cannot be removed; make its directory writable", path.display())]
    #[non_exhaustive]
    Remove {
        /// The file that was not removed.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The environment does not name the home directory, which contains `.aws`.
    #[error(
        "no home directory is known; set HOME (on Windows USERPROFILE), or name the cache directory"
    )]
    NoHome,
    /// The caller passed an empty cache key.
    #[error(
        "the cache key is empty; give the name of an sso-session, or the start URL of a legacy profile"
    )]
    EmptyKey,
}

impl CacheFileError {
    /// Creates the error for a write to `path` that failed, or was not tried, because of `source`.
    pub fn not_written(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Write { path: path.into(), source: Arc::new(source) }
    }

    /// Returns `true` if the file does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Returns `true` if the content of the file, or the content to store, cannot be used.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid { .. } | Self::NotStored { .. })
    }

    /// Returns `true` if another program may be in the middle of writing the file in place. Reading
    /// it again some milliseconds later may then succeed.
    pub fn may_be_incomplete(&self) -> bool {
        matches!(self, Self::Invalid { source, .. } if source.may_be_incomplete())
    }

    /// Returns `true` if the file was not used because it, or a link to it, belongs to another
    /// user.
    pub fn is_foreign_owner(&self) -> bool {
        matches!(self, Self::ForeignOwner { .. } | Self::UntrustedLink { .. })
    }

    /// Returns `true` if writing failed. The caller can store the same content later.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    /// The file that cannot be used, if the error concerns one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::NotFound { path }
            | Self::Unreadable { path, .. }
            | Self::ForeignOwner { path, .. }
            | Self::UntrustedLink { path, .. }
            | Self::ForeignConfig { path, .. }
            | Self::Invalid { path, .. }
            | Self::NotStored { path, .. }
            | Self::Write { path, .. }
            | Self::Remove { path, .. } => Some(path),
            Self::NoHome | Self::EmptyKey => None,
        }
    }

    /// The error of the operating system, if there is one.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Unreadable { source, .. }
            | Self::Write { source, .. }
            | Self::Remove { source, .. } => Some(source),
            Self::NotFound { .. }
            | Self::ForeignOwner { .. }
            | Self::UntrustedLink { .. }
            | Self::ForeignConfig { .. }
            | Self::Invalid { .. }
            | Self::NotStored { .. }
            | Self::NoHome
            | Self::EmptyKey => None,
        }
    }

    pub(crate) fn read(path: &Path, error: FileError) -> Self {
        Self::of(path, error, |path, source| match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Unreadable { path, source },
        })
    }

    pub(crate) fn write(path: &Path, error: FileError) -> Self {
        Self::of(path, error, |path, source| Self::Write { path, source })
    }

    pub(crate) fn remove(path: &Path, error: FileError) -> Self {
        Self::of(path, error, |path, source| Self::Remove { path, source })
    }

    /// Converts an error. `of_io` converts the errors of the operating system.
    fn of(
        path: &Path,
        error: FileError,
        of_io: impl FnOnce(PathBuf, Arc<io::Error>) -> Self,
    ) -> Self {
        let path = path.to_owned();
        match error {
            FileError::ForeignOwner { owner, .. } => Self::ForeignOwner { path, owner },
            FileError::UntrustedLink { link, maker, .. } => {
                Self::UntrustedLink { path, link, maker }
            }
            FileError::TooLarge { size, .. } => {
                Self::Invalid { path, source: ParseError::TooLarge { size } }
            }
            FileError::Remove { path, source, .. } => Self::Remove { path, source },
            other => of_io(path, other.into_io()),
        }
    }

    pub(crate) fn invalid(path: &Path, source: ParseError) -> Self {
        Self::Invalid { path: path.to_owned(), source }
    }

    pub(crate) fn not_stored(path: &Path, source: ParseError) -> Self {
        Self::NotStored { path: path.to_owned(), source }
    }
}

// `Arc<io::Error>` is not unwind safe, but these errors are never modified.
impl UnwindSafe for CacheFileError {}
impl RefUnwindSafe for CacheFileError {}
impl UnwindSafe for LockError {}
impl RefUnwindSafe for LockError {}

/// The error for a lock of a cache file that could not be taken.
///
/// Cheap to clone. For functions that do not wait, a lock that is held is not an error.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// At each attempt until the timeout, another process or another thread of this one held the
    /// lock.
    #[error(
        "the lock {} could not be taken within {} ms, because another process or thread holds it; try \
         again, or end the process that holds it",
        path.display(),
        waited.as_millis()
    )]
    #[non_exhaustive]
    Timeout {
        /// The lock file.
        path: PathBuf,
        /// The time that this process waited.
        waited: Duration,
    },
    /// Locks are not possible here: the file system has none, the directory is not writable, or the
    /// disk is full. The caller can continue without a lock; two processes may then refresh at
    /// once.
    #[error("the lock {} cannot be used here; continuing without it is safe only for one process at a time", path.display())]
    #[non_exhaustive]
    Unavailable {
        /// The lock file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The lock file cannot be opened for another reason, which `source` names. For example, too many
    /// files are open, or the path leads through a link of another user.
    #[error("the lock {} cannot be opened", path.display())]
    #[non_exhaustive]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
}

impl LockError {
    /// Creates the error for a timeout on the lock file `path`, for a program that calls
    /// [`TokenFile::try_lock`](crate::TokenFile::try_lock) with its own timer.
    pub fn timeout(path: impl Into<PathBuf>, waited: Duration) -> Self {
        Self::Timeout { path: path.into(), waited }
    }

    /// Returns `true` if the wait for the lock timed out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Returns `true` if this file cannot be locked, so that the caller should continue without a
    /// lock.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Returns `true` if too many files are open, in this process or on this machine. The caller
    /// should not continue without a lock, because another process may hold it.
    pub fn is_temporary(&self) -> bool {
        // EMFILE and ENFILE; ERROR_TOO_MANY_OPEN_FILES.
        let codes: &[i32] = if cfg!(windows) { &[4] } else { &[24, 23] };
        let code = self.io_error().and_then(io::Error::raw_os_error);
        code.is_some_and(|code| codes.contains(&code))
    }

    /// The path of the lock file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Timeout { path, .. } | Self::Unavailable { path, .. } | Self::Io { path, .. } => {
                path
            }
        }
    }

    /// The error of the operating system, if there is one.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Timeout { .. } => None,
            Self::Unavailable { source, .. } | Self::Io { source, .. } => Some(source),
        }
    }
}
