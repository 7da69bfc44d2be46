//! What other users of the machine may do with a cache file: read it, write it, have put it there.
//!
//! Not responsible for the mode of what this crate writes itself (`replace`).
//!
//! **A file that another user owns is refused.** Whoever may write to the directory can put a login
//! of their own there, and its victim would then work, unknowing, in their account. The owner of
//! a file is evidence of that, whatever the rights of the directory say; and nobody can give a file
//! of theirs to somebody else. Root is nobody else: it can read and write everything anyway. Root
//! itself takes what belongs to the owner of the directory, as after a `sudo` in that user's home.
//!
//! **Rights that are too wide are warned about**, not refused: they say that somebody could, not
//! that somebody did. File systems without modes of their own (Windows drives under WSL, network
//! shares, folders of a virtual machine's host) show 0777 for everything, and no `chmod` changes it;
//! to refuse would lock out users whom nobody threatens, and the other AWS tools would go on.
//!
//! **A group with the number of the owner is the owner's own.** Debian, Fedora and others give each
//! user a group of the same number, and then the umask may be 002, with which the AWS CLI makes its
//! directories writable by that group. No rights of such a group are worth a warning.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::replace::{directory_of, real_path};

/// Something that other users of the machine may do with a cache file or with the directory that it
/// is in, and should not. Its text names the command that ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessWarning {
    /// The file or the directory.
    pub path: PathBuf,
    /// What they may do.
    pub risk: AccessRisk,
}

/// What other users may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessRisk {
    /// They may read the file, which holds secrets.
    FileReadable {
        /// The permission bits.
        mode: u32,
    },
    /// They may write the file, and so put a login of their own in it.
    FileWritable {
        /// The permission bits.
        mode: u32,
    },
    /// They may write to the directory: make, and unless it is sticky remove, what is in it, the
    /// lock included. What they make is refused, as it is theirs.
    DirectoryWritable {
        /// The permission bits.
        mode: u32,
    },
    /// The directory is another user's, who may do the same.
    DirectoryOfAnotherUser {
        /// The user's number.
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

/// A path as a shell takes it.
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

/// What is wrong with the rights on the file and on the directories that it and any link to it are
/// in. Nothing is said of what is not there or cannot be looked at, nor of another user's file, which
/// is refused when it is read.
pub(crate) fn access_warnings(path: &Path) -> Vec<AccessWarning> {
    let real = real_path(path).unwrap_or_else(|_| path.to_owned());
    let mut warnings = Vec::new();
    if let Ok(metadata) = fs::metadata(&real)
        && metadata.is_file()
        && foreign_owner(path, &metadata).is_none()
        && let Some(risk) = file_risk(&metadata)
    {
        warnings.push(AccessWarning { path: real.clone(), risk });
    }
    let (linked, behind) = (directory_of(path), directory_of(&real));
    let directories = [Some(linked), (behind != linked).then_some(behind)];
    for directory in directories.into_iter().flatten() {
        if let Ok(metadata) = fs::metadata(directory)
            && let Some(risk) = directory_risk(&metadata)
        {
            warnings.push(AccessWarning { path: directory.to_owned(), risk });
        }
    }
    warnings
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Metadata};
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use super::{AccessRisk, directory_of};

    const READ: u32 = 0o044;
    const WRITE: u32 = 0o022;
    const GROUP: u32 = 0o070;

    pub(crate) fn file_risk(metadata: &Metadata) -> Option<AccessRisk> {
        let (mode, others) = rights(metadata);
        if others & WRITE != 0 {
            Some(AccessRisk::FileWritable { mode })
        } else if others & READ != 0 {
            Some(AccessRisk::FileReadable { mode })
        } else {
            None
        }
    }

    pub(super) fn directory_risk(metadata: &Metadata) -> Option<AccessRisk> {
        let (mode, others) = rights(metadata);
        if others & WRITE != 0 {
            return Some(AccessRisk::DirectoryWritable { mode });
        }
        let (owner, user) = (metadata.uid(), this_user());
        // Root goes about in everybody's home.
        let is_foreign = owner != user && owner != 0 && user != 0;
        is_foreign.then_some(AccessRisk::DirectoryOfAnotherUser { owner })
    }

    /// The other user whose file it is, if it is another's.
    pub(crate) fn foreign_owner(path: &Path, metadata: &Metadata) -> Option<u32> {
        let (owner, user) = (metadata.uid(), this_user());
        if owner == user || owner == 0 {
            return None;
        }
        if user == 0 && fs::metadata(directory_of(path)).is_ok_and(|it| it.uid() == owner) {
            return None;
        }
        Some(owner)
    }

    /// The permission bits, and of these the ones of other users.
    fn rights(metadata: &Metadata) -> (u32, u32) {
        let mode = metadata.mode() & 0o7777;
        let is_own_group = metadata.gid() == metadata.uid();
        (mode, if is_own_group { mode & !GROUP } else { mode })
    }

    fn this_user() -> u32 {
        rustix::process::geteuid().as_raw()
    }
}

#[cfg(unix)]
use unix::directory_risk;
#[cfg(unix)]
pub(crate) use unix::{file_risk, foreign_owner};

/// Elsewhere access is what the directory's rights say.
#[cfg(not(unix))]
pub(crate) fn file_risk(_: &fs::Metadata) -> Option<AccessRisk> {
    None
}

#[cfg(not(unix))]
fn directory_risk(_: &fs::Metadata) -> Option<AccessRisk> {
    None
}

#[cfg(not(unix))]
pub(crate) fn foreign_owner(_: &Path, _: &fs::Metadata) -> Option<u32> {
    None
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
