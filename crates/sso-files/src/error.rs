//! The errors of file operations.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The error for a file that cannot be opened, read or replaced, or that the rules on links and
/// owners forbid to use.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system reported an error.
    #[error(transparent)]
    Io(Arc<io::Error>),
    /// The file belongs to another user, who may have put it there.
    #[error("{} belongs to another user ({owner})", path.display())]
    #[non_exhaustive]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// The owner's user ID.
        owner: u32,
    },
    /// Another user made a symbolic link on the path, and its target does not belong to that user.
    #[error("the link {} was made by another user ({maker}); remove it", link.display())]
    #[non_exhaustive]
    UntrustedLink {
        /// The link.
        link: PathBuf,
        /// The user ID of the user who made the link.
        maker: u32,
    },
    /// The file is reached through a link, and its content is not of the kind that the caller
    /// writes.
    #[error(
        "{} is reached through a link and contains other data; remove the link or empty the file",
        path.display()
    )]
    #[non_exhaustive]
    NotReplaceable {
        /// The file.
        path: PathBuf,
    },
    /// The file to edit is write-protected.
    #[error("{} is write-protected; make it writable", path.display())]
    #[non_exhaustive]
    WriteProtected {
        /// The file.
        path: PathBuf,
    },
    /// Another process has held the lock for editing for 10 seconds.
    #[error("another process holds the lock {}; try again when it has ended", lock.display())]
    #[non_exhaustive]
    Locked {
        /// The lock file.
        lock: PathBuf,
    },
    /// Other programs changed the file each time before it could be replaced.
    #[error("{} keeps being changed by other programs; stop them and try again", path.display())]
    #[non_exhaustive]
    KeepsChanging {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be removed.
    #[error("failed to remove {}", path.display())]
    #[non_exhaustive]
    Remove {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: Arc<io::Error>,
    },
    /// The file is larger than the caller's limit.
    #[error("it is {size} bytes long, which is too large")]
    #[non_exhaustive]
    TooLarge {
        /// The size in bytes, or the number of bytes that were read.
        size: u64,
    },
}

impl FileError {
    /// Returns `true` if the file or a directory on its path does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Converts the error to an [`io::Error`]. An error that the operating system did not report
    /// becomes [`PermissionDenied`](io::ErrorKind::PermissionDenied).
    pub fn into_io(self) -> Arc<io::Error> {
        match self {
            Self::Io(error) | Self::Remove { source: error, .. } => error,
            other => Arc::new(io::Error::new(io::ErrorKind::PermissionDenied, other)),
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

/// Returns `true` if another program has the file open without sharing it, or has locked a part of
/// it.
pub(crate) fn is_sharing_violation(error: &io::Error) -> bool {
    const ERROR_SHARING_VIOLATION: i32 = 32;
    const ERROR_LOCK_VIOLATION: i32 = 33;
    let codes = [ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION];
    cfg!(windows) && error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Returns `true` if another program may be using the file, so that trying again can help. Windows
/// also denies access to a file that is about to be deleted, and refuses to replace a file that is
/// open.
pub(crate) fn may_be_in_use(error: &io::Error) -> bool {
    const ERROR_ACCESS_DENIED: i32 = 5;
    let is_denied = cfg!(windows) && error.raw_os_error() == Some(ERROR_ACCESS_DENIED);
    is_denied || is_sharing_violation(error)
}
