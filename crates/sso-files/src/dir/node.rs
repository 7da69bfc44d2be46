//! Directory entries and their owners, and the ways to open them.

use std::fs::Metadata;
use std::time::SystemTime;

/// A symbolic link, read without following it.
pub(crate) struct Link {
    pub(crate) target: std::path::PathBuf,
    /// The user who made the link, which is its owner.
    #[cfg(unix)]
    pub(crate) maker: u32,
}

/// The access for which a file is opened or created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// For a temporary file, which is read, truncated, written and synced.
    ReadWrite,
    /// For a lock file. On Windows no process can rename or remove the file while it is open.
    Lock,
}

/// The owner of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Owner {
    /// On Windows, every file counts as root's.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Self { user: metadata.uid(), group: metadata.gid() }
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            Self { user: 0, group: 0 }
        }
    }
}

/// A directory entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) owner: Owner,
    pub(crate) size: u64,
    /// `None` if the file system does not store it.
    pub(crate) modified: Option<SystemTime>,
    /// Device and inode; `None` on Windows.
    pub(crate) identity: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    File,
    Directory,
    /// A link, a pipe, a device or a socket.
    Other,
}

impl Node {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let kind = if metadata.is_file() {
            NodeKind::File
        } else if metadata.is_dir() {
            NodeKind::Directory
        } else {
            NodeKind::Other
        };
        Self {
            kind,
            owner: Owner::of(metadata),
            size: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            identity: Some((
                std::os::unix::fs::MetadataExt::dev(metadata),
                std::os::unix::fs::MetadataExt::ino(metadata),
            )),
            #[cfg(not(unix))]
            identity: None,
        }
    }

    /// Fails unless this is a regular file.
    pub(crate) fn check_is_file(&self) -> std::io::Result<()> {
        use std::io::{Error, ErrorKind};
        match self.kind {
            NodeKind::File => Ok(()),
            NodeKind::Directory => Err(Error::new(ErrorKind::IsADirectory, "it is a directory")),
            NodeKind::Other => Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
        }
    }
}
