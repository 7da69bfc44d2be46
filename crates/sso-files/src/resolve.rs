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
    /// A link on the path that another user made. The file must belong to that user.
    pub(crate) foreign_link: Option<ForeignLink>,
}

/// A link that neither root nor this user made.
#[derive(Debug, Clone)]
pub(crate) struct ForeignLink {
    pub(crate) path: PathBuf,
    /// The user ID of the user who made it.
    pub(crate) maker: u32,
}

impl From<ForeignLink> for FileError {
    fn from(link: ForeignLink) -> Self {
        Self::UntrustedLink { link: link.path, maker: link.maker }
    }
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

    use super::{
        Arc, Dir, FileError, ForeignLink, MAX_LINKS, Missing, OsString, Path, Resolved, io,
    };
    use crate::dir::effective_user;
    use crate::rules::may_follow_link;

    pub(super) fn resolve(
        start: &Path,
        below: &Path,
        path: &Path,
        missing: Missing,
    ) -> Result<Resolved, FileError> {
        let mut walk =
            Walk { missing, user: effective_user(), links: 0, foreign_links: Vec::new() };
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
        /// The links of other users that are being followed.
        foreign_links: Vec<ForeignLink>,
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
                return Ok(Resolved { dir, name, behind_link: false, foreign_link: None });
            };
            self.links += 1;
            if self.links > MAX_LINKS {
                return Err(super::too_many_links());
            }
            if may_follow_link(self.user, link.maker, u32::MAX) {
                let place = self.resolve_path(dir, &link.target)?;
                return Ok(Resolved { behind_link: true, ..place });
            }
            let foreign_link = ForeignLink { path: dir.join(name), maker: link.maker };
            self.foreign_links.push(foreign_link.clone());
            let place = self.resolve_path(dir, &link.target)?;
            if !may_follow_link(self.user, link.maker, target_owner(&place)?) {
                // If this link is reached through others of the same user, the first is named.
                let first = self.foreign_links.iter().find(|it| it.maker == link.maker);
                return Err(first.unwrap_or(&foreign_link).clone().into());
            }
            self.foreign_links.pop();
            // Checked again when the file is open, since it may have been replaced by then.
            Ok(Resolved { behind_link: true, foreign_link: Some(foreign_link), ..place })
        }

        /// Opens the resolved name as a directory. Creates it if it is missing and that is allowed.
        fn open_directory(&self, place: Resolved) -> Result<Arc<Dir>, FileError> {
            let Resolved { dir, name, foreign_link, .. } = place;
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
                        let mut links = self.foreign_links.iter().chain(&foreign_link);
                        if let Some(link) = links.find(|link| link.maker != owner) {
                            return Err(link.clone().into());
                        }
                        Arc::new(dir.create_dir(&name)?)
                    }
                    opened => Arc::new(opened?),
                }
            };
            match foreign_link {
                Some(link) if opened.owner()?.user != link.maker => Err(link.into()),
                _ => Ok(opened),
            }
        }
    }

    /// Returns the directory itself, under the name `.`.
    fn here(dir: Arc<Dir>) -> Resolved {
        let name = OsString::from(".");
        Resolved { dir, name, behind_link: false, foreign_link: None }
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
                        foreign_link: None,
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
