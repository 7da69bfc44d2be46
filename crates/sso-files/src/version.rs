//! The version of a file, which shows at the cost of one `stat` that the file was changed.

use std::fs::Metadata;

/// A version of a file. If two versions are equal, the file was not written in between, with the
/// exception below.
///
/// On Unix it consists of device, inode, size, modification time and inode change time. A file that
/// is restored with its old modification time therefore has a new version. On Windows it consists
/// of size, creation time and modification time.
///
/// A write in place by another program is not detected if it keeps the size and happens within one
/// tick of the file system's clock. A tick is some milliseconds, on older systems up to two
/// seconds. Writes by this crate are always detected if the file system stores fractions of a
/// second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    size: u64,
    is_private: bool,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
    /// Seconds and nanoseconds since 1970.
    #[cfg(unix)]
    modified_and_changed: ((i64, i64), (i64, i64)),
    /// Used in place of a file ID, which stable `std` does not offer on Windows.
    #[cfg(not(unix))]
    created_and_modified: (Option<std::time::SystemTime>, Option<std::time::SystemTime>),
}

impl Fingerprint {
    /// Returns `true` if the file's mode lets only its owner and root read and write it. If it is
    /// `false`, call [`PrivateFile::access_warnings`](crate::PrivateFile::access_warnings).
    pub fn is_private(&self) -> bool {
        self.is_private
    }

    /// Returns the version as text, so that processes can compare versions. The format is not
    /// stable.
    pub fn record(&self) -> String {
        #[cfg(unix)]
        {
            let (device, inode) = self.device_and_inode;
            let ((modified, modified_ns), (changed, changed_ns)) = self.modified_and_changed;
            let size = self.size;
            format!("{size} {device} {inode} {modified}.{modified_ns} {changed}.{changed_ns}")
        }
        #[cfg(not(unix))]
        {
            let nanoseconds = |time: Option<std::time::SystemTime>| {
                time.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                    .map_or(0, |since| since.as_nanos())
            };
            let (created, modified) = self.created_and_modified;
            format!("{} {} {}", self.size, nanoseconds(created), nanoseconds(modified))
        }
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            is_private: is_private(metadata),
            #[cfg(unix)]
            device_and_inode: {
                use std::os::unix::fs::MetadataExt as _;
                (metadata.dev(), metadata.ino())
            },
            #[cfg(unix)]
            modified_and_changed: {
                use std::os::unix::fs::MetadataExt as _;
                (
                    (metadata.mtime(), metadata.mtime_nsec()),
                    (metadata.ctime(), metadata.ctime_nsec()),
                )
            },
            #[cfg(not(unix))]
            created_and_modified: (metadata.created().ok(), metadata.modified().ok()),
        }
    }
}

/// Returns `true` if the mode lets only the owner read and write the file. The group counts as
/// other users, since the group bits may stand for an access control list.
fn is_private(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::mode(metadata) & 0o066 == 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        true
    }
}
