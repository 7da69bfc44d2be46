//! A directory that is accessed by its descriptor.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::node::{Access, Link, Node, NodeKind, Owner};

/// The flag for directories that are opened only to look up names. `O_PATH` needs no read
/// permission.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const LOOK_UP: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const LOOK_UP: OFlags = OFlags::RDONLY;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir {
    file: File,
    /// For error messages.
    path: PathBuf,
}

/// Returns the effective user ID of this process.
pub(crate) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

impl Dir {
    /// Opens a directory. Follows links.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = LOOK_UP | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(Self { file: file.into(), path: path.to_owned() })
    }

    /// Opens a directory in this one. Fails if it is a link.
    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        let flags = LOOK_UP | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.file, name, flags, Mode::empty())?;
        Ok(Self { file: file.into(), path: self.join(name) })
    }

    /// Opens a directory in this one. Creates it with mode 0700 if it does not exist; as root, also
    /// sets its owner to the owner of this one.
    pub(crate) fn create_dir(&self, name: &OsStr) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.file, name, Mode::RWXU) {
            Ok(()) if effective_user() == 0 => self.set_directory_owner(name)?,
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        self.open_dir(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a name in this directory, for error messages.
    pub(crate) fn join(&self, name: &OsStr) -> PathBuf {
        match name.as_bytes() {
            b"." => self.path.clone(),
            _ if self.path.as_os_str() == "." => name.into(),
            _ => self.path.join(name),
        }
    }

    pub(crate) fn owner(&self) -> io::Result<Owner> {
        Ok(Owner::of(&self.file.metadata()?))
    }

    /// Reads the symbolic link `name`. Returns `None` if it is not a link or does not exist.
    pub(crate) fn link(&self, name: &OsStr) -> io::Result<Option<Link>> {
        match rustix::fs::readlinkat(&self.file, name, Vec::new()) {
            Ok(_) => self.read_link(name).map(Some),
            Err(Errno::INVAL | Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the entry `name`. Does not follow a link.
    pub(crate) fn node(&self, name: &OsStr) -> io::Result<Node> {
        let stat = rustix::fs::statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => NodeKind::File,
            FileType::Directory => NodeKind::Directory,
            _ => NodeKind::Other,
        };
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_sign_loss,
            clippy::cast_lossless,
            reason = "the fields' types differ between systems"
        )]
        Ok(Node {
            kind,
            owner: Owner { user: stat.st_uid, group: stat.st_gid },
            size: stat.st_size as u64,
            modified: time(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            identity: Some((stat.st_dev as u64, stat.st_ino as u64)),
        })
    }

    /// Opens a file. Fails if it is a link, and does not block on a pipe or a device.
    pub(crate) fn open_file(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let mode = if access == Access::Read { OFlags::RDONLY } else { OFlags::RDWR };
        let flags = mode | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.file, name, flags, Mode::empty())?.into())
    }

    /// Creates a file with mode 0600. Fails if the name exists, even as a link.
    pub(crate) fn create_file(&self, name: &OsStr, _: Access) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.file, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.file, from, &self.file, to)?)
    }

    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.file, name, AtFlags::empty())?)
    }

    /// Lists the names in this directory, in no order.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let readable = rustix::fs::openat(&self.file, ".", flags, Mode::empty())?;
        for entry in rustix::fs::Dir::new(readable)? {
            let name = entry?.file_name().to_bytes().to_owned();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// Syncs this directory and `above` levels of parent directories, so that new names survive a
    /// power failure.
    ///
    /// Logs a failure and does not report it: not every file system can sync a directory, and the
    /// file has its new content either way.
    pub(crate) fn sync(&self, above: usize) {
        let mut name = OsString::from(".");
        for _ in 0..=above {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let opened = rustix::fs::openat(&self.file, &name, flags, Mode::empty());
            if let Err(error) = opened.map_err(io::Error::from).and_then(|it| sync_file(&it.into()))
            {
                tracing::debug!(%error, directory = %self.path.display(), "a directory could not be synced");
            }
            name = Path::new("..").join(name).into_os_string();
        }
    }

    /// Sets the owner of a directory that this process has just created to the owner of this one.
    fn set_directory_owner(&self, name: &OsStr) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = File::from(rustix::fs::openat(&self.file, name, flags, Mode::empty())?);
        let (own, owner) = (Owner::of(&made.metadata()?), self.owner()?);
        // The owner of this directory may have put another directory of root in place of the new
        // one, to become its owner. If it is empty, that does no harm.
        let is_empty = Self { file: made.try_clone()?, path: PathBuf::new() }.names()?.is_empty();
        if own != owner && own.user == effective_user() && is_empty {
            std::os::unix::fs::fchown(&made, Some(owner.user), Some(owner.group))?;
        }
        Ok(())
    }

    /// Reads a link and its owner. Both belong to the same link, even if it is replaced meanwhile.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn read_link(&self, name: &OsStr) -> io::Result<Link> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let link = File::from(rustix::fs::openat(&self.file, name, flags, Mode::empty())?);
        let target = rustix::fs::readlinkat(&link, "", Vec::new())?;
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        Ok(Link { target, maker: Owner::of(&link.metadata()?).user })
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn read_link(&self, name: &OsStr) -> io::Result<Link> {
        let stat = || rustix::fs::statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW);
        let before = stat()?;
        let target = rustix::fs::readlinkat(&self.file, name, Vec::new())?;
        let after = stat()?;
        let is_same = before.st_ino == after.st_ino
            && before.st_ctime == after.st_ctime
            && before.st_ctime_nsec == after.st_ctime_nsec;
        if !is_same {
            return Err(io::Error::other("the link was exchanged while it was read; try again"));
        }
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        Ok(Link { target, maker: before.st_uid })
    }
}

/// Waits until the content of a file or directory is on the disk.
pub(crate) fn sync_file(file: &File) -> io::Result<()> {
    // Not `File::sync_all`: it fails on SMB, WebDAV and FUSE, which have no F_FULLFSYNC.
    #[cfg(target_vendor = "apple")]
    if let Err(error) = rustix::fs::fcntl_fullfsync(file) {
        tracing::debug!(%error, "no F_FULLFSYNC on this file system; using fsync");
    } else {
        return Ok(());
    }
    Ok(rustix::fs::fsync(file)?)
}

fn time(seconds: i64, nanoseconds: u64) -> Option<SystemTime> {
    let epoch = SystemTime::UNIX_EPOCH;
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds < 0 { epoch.checked_sub(whole) } else { epoch.checked_add(whole) };
    base?.checked_add(Duration::from_nanos(nanoseconds))
}
