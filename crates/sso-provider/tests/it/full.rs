//! A directory that cannot be written to, as on a full disk or a read-only mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes a directory unwritable until it is dropped.
pub(crate) struct Full(pub(crate) PathBuf);

impl Full {
    /// Root ignores permissions, so for root this needs a file system with the immutable attribute.
    pub(crate) fn fill(directory: &Path) -> Self {
        let full = Self(directory.to_owned());
        full.permit(0o500);
        if full.is_writable() {
            full.attribute("+i");
        }
        assert!(!full.is_writable(), "the directory cannot be made unwritable on this file system");
        full
    }

    #[cfg(unix)]
    fn permit(&self, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;

        let _ = fs::set_permissions(&self.0, fs::Permissions::from_mode(mode));
    }

    /// Windows has no mode bits.
    #[cfg(not(unix))]
    fn permit(&self, _: u32) {}

    fn attribute(&self, change: &str) {
        let _ = Command::new("chattr").arg(change).arg(&self.0).status();
    }

    fn is_writable(&self) -> bool {
        let probe = self.0.join("probe");
        fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)).is_ok()
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        self.attribute("-i");
        self.permit(0o700);
    }
}
