//! The file system that the home is on. It can be full, read-only, or closed to new files.
//!
//! As root it is a small one of its own, mounted a second time read-only.

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
/// How long a remount is tried again: the kernel refuses it while a file is open for writing.
const BUSY_AT_MOST: Duration = Duration::from_secs(1);

/// A directory for the home.
pub(crate) struct Disk {
    directory: Mount,
    /// The same files, where nobody can write to them: the home of a container, for example.
    read_only: Option<Mount>,
    can_close: bool,
}

/// A temporary directory, and whether a file system is mounted there.
struct Mount {
    directory: TempDir,
    is_mounted: bool,
}

impl Disk {
    /// Mounts the file system if this process may, and tests what can be done with it.
    pub(crate) fn new() -> Result<Self> {
        let mut directory = Mount::new()?;
        directory.is_mounted = mount(&["-t", "tmpfs", "-o", SIZE, "tmpfs"], directory.path());
        let read_only = if directory.is_mounted { mount_again(directory.path())? } else { None };
        let probe = directory.path().join("probe");
        fs::create_dir(&probe)?;
        let can_close = close(&probe);
        open(&probe);
        fs::remove_dir(&probe)?;
        Ok(Self { directory, read_only, can_close })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Whether it can be filled, and made read-only, without harm to others.
    pub(crate) fn is_small(&self) -> bool {
        self.directory.is_mounted
    }

    /// Returns the path at which the same files are read-only.
    pub(crate) fn read_only_path(&self) -> Option<&Path> {
        self.read_only.as_ref().map(Mount::path)
    }

    /// Whether [`close`] has an effect on this user and file system.
    pub(crate) fn can_close(&self) -> bool {
        self.can_close
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

    /// Makes the file system read-only for all processes. Returns whether it is.
    pub(crate) fn forbid_writes(&self) -> bool {
        let until = Instant::now() + BUSY_AT_MOST;
        while self.is_small() && Instant::now() < until {
            if mount(&["-o", "remount,ro"], self.path()) {
                return true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// Ends [`forbid_writes`](Self::forbid_writes). Returns whether files can be made again.
    pub(crate) fn allow_writes(&self) -> bool {
        mount(&["-o", "remount,rw"], self.path())
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Mount {
    fn new() -> Result<Self> {
        Ok(Self { directory: TempDir::new()?, is_mounted: false })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg(self.path()).output();
        }
    }
}

/// Lets nobody add, rename or remove a file in `directory`. Returns whether that has an effect.
pub(crate) fn close(directory: &Path) -> bool {
    // Root writes whatever the mode says; the immutable attribute binds root, too.
    set(directory, "500", "+i");
    // Not every file system has that attribute. This file has no name that anybody could see.
    tempfile::tempfile_in(directory).is_err()
}

/// Ends [`close`].
pub(crate) fn open(directory: &Path) {
    // chmod is refused as long as the attribute stands.
    set(directory, "700", "-i");
    set(directory, "700", "-i");
}

/// Mounts a directory a second time, read-only. `None` if that has no effect here.
fn mount_again(directory: &Path) -> Result<Option<Mount>> {
    let mut again = Mount::new()?;
    again.is_mounted = mount(&["--bind".as_ref(), directory.as_os_str()], again.path());
    let is_read_only = again.is_mounted
        && mount(&["-o", "remount,bind,ro"], again.path())
        && tempfile::tempfile_in(again.path()).is_err();
    Ok(is_read_only.then_some(again))
}

fn mount(arguments: &[impl AsRef<std::ffi::OsStr>], directory: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(directory).output();
    output.is_ok_and(|output| output.status.success())
}

fn set(directory: &Path, mode: &str, attribute: &str) {
    let _ = Command::new("chmod").arg(mode).arg(directory).output();
    let _ = Command::new("chattr").arg(attribute).arg(directory).output();
}
