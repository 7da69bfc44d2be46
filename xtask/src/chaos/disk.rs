//! The disk that the home is on: small where one can be mounted, so that it can be full.
//!
//! Not responsible for the files on it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

/// Enough for the few files of a home.
const SIZE: &str = "size=512k";

/// A directory for the home, on a file system of its own where that can be had: that takes root.
pub(crate) struct Disk {
    directory: TempDir,
    is_small: bool,
}

impl Disk {
    pub(crate) fn new() -> Result<Self> {
        let directory = TempDir::new()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(directory.path());
        let is_small = mount.output().is_ok_and(|output| output.status.success());
        Ok(Self { directory, is_small })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Whether it can be filled without harm to others.
    pub(crate) fn is_small(&self) -> bool {
        self.is_small
    }

    /// Takes all room that is left.
    pub(crate) fn fill(&self) {
        let Ok(mut file) = File::create(self.filler()) else { return };
        // Ends with the error that is wanted.
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    pub(crate) fn free(&self) {
        let _ = fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_small {
            let _ = Command::new("umount").arg(self.directory.path()).output();
        }
    }
}
