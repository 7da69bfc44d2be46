//! A directory that is accessed by its path, for systems without directory descriptors.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::node::{Access, Link, Node, Owner};
use crate::error::may_be_in_use;

/// A directory.
#[derive(Debug)]
pub(crate) struct Dir {
    path: PathBuf,
}

impl Dir {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if fs::metadata(path)?.is_dir() {
            Ok(Self { path: path.to_owned() })
        } else {
            Err(io::Error::from(io::ErrorKind::NotADirectory))
        }
    }

    /// Opens a directory. Creates it and its parent directories if they are missing.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path).map_err(|error| match error.kind() {
            // There is a file in place of one of the directories.
            io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
            _ => error,
        })?;
        Self::open(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &OsStr) -> PathBuf {
        if self.path.as_os_str() == "." { name.into() } else { self.path.join(name) }
    }

    pub(crate) fn owner(&self) -> io::Result<Owner> {
        Ok(Owner { user: 0, group: 0 })
    }

    /// Reads the symbolic link `name`. Returns `None` if it is not a link or does not exist.
    pub(crate) fn link(&self, name: &OsStr) -> io::Result<Option<Link>> {
        // ERROR_NOT_A_REPARSE_POINT, and the errors of file systems without links:
        // ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED and ERROR_INVALID_PARAMETER.
        const NO_LINKS: [i32; 4] = [4390, 1, 50, 87];
        match fs::read_link(self.join(name)) {
            Ok(target) => Ok(Some(Link { target })),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput
                        | io::ErrorKind::NotFound
                        | io::ErrorKind::Unsupported
                ) || error.raw_os_error().is_some_and(|code| NO_LINKS.contains(&code)) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn node(&self, name: &OsStr) -> io::Result<Node> {
        fs::symlink_metadata(self.join(name)).map(|metadata| Node::of(&metadata))
    }

    pub(crate) fn open_file(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(access != Access::Read);
        self.open_with(name, &mut options, access)
    }

    pub(crate) fn create_file(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        self.open_with(name, &mut options, access)
    }

    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.join(from), self.join(to))
    }

    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        retry(|| fs::remove_file(self.join(name)))
    }

    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    /// Does nothing, since the file system journals renames.
    pub(crate) fn sync(&self, _: usize) {}

    fn open_with(
        &self,
        name: &OsStr,
        options: &mut OpenOptions,
        access: Access,
    ) -> io::Result<File> {
        if access == Access::Lock {
            #[cfg(windows)]
            {
                const READ_AND_WRITE: u32 = 3;
                // Without FILE_SHARE_DELETE. Otherwise the lock file could be removed while it is
                // locked, and a second process could create and lock a new one.
                std::os::windows::fs::OpenOptionsExt::share_mode(options, READ_AND_WRITE);
            }
            return options.open(self.join(name));
        }
        retry(|| options.open(self.join(name)))
    }
}

/// Retries an operation for at most a tenth of a second while another program, such as a virus
/// scanner, has the file open without sharing it.
fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..10 {
        match operation() {
            Err(error) if may_be_in_use(&error) => thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
    operation()
}

/// Waits until the content of a file is on the disk.
pub(crate) fn sync_file(file: &File) -> io::Result<()> {
    file.sync_all()
}
