//! The file system that contains the home. It can be full, or closed to new files.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::{NamedTempFile, TempDir};

/// A directory for the home.
pub(crate) struct Disk {
    directory: TempDir,
    /// The directory is a small file system of its own.
    is_mounted: bool,
}

impl Disk {
    /// Creates the directory, and mounts a file system there if this process may.
    pub(crate) fn new() -> Result<Self> {
        let directory = TempDir::new()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(directory.path());
        Ok(Self { is_mounted: succeeds(&mut mount), directory })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Replaces a file by one of mode 0600, by a rename.
    pub(crate) fn replace(&self, file: &Path, content: &str) -> io::Result<()> {
        let mut new = NamedTempFile::new_in(self.path())?;
        new.write_all(content.as_bytes())?;
        new.persist(file)?;
        Ok(())
    }

    /// Takes all free space until [`restore`](Self::restore). Returns whether it did.
    pub(crate) fn fill(&self) -> bool {
        // Without a file system of its own, this would harm other programs.
        let file = self.is_mounted.then(|| File::create(self.path().join("filler")).ok()).flatten();
        let Some(mut file) = file else { return false };
        while file.write_all(&[0; 4096]).is_ok() {}
        true
    }

    /// Lets nobody create, rename or remove a token file until [`restore`](Self::restore). Returns
    /// whether that has an effect.
    pub(crate) fn close_directory(&self) -> bool {
        let directory = self.token_directory();
        let _ = fs::set_permissions(&directory, Permissions::from_mode(0o500));
        // Root may write whatever the mode is, but not into an immutable directory. Not every file
        // system has this attribute.
        succeeds(Command::new("chattr").arg("+i").arg(&directory));
        tempfile::tempfile_in(&directory).is_err()
    }

    pub(crate) fn restore(&self) {
        let _ = fs::remove_file(self.path().join("filler"));
        let directory = self.token_directory();
        succeeds(Command::new("chattr").arg("-i").arg(&directory));
        let _ = fs::set_permissions(&directory, Permissions::from_mode(0o700));
    }

    fn token_directory(&self) -> PathBuf {
        self.path().join(".aws/sso/cache")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            succeeds(Command::new("umount").arg(self.path()));
        }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
