//! The users who can change the content of a config file.

use std::path::Path;

/// Returns a user, other than root and `secret_owner`, who can change the config file: the owner of
/// the file, of a directory on its path, or of a link to it.
///
/// If there is one, root must not send a secret of `secret_owner` to the endpoints in that file.
/// See [`rules::may_use_config`](crate::rules::may_use_config). Returns `None` if the process does
/// not run as root.
///
/// Call this after reading the file. The owner of a directory on the path could replace the file
/// for the read and restore it before this call. That directory is still on the path, so this call
/// finds its owner.
pub fn untrusted_config_owner(config: &Path, secret_owner: u32) -> Option<u32> {
    #[cfg(unix)]
    {
        let user = crate::dir::effective_user();
        if user != 0 {
            return None;
        }
        let may_use = |owner| crate::rules::may_use_config(user, owner, secret_owner);
        unix::owners(config).into_iter().find(|owner| !may_use(*owner))
    }
    #[cfg(not(unix))]
    {
        let _ = (config, secret_owner);
        None
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Component, Path, PathBuf};

    /// The number of links that are followed on one path. More are treated as a loop.
    const MAX_LINKS: usize = 40;

    /// Returns the owners of the file and of all directories and links on its path. If the file is
    /// missing, returns the owners of the part of the path that exists.
    ///
    /// Leaves out directories that belong to the owner of `/`, who is the administrator. In a user
    /// namespace that does not map root, the user ID of that owner is not 0.
    pub(super) fn owners(path: &Path) -> Vec<u32> {
        let administrator = fs::symlink_metadata("/").map_or(0, |root| root.uid());
        let mut owners = Vec::new();
        let mut links = 0;
        let mut at = PathBuf::from("/");
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // The names that are still to be resolved, in reverse order.
        let mut left = names(&absolute);
        while let Some(name) = left.pop() {
            if name == ".." {
                // `at` contains no links, so its parent is the real one.
                at.pop();
                continue;
            }
            let next = at.join(name);
            let Ok(metadata) = fs::symlink_metadata(&next) else { break };
            if metadata.is_symlink() {
                owners.push(metadata.uid());
                links += 1;
                let Ok(target) = fs::read_link(&next) else { break };
                if links > MAX_LINKS {
                    break;
                }
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                left.extend(names(&target));
            } else {
                if !metadata.is_dir() || metadata.uid() != administrator {
                    owners.push(metadata.uid());
                }
                at = next;
            }
        }
        owners
    }

    /// Returns the names of a path in reverse order.
    fn names(path: &Path) -> Vec<OsString> {
        let names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        });
        names.rev().collect()
    }

    #[cfg(test)]
    mod tests {
        use std::os::unix::fs::symlink;

        use super::*;

        #[test]
        fn owners_of_all_directories_and_links_are_returned() {
            let directory = tempfile::tempdir().unwrap();
            let place = directory.path().canonicalize().unwrap();
            let own = fs::metadata(&place).unwrap().uid();
            fs::create_dir(place.join("a")).unwrap();
            crate::PrivateFile::new(place.join("a/config"))
                .replace(b"", crate::Durability::Cached, &|_| true)
                .unwrap();
            symlink("a/../a", place.join("link")).unwrap();
            let before = owners(&place).len();
            let count = |path: &str| owners(&place.join(path)).len() - before;
            // The administrator's directories do not count, and this test may run as root.
            let directories = usize::from(own != fs::metadata("/").unwrap().uid());
            assert_eq!(count("a/config"), directories + 1);
            assert_eq!(count("a/missing"), directories);
            assert_eq!(count("link/config"), 2 * directories + 2);
            assert!(owners(&place.join("link/config")).contains(&own));
        }

        #[test]
        fn a_loop_of_links_ends() {
            let directory = tempfile::tempdir().unwrap();
            symlink("b", directory.path().join("a")).unwrap();
            symlink("a", directory.path().join("b")).unwrap();
            assert!(owners(&directory.path().join("a")).len() > MAX_LINKS);
        }
    }
}
