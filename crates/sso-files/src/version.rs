//! The version of a file, to detect cheaply that it was written.

use std::fs::Metadata;

/// A version of a file. If two versions are equal, the file was not written in between.
///
/// Made of device, inode, size, modification time and, on Unix, the time of the last change to the
/// inode, so that a file that is copied back with its old modification time counts as another. A
/// file that another program rewrites in place, to the same size and within one tick of the file
/// system's clock (some milliseconds, on older systems up to two seconds), cannot be told from the
/// version before. Files that this crate writes always can, where the file system keeps fractions of
/// a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    size: u64,
    is_private: bool,
    #[cfg(unix)]
    device_and_inode: (u64, u64),
    /// Seconds and nanoseconds since 1970.
    #[cfg(unix)]
    modified_and_changed: ((i64, i64), (i64, i64)),
    /// In the file system's own unit. Standard Windows metadata has no stable file id.
    #[cfg(not(unix))]
    created_and_modified: (Option<std::time::SystemTime>, Option<std::time::SystemTime>),
}

impl Fingerprint {
    /// Whether the file's mode kept all users but its owner and root from reading and writing it. If
    /// not, `access_warnings` of the file says what they may do, if that is worth a warning.
    pub fn is_private(&self) -> bool {
        self.is_private
    }

    /// The version as text, to compare it with that of another process. Not for people.
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
/// Whether the mode keeps all other users from reading and writing the file. The group counts as
/// others: behind its bits there may be an access control list.
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
