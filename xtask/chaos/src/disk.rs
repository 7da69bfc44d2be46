//! The file system that contains the home. It can be full, read-only, or closed to new files.
//!
//! As root it is a small file system of its own.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use tempfile::TempDir;

/// Enough for the few files of a home.
const SIZE: &str = "size=512k";
/// The kernel refuses a remount while a file is open for writing. This tries again for so long.
const LONGEST_BUSY: Duration = Duration::from_secs(1);

/// A directory for the home.
pub(crate) struct Disk {
    directory: TempDir,
    is_mounted: bool,
    can_close: bool,
}

impl Disk {
    /// Mounts the file system if this process may, and tests what is possible with it.
    pub(crate) fn new() -> Result<Self> {
        let directory = TempDir::new()?;
        let is_mounted = mount(&["-t", "tmpfs", "-o", SIZE, "tmpfs"], directory.path());
        let probe = directory.path().join("probe");
        fs::create_dir(&probe)?;
        let can_close = close(&probe);
        open(&probe);
        fs::remove_dir(&probe)?;
        Ok(Self { directory, is_mounted, can_close })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns whether it can be filled, and made read-only, without harm to other programs.
    pub(crate) fn is_small(&self) -> bool {
        self.is_mounted
    }

    /// Returns whether [`close`] has an effect for this user and file system.
    pub(crate) fn can_close(&self) -> bool {
        self.can_close
    }

    /// Takes all free space. Returns whether it did.
    pub(crate) fn fill(&self) -> bool {
        let file = self.is_mounted.then(|| File::create(self.filler()).ok()).flatten();
        let Some(mut file) = file else { return false };
        while file.write_all(&[0; 4096]).is_ok() {}
        true
    }

    pub(crate) fn free(&self) {
        let _ = fs::remove_file(self.filler());
    }

    /// Makes the file system read-only for all processes. Returns whether it did.
    pub(crate) fn forbid_writes(&self) -> bool {
        let until = Instant::now() + LONGEST_BUSY;
        while self.is_mounted && Instant::now() < until {
            if mount(&["-o", "remount,ro"], self.path()) {
                return true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// Ends [`forbid_writes`](Self::forbid_writes). Returns whether the file system is writable again.
    pub(crate) fn allow_writes(&self) -> bool {
        !self.is_mounted || mount(&["-o", "remount,rw"], self.path())
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg(self.path()).output();
        }
    }
}

/// Lets nobody create, rename or remove a file in the directory. Returns whether that has an effect.
pub(crate) fn close(directory: &Path) -> bool {
    // Root may write whatever the mode is; the immutable attribute applies to root, too.
    set(directory, "500", "+i");
    // Not every file system has that attribute. This file has no name, so that no process sees it.
    tempfile::tempfile_in(directory).is_err()
}

/// Ends [`close`].
pub(crate) fn open(directory: &Path) {
    // chmod is refused until the attribute is removed.
    set(directory, "700", "-i");
    set(directory, "700", "-i");
}

fn mount(arguments: &[&str], directory: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(directory).output();
    output.is_ok_and(|output| output.status.success())
}

fn set(directory: &Path, mode: &str, attribute: &str) {
    let _ = Command::new("chmod").arg(mode).arg(directory).output();
    let _ = Command::new("chattr").arg(attribute).arg(directory).output();
}
