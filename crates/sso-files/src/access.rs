//! Warnings about files and directories that other users of the machine may read or write.
//!
//! Too wide a mode is warned about and not refused: it says that somebody could have read or written
//! the file, not that somebody did. File systems without modes (Windows drives under WSL, network
//! shares, shared folders of virtual machines) show 0777 for everything, and no `chmod` changes it:
//! there, nothing is said.
//!
//! A group with the number of the owner is the owner's own. Debian, Fedora and others give each user
//! a group of the same number, and then the umask may be 002, with which the AWS CLI makes its
//! directories writable by that group. The mode of such a group is no reason for a warning; a POSIX
//! access control list that lets other users in behind it is.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::resolve::Resolved;

/// Something that other users of the machine may do with a file or its directory, and should not.
/// Its text names the command that ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessWarning {
    /// The file or the directory.
    pub path: PathBuf,
    /// The risk.
    pub risk: AccessRisk,
}

/// What other users may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessRisk {
    /// They may read the file, which holds secrets.
    #[non_exhaustive]
    FileReadable {
        /// The permission bits.
        mode: u32,
    },
    /// They may write the file, and so put a login of their own in it.
    #[non_exhaustive]
    FileWritable {
        /// The permission bits.
        mode: u32,
    },
    /// They may write to the directory: make files, the lock included, and unless the directory is
    /// sticky remove files. What they make is refused, as it is theirs.
    #[non_exhaustive]
    DirectoryWritable {
        /// The permission bits.
        mode: u32,
    },
    /// The directory is another user's, who may do the same.
    #[non_exhaustive]
    DirectoryOfAnotherUser {
        /// The owner's user ID.
        owner: u32,
    },
}

impl fmt::Display for AccessWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let quoted = Quoted(&self.path);
        match self.risk {
            AccessRisk::FileReadable { mode } => write!(
                f,
                "other users of this machine may read the cache file {path} (mode {mode:04o}), \
                 which holds secrets; run: chmod 600 {quoted}"
            ),
            AccessRisk::FileWritable { mode } => write!(
                f,
                "other users of this machine may write the cache file {path} (mode {mode:04o}) \
                 and put a login of their own in it; run: chmod 600 {quoted}"
            ),
            AccessRisk::DirectoryWritable { mode } => write!(
                f,
                "other users of this machine may write to the cache directory {path} (mode \
                 {mode:04o}) and remove or block what is in it; run: chmod go-w {quoted}"
            ),
            AccessRisk::DirectoryOfAnotherUser { owner } => write!(
                f,
                "the cache directory {path} belongs to another user ({owner}), who may remove or \
                 block what is in it; use one of your own"
            ),
        }
    }
}

/// A path, quoted for a shell.
struct Quoted<'a>(&'a Path);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.display().to_string();
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "/._-+@%".contains(it);
        if text.chars().all(is_plain) {
            f.write_str(&text)
        } else {
            write!(f, "'{}'", text.replace('\'', r"'\''"))
        }
    }
}

/// The risks of the file in `at` and of the directories that it and a link to it (in `linked`) are
/// in. A missing or inaccessible file causes no warning. Nor does another user's file, which is refused
/// when it is read.
#[cfg(unix)]
pub(crate) fn warnings(linked: &Path, at: &Resolved) -> Vec<AccessWarning> {
    unix::warnings(linked, at)
}

