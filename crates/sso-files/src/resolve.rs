//! From a path to an open directory and a name in it, following only links that the rules allow.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::FileError;
use crate::dir::Dir;

/// More links than this on one path are a circle.
const MAX_LINKS: usize = 40;

/// How missing directories on the path are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Fail,
    /// Make them with mode 0700 and the owner of the directory that they are made in.
    Create,
}

/// A name in an open directory.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) dir: Arc<Dir>,
    pub(crate) name: OsString,
    /// Whether the last component of the path was a link.
    pub(crate) behind_link: bool,
    /// Set if another user made a link on the path: the file must belong to that user.
    pub(crate) must_belong_to: Option<u32>,
}

/// Resolves `path`, which starts with `base`. The base is opened as the operating system does, links
/// included; below it, each link is checked.
pub(crate) fn resolve(base: &Path, path: &Path, missing: Missing) -> Result<Resolved, FileError> {
    let below = path.strip_prefix(base).unwrap_or(path);
    let start = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    imp::resolve(start, below, path, missing)
}

fn too_many_links() -> FileError {
    io::Error::other("too many symbolic links, or a circle of them").into()
}

#[cfg(unix)]
mod imp {
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
            Ok(start) => walk.path(Arc::new(start), below),
            // The home directory itself is missing.
            Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Create => {
                let root = if path.is_absolute() { "/" } else { "." };
                walk.path(Arc::new(Dir::open(Path::new(root))?), path)
            }
            Err(error) => Err(error.into()),
        }
    }

    struct Walk {
        missing: Missing,
        user: u32,
        links: usize,
        /// The makers of the links that are being followed, root and this user aside.
        makers: Vec<u32>,
    }

    impl Walk {
        fn path(&mut self, start: Arc<Dir>, path: &Path) -> Result<Resolved, FileError> {
            let mut place = here(start);
            for component in path.components() {
                let dir = self.directory(place)?;
                place = match component {
                    Component::RootDir => here(Arc::new(Dir::open(Path::new("/"))?)),
                    Component::CurDir | Component::Prefix(_) => here(dir),
                    Component::ParentDir => here(Arc::new(dir.open_dir(OsStr::new(".."))?)),
                    Component::Normal(name) => self.name(dir, name)?,
                };
            }
            Ok(place)
        }

        /// Follows the link of that name, if it is one.
        fn name(&mut self, dir: Arc<Dir>, name: &OsStr) -> Result<Resolved, FileError> {
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
            let mut place = self.path(dir, &link.target).map_err(|error| match error {
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
                // Checked again when it is open, as its name may stand for something else by then.
                place.must_belong_to = Some(link.maker);
            }
            place.behind_link = true;
            Ok(place)
        }

        /// Opens the place as a directory.
        fn directory(&self, place: Resolved) -> Result<Arc<Dir>, FileError> {
            let Resolved { dir, name, must_belong_to, .. } = place;
            let opened = if name == "." {
                dir
            } else {
                match dir.open_dir(&name) {
                    Err(error)
                        if error.kind() == io::ErrorKind::NotFound
                            && self.missing == Missing::Create =>
                    {
                        // Behind a link of another user, a directory is made only in that user's directory.
                        let owner = dir.owner()?.user;
                        let stranger =
                            self.makers.iter().chain(&must_belong_to).find(|it| **it != owner);
                        if let Some(&maker) = stranger {
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

    /// The directory itself as a place.
    fn here(dir: Arc<Dir>) -> Resolved {
        let name = OsString::from(".");
        Resolved { dir, name, behind_link: false, must_belong_to: None }
    }

    /// The owner of what the place holds, or of the directory that it would be in.
    fn target_owner(place: &Resolved) -> io::Result<u32> {
        match place.dir.node(&place.name) {
            Ok(node) => Ok(node.owner.user),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(place.dir.owner()?.user),
            Err(error) => Err(error),
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use super::{Arc, Dir, FileError, MAX_LINKS, Missing, Path, PathBuf, Resolved, io};

    /// Directories are opened as the operating system does; only a link in the file's own place is
    /// followed here, so that the link stays when the file is replaced.
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
