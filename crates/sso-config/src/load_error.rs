//! Errors of loading a file.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest accepted file, in bytes: 16 MiB.
pub(crate) const MAX_FILE_SIZE: usize = 16 << 20;

/// A config file that cannot be loaded at all. Retrying does not help until the file is changed.
///
/// A line that cannot be parsed is not such an error. It is a [`Warning`](crate::Warning), and a
/// [`SettingsError::FaultyLine`](crate::SettingsError::FaultyLine) if the caller uses its section.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file exists but cannot be read, for instance because of its permissions or because it is
    /// a directory.
    #[error(
        "{} cannot be read; check that it is a file and that you may read it, or name another one \
         with {variable}",
        file.display()
    )]
    #[non_exhaustive]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The environment variable that names another file.
        variable: &'static str,
        /// The operating system's error.
        source: Arc<io::Error>,
    },
    /// The file is larger than 16 MiB.
    #[error(
        "{} is larger than {} MiB; check that it is the right file",
        file.display(),
        MAX_FILE_SIZE >> 20
    )]
    #[non_exhaustive]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// The file is not UTF-8 text.
    #[error("{} line {line} is not UTF-8 text; save the file as UTF-8", file.display())]
    #[non_exhaustive]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The first line that is not UTF-8, counted from 1.
        line: usize,
    },
}

// An error is immutable, so that a panic cannot leave it in an inconsistent state.
impl UnwindSafe for LoadError {}
impl RefUnwindSafe for LoadError {}

impl LoadError {
    /// The file that cannot be loaded.
    pub fn file(&self) -> &Path {
        match self {
            Self::Unreadable { file, .. }
            | Self::TooLarge { file }
            | Self::NotUtf8 { file, .. } => file,
        }
    }

    /// The line of a [`LoadError::NotUtf8`], counted from 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::NotUtf8 { line, .. } => Some(*line),
            Self::Unreadable { .. } | Self::TooLarge { .. } => None,
        }
    }
}
