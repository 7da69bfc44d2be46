//! Warnings about files and directories that other users of the machine may read or write.
//!
//! A mode that is too open is a warning and not an error: other users could have accessed the file,
//! but there is no sign that they did. Some file systems have no modes: Windows drives under WSL,
//! network shares, shared folders of virtual machines. They show 0777 for every file, and `chmod`
//! has no effect. There, no warning about a mode is given.
//!
//! A group whose ID equals the owner's user ID is the owner's private group. Debian, Fedora and
//! others create such a group for each user and may set the umask to 002. With it, the AWS CLI
//! creates directories that the group may write to. This causes no warning, unless a POSIX access
//! control list gives other users access.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::resolve::Resolved;

/// A file or directory to which other users of the machine have too much access.
///
/// `Display` describes the risk and ends with the remedy, which is a command if one can help.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessWarning {
    /// The file or the directory.
    pub path: PathBuf,
    /// The risk.
    pub risk: AccessRisk,
}

/// The kind of access that other users have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessRisk {
    /// Other users may read the file, which contains secrets.
    #[non_exhaustive]
    FileReadable {
        /// The permission bits.
        mode: u32,
    },
    /// Other users may write the file, and so replace the login in it by their own.
    #[non_exhaustive]
    FileWritable {
        /// The permission bits.
        mode: u32,
    },
    /// Other users may write to the directory. They can create files, and remove files unless the
    /// directory is sticky. The content of their files is not used. But if they create the lock
    /// file, they can hold the lock.
    #[non_exhaustive]
    DirectoryWritable {
        /// The permission bits.
        mode: u32,
    },
    /// The directory belongs to another user, who may create and remove files in it.
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

/// Displays a path quoted for a POSIX shell.
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

/// Returns the warnings about the file `at`, its directory, and the directory `linked`. That is the
/// parent of the path as given; if the path is a link, the directory of the link.
///
/// There is no warning about a file that is missing or inaccessible. Nor is there one about a file
/// of another user, since reading it fails.
#[cfg(unix)]
pub(crate) fn warnings(linked: &Path, at: &Resolved) -> Vec<AccessWarning> {
    unix::warnings(linked, at)
}

/// Returns no warnings: on Windows, files inherit their access rights from the directory.
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
        // Root may work in the home directory of any user.
        let is_foreign = owner != user && owner != 0 && user != 0;
        is_foreign.then_some(AccessRisk::DirectoryOfAnotherUser { owner })
    }

    /// Returns the permission bits, and the bits to check for other users. These lack the group
    /// bits if the group is the owner's private group.
    fn rights(path: &Path, metadata: &Metadata) -> (u32, u32) {
        let mode = metadata.mode() & 0o7777;
        // With an access control list, the group bits are the maximum that its entries can grant.
        let is_own_group = metadata.gid() == metadata.uid()
            && (mode & GROUP == 0 || !acl_names_others(path, metadata.uid()));
        (mode, if is_own_group { mode & !GROUP } else { mode })
    }

    /// Returns `true` if a POSIX access control list lets another user or group read or write.
    #[cfg(target_os = "linux")]
    fn acl_names_others(path: &Path, owner: u32) -> bool {
        let mut list = [0_u8; 4096];
        match rustix::fs::getxattr(path, "system.posix_acl_access", &mut list) {
            Ok(length) => acl_entries(list.get(..length).unwrap_or_default())
                .any(|entry| entry.names_other_than(owner) && entry.permissions & 0o6 != 0),
            // The list is longer than the buffer, so it has entries for many users.
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
            // The owner's private group has the owner's ID.
            (self.tag == USER || self.tag == GROUP) && self.id != owner && self.id != 0
        }
    }

    /// Parses the entries. They follow a header of four bytes; each has eight bytes, little-endian.
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
