//! Reading of the two files.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::load_error::MAX_FILE_SIZE;
use crate::shared_config::{Missing, text};
use crate::{Document, FileKind, LoadError, Locations, SharedConfig};

impl SharedConfig {
    /// Reads and parses the files at `locations`. A missing file counts as empty.
    ///
    /// Blocks on the file system. Fails if the config file cannot be read, is larger than 16 MiB or
    /// is not UTF-8. A credentials file with such a problem counts as empty, with a
    /// [`Warning`](crate::Warning). If a profile is then not found, the error names that file.
    pub fn load(locations: &Locations) -> Result<Self, LoadError> {
        let config = read(locations.config(), "AWS_CONFIG_FILE")?;
        let credentials = read(locations.credentials(), "AWS_SHARED_CREDENTIALS_FILE");
        let missing =
            Missing { config: config.is_none(), credentials: matches!(credentials, Ok(None)) };
        let credentials = credentials.map(Option::unwrap_or_default);
        Self::new(locations, config.unwrap_or_default(), credentials, missing)
    }
}

impl Document {
    /// Reads and parses a file as [`SharedConfig::load`] does. A missing file is an empty document.
    ///
    /// Blocks on the file system. Fails if the file cannot be read, is larger than 16 MiB or is not
    /// UTF-8. To change the file, use `DocumentFile` (feature `edit`).
    pub fn load(file: FileKind, path: &Path) -> Result<Self, LoadError> {
        let variable = match file {
            FileKind::Config => "AWS_CONFIG_FILE",
            FileKind::Credentials => "AWS_SHARED_CREDENTIALS_FILE",
        };
        let bytes = read(path, variable)?.unwrap_or_default();
        Ok(Self::parse(file, &text(path, bytes)?))
    }
}

/// Reads a file. Returns `None` if it does not exist.
fn read(file: &Path, variable: &'static str) -> Result<Option<Zeroizing<Vec<u8>>>, LoadError> {
    match read_bytes(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(LoadError::Unreadable {
            file: file.to_path_buf(),
            variable,
            source: Arc::new(error),
        }),
    }
}

/// Returns `true` if the file does not exist. This includes `NotADirectory`, since some system
/// services run with `HOME=/dev/null`.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns `true` for the null device of Windows, which has no metadata. `AWS_CONFIG_FILE=NUL` is
/// the usual way to use no file.
fn is_null_device(path: &Path) -> bool {
    cfg!(windows) && path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("NUL"))
}

/// Reads at most one byte more than the limit, so that an infinite file such as `/dev/zero` is
/// refused.
fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if is_null_device(path) {
        return Ok(Zeroizing::default());
    }
    // Checked before the file is opened, since opening a pipe would wait for a writer.
    let metadata = fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;

        if metadata.file_type().is_fifo() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe"));
        }
    }
    let file = fs::File::open(path)?;
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX).min(MAX_FILE_SIZE);
    // Allocated once, since a growing buffer would leave copies of secrets in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(MAX_FILE_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
