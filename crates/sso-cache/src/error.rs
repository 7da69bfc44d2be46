//! Errors of cache files: their content, their storage and their locks.
//!
//! No error contains a value of a file, only names of fields and positions. A program that knows the
//! profile adds the command to run.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sso_files::FileError;

/// The largest cache file that is read or written, in bytes: 1 MiB.
pub(crate) const MAX_FILE_SIZE: usize = 1 << 20;

/// Content that is not what the file should hold. The fault of whichever program wrote it, or was
/// stopped while writing; a new login writes a new file.
///
/// Positions count from the first byte of the file, a byte order mark included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// There is nothing in the file. Programs that truncate a file and then write it leave this
    /// when they are stopped in between.
    #[error("it is empty, as a program leaves it that was stopped while writing")]
    Empty,
    /// More than 1 MiB: no token file, and not read to its end.
    #[error(
        "it is {size} bytes long, where at most {MAX_FILE_SIZE} are read; a token file is far smaller"
    )]
    #[non_exhaustive]
    TooLarge {
        /// The size in bytes, as far as it is known.
        size: u64,
    },
    /// Not JSON (RFC 8259), or JSON with something behind it, as two programs that write at once
    /// leave it.
    #[error("it is not JSON: {problem} at line {line}, column {column} (byte {offset})")]
    #[non_exhaustive]
    NotJson {
        /// What is wrong, in words.
        problem: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// The byte, from 0.
        offset: usize,
    },
    /// JSON, but not an object.
    #[error("it holds {found} where an object should be")]
    #[non_exhaustive]
    NotAnObject {
        /// What it is instead, in words.
        found: &'static str,
    },
    /// A field that must be there is not.
    #[error("the field {field} is missing")]
    #[non_exhaustive]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field that must be there is `null`.
    #[error("the field {field} is null")]
    #[non_exhaustive]
    Null {
        /// The field.
        field: &'static str,
    },
    /// A field that must not be empty is the empty string.
    #[error("the field {field} is empty")]
    #[non_exhaustive]
    EmptyField {
        /// The field.
        field: &'static str,
    },
    /// A field holds another type of JSON value than it should.
    #[error("the field {field} holds {found} where {expected} should be")]
    #[non_exhaustive]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it should be, in words.
        expected: &'static str,
        /// What it is, in words.
        found: &'static str,
    },
    /// A point of time that cannot be read.
    #[error("the field {field} is not a point of time such as 2026-01-01T00:00:00Z")]
    #[non_exhaustive]
    Timestamp {
        /// The field.
        field: &'static str,
    },
}

impl ParseError {
    /// Whether this is what half a write in place leaves.
    pub(crate) fn may_be_incomplete(&self) -> bool {
        matches!(self, Self::Empty | Self::NotJson { .. })
    }
}

/// A cache file that cannot be found, read, used or written.
///
/// Cheap to clone, so that all who wait for one read can be given its failure.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file is not there (or is a symbolic link to nothing): nobody has logged in, or someone
    /// logged out.
    #[error("there is no cache file {}; a login writes it", path.display())]
    #[non_exhaustive]
    NotFound {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// The operating system does not let the file be read, or the path is not a file. The
    /// fault of the file's owner or mode; the source says which.
    #[error("the cache file {} cannot be read; make it a file that this user can read", path.display())]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// The file belongs to another user (not root), who may have put it there so that this one works
    /// in the other's account. It was not read.
    #[error(
        "the cache file {} belongs to another user ({owner}), who may have put it there, and is \
         not used; remove it and log in again, or run as that user",
        path.display()
    )]
    #[non_exhaustive]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// The number of the user whom it belongs to.
        owner: u32,
    },
    /// The file is reached through a symbolic link that another user made and that leads to what is
    /// not theirs. It was neither read nor written.
    #[error(
        "the cache file {} is reached through the link {}, which another user ({maker}) made, and \
         is not used; remove the link and log in again",
        path.display(),
        link.display()
    )]
    #[non_exhaustive]
    UntrustedLink {
        /// The file.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// The user ID of the one who made it.
        maker: u32,
    },
    /// This process runs as root, and another user, who does not own the token, can change what a
    /// config file says: the token is not sent to the endpoints that it may name.
    #[error(
        "the token file {} is not used, since user {owner} can change {}, which may name the \
         endpoint; run as that user, or move the file to a directory of root",
        path.display(),
        config.display()
    )]
    #[non_exhaustive]
    ForeignConfig {
        /// The token file.
        path: PathBuf,
        /// The config file.
        config: PathBuf,
        /// The user ID of the owner of the config file, of a directory on its path or of a link to it.
        owner: u32,
    },
    /// The file was read and its content cannot be used. It was read more than once, some
    /// milliseconds apart, so this is no write that was under way. From a store: what was to be
    /// written is over 1 MiB, and the file is as it was.
    #[error("the cache file {} cannot be used; a new login replaces it", path.display())]
    #[non_exhaustive]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with the content.
        source: ParseError,
    },
    /// The file cannot be written (full disk, read-only file system or directory, something in the
    /// way that is not a file). What was there before is still there, whole.
    #[error("the cache file {} cannot be written and stays as it was; make room, or make its directory writable", path.display())]
    #[non_exhaustive]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// No home directory is known, so neither is `~/.aws`. The fault of the environment.
    #[error(
        "no home directory is known; set HOME (on Windows USERPROFILE), or name the cache directory"
    )]
    NoHome,
    /// The text that a file name should be made from is empty. The fault of the caller.
    #[error(
        "the cache key is empty; give the name of an sso-session, or the start URL of a legacy profile"
    )]
    EmptyKey,
}