/// Elsewhere access is what the directory's rights say.
#[cfg(not(unix))]
pub(crate) fn warnings(_: &Path, _: &Resolved) -> Vec<AccessWarning> {
    Vec::new()
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Metadata};
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use super::{AccessRisk, AccessWarning, Resolved};
    use crate::dir::effective_user;
    use crate::rules::may_use_file;
    use crate::staged::chmod_has_effect;

    const READ: u32 = 0o044;
    const WRITE: u32 = 0o022;
    const GROUP: u32 = 0o070;

    pub(super) fn warnings(linked: &Path, at: &Resolved) -> Vec<AccessWarning> {
        let mut warnings = Vec::new();
        let path = at.dir.join(&at.name);
        if let Ok(metadata) = fs::symlink_metadata(&path)
            && metadata.is_file()
            && let Ok(directory) = at.dir.owner()
            && may_use_file(effective_user(), metadata.uid(), directory.user)
            && let Some(risk) = file_risk(&path, &metadata)
        {
            warnings.push(AccessWarning { path, risk });
        }
        let behind = at.dir.path();
        for directory in [Some(linked), (behind != linked).then_some(behind)].into_iter().flatten()
        {
            if let Ok(metadata) = fs::metadata(directory)
                && let Some(risk) = directory_risk(directory, &metadata)
            {
                warnings.push(AccessWarning { path: directory.to_owned(), risk });
            }
        }
        if !warnings.is_empty() && !chmod_has_effect(at) {
            warnings.retain(|it| matches!(it.risk, AccessRisk::DirectoryOfAnotherUser { .. }));
        }
        warnings
    }

    fn file_risk(path: &Path, metadata: &Metadata) -> Option<AccessRisk> {
        let (mode, others) = rights(path, metadata);
        if others & WRITE != 0 {
            Some(AccessRisk::FileWritable { mode })
        } else if others & READ != 0 {
            Some(AccessRisk::FileReadable { mode })
        } else {
            None
        }
    }

    fn directory_risk(path: &Path, metadata: &Metadata) -> Option<AccessRisk> {
        let (mode, others) = rights(path, metadata);
        if others & WRITE != 0 {
            return Some(AccessRisk::DirectoryWritable { mode });
        }
        let (owner, user) = (metadata.uid(), effective_user());
        // Root works in the homes of all users.
        let is_foreign = owner != user && owner != 0 && user != 0;
        is_foreign.then_some(AccessRisk::DirectoryOfAnotherUser { owner })
    }

    /// The permission bits, and of these the ones of other users.
    fn rights(path: &Path, metadata: &Metadata) -> (u32, u32) {
        let mode = metadata.mode() & 0o7777;
        // With an access control list, the bits of the group are the most that it grants.
        let is_own_group = metadata.gid() == metadata.uid()
            && (mode & GROUP == 0 || !acl_names_others(path, metadata.uid()));
        (mode, if is_own_group { mode & !GROUP } else { mode })
    }

    /// Whether a POSIX access control list lets a user or group by name read or write.
    #[cfg(target_os = "linux")]
    fn acl_names_others(path: &Path, owner: u32) -> bool {
        let mut list = [0_u8; 4096];
        match rustix::fs::getxattr(path, "system.posix_acl_access", &mut list) {
            Ok(length) => acl_entries(list.get(..length).unwrap_or_default())
                .any(|entry| entry.names_other_than(owner) && entry.permissions & 0o6 != 0),
            // Too long to be read here: it names many.
            Err(error) => error == rustix::io::Errno::RANGE,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn acl_names_others(_: &Path, _: u32) -> bool {
        false
    }

    /// An entry of a POSIX access control list, as Linux stores it.
    #[cfg(target_os = "linux")]
    struct AclEntry {
        tag: u16,
        permissions: u16,
        id: u32,
    }

    #[cfg(target_os = "linux")]
    impl AclEntry {
        fn names_other_than(&self, owner: u32) -> bool {
            const USER: u16 = 0x02;
            const GROUP: u16 = 0x08;
            // The owner's own group has the owner's number.
            (self.tag == USER || self.tag == GROUP) && self.id != owner && self.id != 0
        }
    }

    /// The entries behind the header of four bytes, eight bytes each, little-endian.
    #[cfg(target_os = "linux")]
    fn acl_entries(list: &[u8]) -> impl Iterator<Item = AclEntry> {
        let entries = list.get(4..).unwrap_or_default().as_chunks::<8>().0;
        entries.iter().map(|&[tag, tag_high, permissions, permissions_high, a, b, c, d]| AclEntry {
            tag: u16::from_le_bytes([tag, tag_high]),
            permissions: u16::from_le_bytes([permissions, permissions_high]),
            id: u32::from_le_bytes([a, b, c, d]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        for (path, command) in [
            ("/home/a/.aws/x.json", "chmod 600 /home/a/.aws/x.json"),
            ("/home/a b/x.json", "chmod 600 '/home/a b/x.json'"),
            ("/it's/$(x)", r"chmod 600 '/it'\''s/$(x)'"),
        ] {
            let risk = AccessRisk::FileReadable { mode: 0o644 };
            let warning = AccessWarning { path: path.into(), risk };
            assert!(warning.to_string().ends_with(command), "{warning}");
        }
    }
}
