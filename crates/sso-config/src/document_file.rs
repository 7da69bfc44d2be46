//! Atomic saving of an edited document, under a lock and without losing another program's change.

use std::path::{Path, PathBuf};

use sso_files::{EditedMode, FileError, PrivateFile};
use zeroize::Zeroizing;

use crate::load_error::MAX_FILE_SIZE;
use crate::{Document, EditError, FileKind};

/// A config or credentials file on disk, for editing. Stores a path and keeps no file open.
///
/// All methods block. Symbolic links are followed and not replaced. A link below the
/// [base](Self::below) is followed only if its owner is root, this user, or the owner of its
/// target.
///
/// ```
/// use sso_config::{DocumentFile, DocumentFileError, FileKind, SectionKind};
///
/// # let home = tempfile::tempdir()?;
/// let file = DocumentFile::new(FileKind::Config, home.path().join(".aws/config")).below(home.path());
/// let set_region = || {
///     file.edit(|document| {
///         document.set(SectionKind::Profile, "dev", "region", "eu-west-1")?;
///         Ok::<_, DocumentFileError>(())
///     })
/// };
/// assert!(set_region()?, "the file was written");
/// assert!(!set_region()?, "there was nothing to change");
/// assert_eq!(file.read()?.to_string(), "[profile dev]\nregion = eu-west-1\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DocumentFile {
    kind: FileKind,
    file: PrivateFile,
}

/// A file that cannot be edited. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentFileError {
    /// The file cannot be read or replaced. The reason can be a permission, a file or link of
    /// another user, a full or read-only file system, or a lock that another process holds.
    #[error("{} cannot be read or replaced", file.display())]
    #[non_exhaustive]
    File {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: FileError,
    },
    /// The file is not UTF-8 text.
    #[error("{} is not UTF-8 text and cannot be edited; save it as UTF-8", file.display())]
    #[non_exhaustive]
    NotUtf8 {
        /// The file.
        file: PathBuf,
    },
    /// The edited file would be larger than 16 MiB, and could no longer be loaded.
    #[error("{} would grow larger than 16 MiB; write fewer profiles", file.display())]
    #[non_exhaustive]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// The edit was refused.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl DocumentFile {
    /// Creates a handle for the file at `path`, which need not exist. The owner of every link on
    /// the path is checked.
    pub fn new(kind: FileKind, path: impl Into<PathBuf>) -> Self {
        Self { kind, file: PrivateFile::new(path) }
    }

    /// Limits the check of links to those below `base`, usually the home directory. Has no effect
    /// if the path does not begin with `base`.
    #[must_use]
    pub fn below(self, base: &Path) -> Self {
        if self.file.path().starts_with(base) {
            Self { file: self.file.below(base), ..self }
        } else {
            self
        }
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Reads the file. A missing one is an empty document.
    pub fn read(&self) -> Result<Document, DocumentFileError> {
        let mut document = Document::parse(self.kind, "");
        self.edit(|found| {
            document = found.clone();
            Ok::<_, DocumentFileError>(())
        })?;
        Ok(document)
    }

    /// Edits the file atomically. Returns `true` if that changed the file. Creates missing
    /// directories, and a missing file with mode 0600.
    ///
    /// `edit` may be called more than once. If the first call changes the document, `edit` is
    /// called again under a lock, with the current content of the file. If `edit` fails, nothing is
    /// written.
    ///
    /// The owner of the file is kept. The mode of a config file is kept, and a credentials file
    /// gets mode 0600. Access control lists and extended attributes are not kept.
    ///
    /// The lock is on an empty file beside the edited one, with `.lock` appended to its name. That
    /// file is never removed. Waits up to 10 seconds for another process that edits the same file
    /// with this method. If a program that does not take the lock changes the file before it is
    /// replaced, `edit` is called again with the changed content.
    pub fn edit<E: From<DocumentFileError>>(
        &self,
        mut edit: impl FnMut(&mut Document) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mode = match self.kind {
            FileKind::Config => EditedMode::Kept,
            FileKind::Credentials => EditedMode::Private,
        };
        let edited = self.file.edit(MAX_FILE_SIZE, mode, |content| {
            self.edited(content.unwrap_or_default(), &mut edit).map_err(Stopped::ByCaller)
        });
        edited.map_err(|stopped| match stopped {
            Stopped::ByCaller(error) => error,
            Stopped::ByFile(source) => {
                DocumentFileError::File { file: self.path().to_owned(), source }.into()
            }
        })
    }

    /// Returns the new content; `None` if the edit changed nothing.
    fn edited<E: From<DocumentFileError>>(
        &self,
        content: &[u8],
        edit: &mut impl FnMut(&mut Document) -> Result<(), E>,
    ) -> Result<Option<Vec<u8>>, E> {
        let file = || self.path().to_owned();
        let before =
            str::from_utf8(content).map_err(|_| DocumentFileError::NotUtf8 { file: file() })?;
        let mut document = Document::parse(self.kind, before);
        edit(&mut document)?;
        let after = Zeroizing::new(document.to_string());
        if after.len() > MAX_FILE_SIZE {
            return Err(DocumentFileError::TooLarge { file: file() }.into());
        }
        Ok((*after != before).then(|| after.as_bytes().to_vec()))
    }
}

/// An error that ended an edit: one of the caller's closure, or one of the file.
enum Stopped<E> {
    ByCaller(E),
    ByFile(FileError),
}

impl<E> From<FileError> for Stopped<E> {
    fn from(error: FileError) -> Self {
        Self::ByFile(error)
    }
}
