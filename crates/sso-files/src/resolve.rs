//! Resolves a path to an open directory and a name in it. Follows only links that the rules allow.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(not(unix))]
use self::portable as imp;
#[cfg(unix)]
use self::unix as imp;
use crate::FileError;
use crate::dir::Dir;

/// The number of links that are followed on one path. More are treated as a loop.
const MAX_LINKS: usize = 40;

/// The handling of missing directories on the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Fail,
    /// Create them with mode 0700 and, as root, with the owner of the parent directory.
    Create,
}

/// A name in an open directory.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) dir: Arc<Dir>,
    pub(crate) name: OsString,
    /// The last component of the path was a link.
    pub(crate) behind_link: bool,
    /// The user who made a link on the path, if it is not root or this user. The file must belong
    /// to that user.
    pub(crate) must_belong_to: Option<u32>,
}

/// Resolves `path`, which starts with `base`. Links on the path to `base` are followed without a
/// check; links below it are checked.
pub(crate) fn resolve(base: &Path, path: &Path, missing: Missing) -> Result<Resolved, FileError> {
    let below = path.strip_prefix(base).unwrap_or(path);
    let start = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    imp::resolve(start, below, path, missing)
}

fn too_many_links() -> FileError {
    io::Error::other("too many symbolic links, or a circle of them").into()
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::path::Component;

    use super::{Arc, Dir, FileError, MAX_LINKS, Missing, OsString, Path, PathBuf, Resolved, io};
    use crate::dir::effective_user;
    use crate::rules::may_follow_link;

    pub(super) fn resolve(
        start: &Path,
        below: &Path,
        path: &Path,
        missing: Missing,
    ) -> Result<Resolved, FileError> {
        let mut walk = Walk { missing, user: effective_user(), links: 0, makers: Vec::new() };
        match Dir::open(start) {
            Ok(start) => walk.resolve_path(Arc::new(start), below),
            // The base itself, such as the home directory, does not exist.
            Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Create => {
                let root = if path.is_absolute() { "/" } else { "." };
                walk.resolve_path(Arc::new(Dir::open(Path::new(root))?), path)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The state while a path is resolved.
    struct Walk {
        missing: Missing,
        user: u32,
        /// The number of links that were followed.
        links: usize,
        /// The users who made the links that are being followed, without root and this user.
        makers: Vec<u32>,
    }

    impl Walk {
        fn resolve_path(&mut self, start: Arc<Dir>, path: &Path) -> Result<Resolved, FileError> {
            let mut place = here(start);
            for component in path.components() {
                let dir = self.open_directory(place)?;
                place = match component {
                    Component::RootDir => here(Arc::new(Dir::open(Path::new("/"))?)),
                    Component::CurDir | Component::Prefix(_) => here(dir),
                    Component::ParentDir => here(Arc::new(dir.open_dir(OsStr::new(".."))?)),
                    Component::Normal(name) => self.resolve_name(dir, name)?,
                };
            }
            Ok(place)
        }

        /// Resolves one name in a directory. Follows it if it is a link.
        fn resolve_name(&mut self, dir: Arc<Dir>, name: &OsStr) -> Result<Resolved, FileError> {
            let Some(link) = dir.link(name)? else {
                let name = name.to_owned();
                return Ok(Resolved { dir, name, behind_link: false, must_belong_to: None });
            };
            self.links += 1;
            if self.links > MAX_LINKS {
                return Err(super::too_many_links());
            }
            let path = dir.join(name);
            let is_trusted = may_follow_link(self.user, link.maker, u32::MAX);
            if !is_trusted {
                self.makers.push(link.maker);
            }
            let mut place = self.resolve_path(dir, &link.target).map_err(|error| match error {
                FileError::UntrustedLink { link: _, maker } if maker == link.maker => {
                    FileError::UntrustedLink { link: path.clone(), maker }
                }
                other => other,
            })?;
            if !is_trusted {
                self.makers.pop();
                if !may_follow_link(self.user, link.maker, target_owner(&place)?) {
                    return Err(FileError::UntrustedLink { link: path, maker: link.maker });
                }
                // Checked again when the file is open, since it may have been replaced by then.
                place.must_belong_to = Some(link.maker);
            }
            place.behind_link = true;
            Ok(place)
        }

        /// Opens the resolved name as a directory. Creates it if it is missing and that is allowed.
        fn open_directory(&self, place: Resolved) -> Result<Arc<Dir>, FileError> {
            let Resolved { dir, name, must_belong_to, .. } = place;
            let opened = if name == "." {
                dir
            } else {
                match dir.open_dir(&name) {
                    Err(error)
                        if error.kind() == io::ErrorKind::NotFound
                            && self.missing == Missing::Create =>
                    {
                        // Behind a link that another user made, create a directory only in a
                        // directory of that user.
                        let owner = dir.owner()?.user;
                        let other_maker =
                            self.makers.iter().chain(&must_belong_to).find(|it| **it != owner);
                        if let Some(&maker) = other_maker {
                            let link = dir.join(&name);
                            return Err(FileError::UntrustedLink { link, maker });
                        }
                        Arc::new(dir.create_dir(&name)?)
                    }
                    opened => Arc::new(opened?),
                }
            };
            match must_belong_to {
                Some(maker) if opened.owner()?.user != maker => {
                    let link: PathBuf = opened.path().to_owned();
                    Err(FileError::UntrustedLink { link, maker })
                }
                _ => Ok(opened),
            }
        }
    }

    /// Returns the directory itself, under the name `.`.
    fn here(dir: Arc<Dir>) -> Resolved {
        let name = OsString::from(".");
        Resolved { dir, name, behind_link: false, must_belong_to: None }
    }

    /// Returns the owner of the resolved name, or of its directory if the name does not exist.
    fn target_owner(place: &Resolved) -> io::Result<u32> {
        match place.dir.node(&place.name) {
            Ok(node) => Ok(node.owner.user),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(place.dir.owner()?.user),
            Err(error) => Err(error),
        }
    }
}

#[cfg(not(unix))]
mod portable {
    use super::{Arc, Dir, FileError, MAX_LINKS, Missing, Path, PathBuf, Resolved, io};

    /// Follows links only in the last component of the path, so that a replacement keeps the link.
    /// The operating system follows links to directories.
    pub(super) fn resolve(
        _: &Path,
        _: &Path,
        path: &Path,
        missing: Missing,
    ) -> Result<Resolved, FileError> {
        let mut path: PathBuf = path.to_owned();
        for followed in 0..MAX_LINKS {
            let name = path.file_name().ok_or_else(not_a_file)?.to_owned();
            let parent = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            let dir = match missing {
                Missing::Fail => Dir::open(parent)?,
                Missing::Create => Dir::create(parent)?,
            };
            match dir.link(&name)? {
                Some(link) => path = dir.path().join(link.target),
                None => {
                    return Ok(Resolved {
                        dir: Arc::new(dir),
                        name,
                        behind_link: followed > 0,
                        must_belong_to: None,
                    });
                }
            }
        }
        Err(super::too_many_links())
    }

    fn not_a_file() -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, "the path does not end with a file name")
    }
}
