//! Reading the two files: the only place of this crate that touches a file.
//!
//! Not responsible for where they are ([`Locations`]) nor for what they say.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::shared_config::MAX_FILE_SIZE;
use crate::{Locations, ParseError, SharedConfig};

impl SharedConfig {
    /// Reads and parses the files at `locations`. A file that is not there is an empty one.
    ///
    /// Blocks on the file system. Fails as [`ParseError`] says; nothing is retried.
    pub fn load(locations: &Locations) -> Result<Self, ParseError> {
        let config = read(locations.config(), "AWS_CONFIG_FILE")?;
        let credentials = read(locations.credentials(), "AWS_SHARED_CREDENTIALS_FILE")?;
        Self::from_bytes(locations, config, credentials)
    }
}

fn read(file: &Path, variable: &'static str) -> Result<Zeroizing<Vec<u8>>, ParseError> {
    match read_bytes(file) {
        Ok(bytes) => Ok(bytes),
        Err(error) if is_missing(&error) => Ok(Zeroizing::default()),
        Err(error) => Err(ParseError::Unreadable {
            file: file.to_path_buf(),
            variable,
            source: Arc::new(error),
        }),
    }
}

/// Below something that is no directory there is no file either: services run with
/// `HOME=/dev/null`.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// One byte more than the limit at most, so that an endless file (`/dev/zero`) ends too.
fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Before it is opened, which would wait for somebody to write to a pipe.
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
    // All of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(MAX_FILE_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
