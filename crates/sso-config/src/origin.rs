//! The file and line of a property or section.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The file and the line that a property or section was read from. Displayed as `FILE line N`.
///
/// Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    file: Arc<Path>,
    line: usize,
}

impl Origin {
    pub(crate) fn new(file: &Arc<Path>, line: usize) -> Self {
        Self { file: Arc::clone(file), line }
    }

    /// The file, as [`Locations`](crate::Locations) names it.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line, counted from 1. For a value of several lines, the first of them.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns `true` if this is in `file`. Compares the pointers and not the paths, since both
    /// files can have the same path.
    pub(crate) fn is_in(&self, file: &Arc<Path>) -> bool {
        Arc::ptr_eq(&self.file, file)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.file.display(), self.line)
    }
}