impl StoreError {
    /// Returns the error of a write to `path` that failed, or was not tried, because of `source`.
    pub fn not_written(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Write { path: path.into(), source: Arc::new(source) }
    }

    /// Whether the file is simply not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the content is at fault: what was read, or what was too large to be written.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid { .. })
    }

    /// Whether another program may be in the middle of writing the file in place, so that reading it
    /// again some milliseconds later may succeed.
    pub fn may_be_incomplete(&self) -> bool {
        matches!(self, Self::Invalid { source, .. } if source.may_be_incomplete())
    }

    /// Whether the file, or a link to it, is another user's and was not used for that reason.
    pub fn is_foreign_owner(&self) -> bool {
        matches!(self, Self::ForeignOwner { .. } | Self::UntrustedLink { .. })
    }

    /// Whether writing failed. The content that was to be written is still good.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    /// The file that this is about, where it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::NotFound { path }
            | Self::Unreadable { path, .. }
            | Self::ForeignOwner { path, .. }
            | Self::UntrustedLink { path, .. }
            | Self::ForeignConfig { path, .. }
            | Self::Invalid { path, .. }
            | Self::Write { path, .. } => Some(path),
            Self::NoHome | Self::EmptyKey => None,
        }
    }

    /// What the operating system said, where it said something.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Unreadable { source, .. } | Self::Write { source, .. } => Some(source),
            Self::NotFound { .. }
            | Self::ForeignOwner { .. }
            | Self::UntrustedLink { .. }
            | Self::ForeignConfig { .. }
            | Self::Invalid { .. }
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

    /// `of_io` makes the error for what the operating system says.
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
            FileError::Remove { path, source, .. } => Self::Write { path, source },
            other => of_io(path, other.into_io()),
        }
    }

    pub(crate) fn invalid(path: &Path, source: ParseError) -> Self {
        Self::Invalid { path: path.to_owned(), source }
    }
}

// An error is never changed.
impl UnwindSafe for StoreError {}
impl RefUnwindSafe for StoreError {}
impl UnwindSafe for LockError {}
impl RefUnwindSafe for LockError {}

/// The lock beside a cache file could not be taken.
///
/// Cheap to clone. Held by someone else is no error for the forms that only try.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process, or another thread of this one, held it all the time.
    #[error(
        "the lock {} was held by another process for {} ms; try again, or end the process that holds it",
        path.display(),
        waited.as_millis()
    )]
    #[non_exhaustive]
    Timeout {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Locking does not work here: a file system without it, a directory that cannot be written
    /// to, no room for the lock file. Work can go on without; two processes may then refresh at once.
    #[error("the lock {} cannot be used here; going on without it is safe for one process at a time", path.display())]
    #[non_exhaustive]
    Unsupported {
        /// The lock file.
        path: PathBuf,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// Anything else that the operating system says, too many open files for one.
    #[error("the lock {} cannot be opened; try again", path.display())]
    #[non_exhaustive]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
}

impl LockError {
    /// Returns the error of waiting for the lock file `path` in vain: for a program that calls
    /// [`TokenFile::try_lock`](crate::TokenFile::try_lock) with a timer of its own.
    pub fn timeout(path: impl Into<PathBuf>, waited: Duration) -> Self {
        Self::Timeout { path: path.into(), waited }
    }

    /// Whether someone else held the lock for the whole time.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether no lock can be had for this file, so that work should go on without one.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported { .. })
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Timeout { path, .. } | Self::Unsupported { path, .. } | Self::Io { path, .. } => {
                path
            }
        }
    }

    /// What the operating system said, where it said something.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Timeout { .. } => None,
            Self::Unsupported { source, .. } | Self::Io { source, .. } => Some(source),
        }
    }
}
