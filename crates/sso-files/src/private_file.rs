//! Operations on a private file, which is named by a path or by its name in an open directory.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use zeroize::Zeroizing;

use crate::access::{self, AccessWarning};
use crate::dir::{Access, Node, NodeKind, Owner, sync_file};
use crate::error::may_be_in_use;
use crate::lock::{self, FileLock, NoLock};
use crate::resolve::{Missing, Resolved, resolve};
use crate::rules::{may_replace, may_use_file};
use crate::staged::{self, Durability, StagedFile, TempName, make_private, trim_filler};
use crate::{FileError, Fingerprint};

/// The time for which a rename is retried while another program has the file open (Windows only).
const RENAME_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for content that can be fetched again. It is short, because an async program stores
/// such content on the threads of its runtime.
const CACHED_RENAME_TIMEOUT: Duration = Duration::from_millis(100);

/// The maximum number of bytes that are read of a file behind a link, to check its format before it
/// is replaced.
const MAX_REPLACED: usize = 1 << 20;

/// The path of a file with secrets, which other programs of the user may use too.
///
/// It keeps no file open. Methods block for a few system calls, unless their documentation says
/// otherwise.
#[derive(Debug, Clone)]
pub struct PrivateFile {
    path: Arc<Path>,
    /// Only links below this directory are checked.
    base: Arc<Path>,
}

/// A [`PrivateFile`] with its links resolved: a name in an open directory.
///
/// All operations apply to that directory, even if a directory of the path is replaced meanwhile.
#[derive(Debug, Clone)]
pub struct Place {
    at: Resolved,
}

/// The content of a file, cleared from memory on drop.
#[derive(Debug)]
pub struct Content {
    buffer: Zeroizing<Vec<u8>>,
    length: usize,
    version: Fingerprint,
    owner: u32,
    permissions: fs::Permissions,
}

/// A temporary file with the [fixed name](TempName::Fixed), which a killed process left behind.
#[derive(Debug)]
pub enum Leftover {
    /// A regular file of this user or of root. If the process runs as root, also of the directory's
    /// owner.
    File(LeftoverFile),
    /// A file of another user, something that is not a regular file, or a file over the size limit.
    Unusable,
}

/// The content of a [`Leftover`], and the open file.
#[derive(Debug)]
pub struct LeftoverFile {
    content: Content,
    file: File,
    place: Place,
}

impl PrivateFile {
    /// Creates the value for the file at `path`, which need not exist. Every link on the path is
    /// checked, unless [`below`](Self::below) is called.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path: PathBuf = path.into();
        let base = Path::new(if path.has_root() { "/" } else { "" });
        Self { base: base.into(), path: path.into() }
    }

    /// Limits the checks to links below `base`, for example the home directory.
    ///
    /// The path must start with `base`. Links on the path to `base` itself are trusted, as an
    /// administrator may have made them.
    #[must_use]
    pub fn below(self, base: &Path) -> Self {
        Self { base: base.into(), ..self }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the version of the file, or `None` if there is no file.
    ///
    /// Makes one system call, which follows any link. Use the result only to compare it with the
    /// version of content that was [read](Self::read); no rule on links and owners was checked.
    pub fn fingerprint(&self) -> io::Result<Option<Fingerprint>> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(Some(Fingerprint::of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the file. Fails if it is larger than `limit` bytes.
    pub fn read(&self, limit: usize) -> Result<Content, FileError> {
        self.locate()?.read(limit)
    }

    /// Resolves the links of the path and opens the directory of the file. The file need not exist.
    pub fn locate(&self) -> Result<Place, FileError> {
        resolve(&self.base, &self.path, Missing::Fail).map(|at| Place { at })
    }

    /// Does the same as [`locate`](Self::locate), and creates missing directories. These have mode
    /// 0700 and, if the process runs as root, the owner of their parent directory.
    pub fn locate_or_create(&self) -> Result<Place, FileError> {
        resolve(&self.base, &self.path, Missing::Create).map(|at| Place { at })
    }

    /// Returns the warnings about the file and its directories: other users have too much access
    /// through the mode or an access control list, or a directory belongs to another user.
    pub fn access_warnings(&self) -> Vec<AccessWarning> {
        let parent = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        self.locate().map(|place| access::warnings(parent, &place.at)).unwrap_or_default()
    }

    /// Replaces the file atomically. Creates missing directories. May block on Windows, as
    /// [`Place::replace`] does. See [`Place::stage`] for `is_same_format`.
    pub fn replace(
        &self,
        content: &[u8],
        durability: Durability,
        is_same_format: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Fingerprint, FileError> {
        let place = self.locate_or_create()?;
        match place.replace(content, TempName::Random, durability, is_same_format) {
            // The directory, or the temporary file in it, was removed meanwhile.
            Err(error) if error.is_not_found() => self.locate_or_create()?.replace(
                content,
                TempName::Random,
                durability,
                is_same_format,
            ),
            replaced => replaced,
        }
    }
}

impl Place {
    /// The path of the file behind any links, for messages.
    pub fn path(&self) -> PathBuf {
        self.at.dir.join(&self.at.name)
    }

    /// The path of the lock file, which is the path of the file with `suffix` appended. The suffix
    /// should not end in `.json`, since other tools list those files.
    pub fn lock_path(&self, suffix: &str) -> PathBuf {
        self.at.dir.join(&self.lock_name(suffix))
    }

    /// Reads the file. Fails if it is larger than `limit` bytes.
    pub fn read(&self, limit: usize) -> Result<Content, FileError> {
        let mut file = self.at.dir.open_file(&self.at.name, Access::Read)?;
        let content = self.read_open(&mut file, limit)?;
        match &self.at.foreign_link {
            Some(link) if content.owner != link.maker => Err(link.clone().into()),
            _ => Ok(content),
        }
    }

    /// Takes the lock of the file. Returns `None` without waiting if another process or thread
    /// holds it.
    pub fn try_lock(&self, suffix: &str) -> Result<Option<FileLock>, NoLock> {
        FileLock::try_take(&self.at.dir, &self.lock_name(suffix))
    }

    /// Reads the note in the lock file, which is empty if there is none. See
    /// [`FileLock::write_note`].
    pub fn lock_note(&self, suffix: &str) -> String {
        lock::read_note(&self.at.dir, &self.lock_name(suffix))
    }

    /// Creates a temporary file that can replace this file. It has mode 0600 and, if the process
    /// runs as root, the owner of the existing file, or of the directory if there is no file.
    ///
    /// If the existing file is behind a link, fails unless the file is empty or `is_same_format`
    /// returns `true` for its content. Otherwise a link could make the caller overwrite any file of
    /// the user.
    pub fn stage(
        &self,
        name: TempName,
        is_same_format: &dyn Fn(&[u8]) -> bool,
    ) -> Result<StagedFile, FileError> {
        let before = match self.at.dir.node(&self.at.name) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(before) = &before {
            // Renaming over a pipe or a device would destroy it.
            before.check_is_file()?;
            self.check_replaceable(before, is_same_format)?;
        }
        // Keep the owner of the existing file, unless it is a file that another user put there.
        let own = before.filter(|before| self.may_use(before.owner));
        let owner = own.map_or_else(|| self.at.dir.owner(), |own| Ok(own.owner))?;
        Ok(StagedFile::create(&self.at, before, owner, name)?)
    }

    /// Replaces the file atomically: a reader sees the old content or the new content.
    ///
    /// On failure, the file is unchanged and the temporary file is removed. On Windows this may
    /// block while another program has the file open: for up to 5 seconds, or for a tenth of a second
    /// if `durability` is [`Durability::Cached`].
    pub fn replace(
        &self,
        content: &[u8],
        name: TempName,
        durability: Durability,
        is_same_format: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Fingerprint, FileError> {
        let mut staged = self.stage(name, is_same_format)?;
        staged.write(content, durability)?;
        let timeout = match durability {
            Durability::Synced => RENAME_TIMEOUT,
            Durability::Cached => CACHED_RENAME_TIMEOUT,
        };
        let started = Instant::now();
        loop {
            match staged.rename() {
                Err(error) if may_be_in_use(&error) && started.elapsed() < timeout => {
                    thread::sleep(Duration::from_millis(10));
                }
                renamed => return Ok(renamed?),
            }
        }
    }

    /// Removes the file and its temporary files, but not the lock file. Returns `true` if the file
    /// existed.
    ///
    /// If a temporary file cannot be removed, the others and the file itself are removed all the
    /// same. The error then names that temporary file.
    pub fn remove_all(&self) -> Result<bool, FileError> {
        // Temporary files first, so that no process can put one in place of the removed file.
        let mut names = vec![staged::fixed_temp(&self.at.name)];
        names.extend(staged::random_temps(&self.at.dir, &self.at.name));
        let mut failed = None;
        for name in names {
            failed = failed.or(self.remove(&name).err());
        }
        let removed = self.remove(&self.at.name)?;
        failed.map_or(Ok(removed), Err)
    }

    /// Returns the version of the file.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, FileError> {
        let file = self.at.dir.open_file(&self.at.name, Access::Read)?;
        Ok(Fingerprint::of(&file.metadata()?))
    }

    /// Returns the modification time of the file, by the file system's clock.
    pub fn modified(&self) -> io::Result<SystemTime> {
        self.at.dir.node(&self.at.name)?.modified.ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// Reads the temporary file with the fixed name, if a killed process left one behind. The
    /// caller must hold the lock.
    pub fn leftover(&self, limit: usize) -> Result<Option<Leftover>, FileError> {
        let name = staged::fixed_temp(&self.at.name);
        let node = match self.at.dir.node(&name) {
            Ok(node) => node,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if node.kind != NodeKind::File || !self.may_use(node.owner) {
            return Ok(Some(Leftover::Unusable));
        }
        let mut file = self.at.dir.open_file(&name, Access::ReadWrite)?;
        let content = match self.read_open(&mut file, limit) {
            Ok(content) => content,
            Err(FileError::TooLarge { .. } | FileError::ForeignOwner { .. }) => {
                return Ok(Some(Leftover::Unusable));
            }
            Err(error) => return Err(error),
        };
        Ok(Some(Leftover::File(LeftoverFile { content, file, place: self.clone() })))
    }

    /// Removes the temporary file with the fixed name. Returns `true` if it existed. The caller
    /// must hold the lock.
    pub fn remove_leftover(&self) -> Result<bool, FileError> {
        self.remove(&staged::fixed_temp(&self.at.name))
    }

    fn lock_name(&self, suffix: &str) -> OsString {
        let mut name = self.at.name.clone();
        name.push(suffix);
        name
    }

    fn remove(&self, name: &OsStr) -> Result<bool, FileError> {
        match self.at.dir.remove_file(name) {
            Ok(()) => {
                self.at.dir.sync(0);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => {
                Err(FileError::Remove { path: self.at.dir.join(name), source: Arc::new(error) })
            }
        }
    }

    fn may_use(&self, owner: Owner) -> bool {
        #[cfg(unix)]
        {
            let user = crate::dir::effective_user();
            // `may_use_file` needs the owner of the directory only for root.
            let directory = if user == 0 { self.at.dir.owner().ok() } else { None };
            may_use_file(user, owner.user, directory.map_or(0, |directory| directory.user))
        }
        #[cfg(not(unix))]
        may_use_file(0, owner.user, 0)
    }

    fn check_replaceable(
        &self,
        before: &Node,
        is_same_format: &dyn Fn(&[u8]) -> bool,
    ) -> Result<(), FileError> {
        if let Some(link) = &self.at.foreign_link
            && link.maker != before.owner.user
        {
            return Err(link.clone().into());
        }
        if !self.at.behind_link {
            return Ok(());
        }
        let mut file = self.at.dir.open_file(&self.at.name, Access::Read)?;
        let metadata = file.metadata()?;
        Node::of(&metadata).check_is_file()?;
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        let (buffer, length) = read_all(&mut file, size.min(MAX_REPLACED), MAX_REPLACED)?;
        let content = buffer.get(..length).unwrap_or_default();
        if may_replace(true, content.is_empty(), is_same_format(content)) {
            Ok(())
        } else {
            Err(FileError::NotReplaceable { path: self.path() })
        }
    }

    /// Reads an open file, unless it belongs to another user.
    ///
    /// The version is read before the content. If the file is written in between, the next
    /// comparison finds another version, and the caller reads the file again.
    fn read_open(&self, file: &mut File, limit: usize) -> Result<Content, FileError> {
        let metadata = file.metadata()?;
        Node::of(&metadata).check_is_file()?;
        let owner = Owner::of(&metadata);
        if !self.may_use(owner) {
            return Err(FileError::ForeignOwner { path: self.path(), owner: owner.user });
        }
        let version = Fingerprint::of(&metadata);
        let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if size > limit {
            return Err(FileError::TooLarge { size: metadata.len() });
        }
        let (buffer, length) = read_all(file, size, limit)?;
        if length > limit {
            return Err(FileError::TooLarge { size: length as u64 });
        }
        let permissions = metadata.permissions();
        Ok(Content { buffer, length, version, owner: owner.user, permissions })
    }
}

impl Content {
    /// The bytes of the file, which may be secret.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// The version of the file that the content was read from.
    pub fn version(&self) -> &Fingerprint {
        &self.version
    }

    /// The user ID of the file's owner; always 0 on Windows.
    pub fn owner(&self) -> u32 {
        self.owner
    }

    /// The mode of the file (on Windows, its attributes).
    pub(crate) fn permissions(&self) -> &fs::Permissions {
        &self.permissions
    }
}

impl LeftoverFile {
    /// The content without the filler bytes that reserved disk space. It may be secret.
    pub fn bytes(&self) -> &[u8] {
        trim_filler(self.content.bytes())
    }

    /// Returns the modification time of the temporary file, by the file system's clock.
    pub fn modified(&self) -> io::Result<SystemTime> {
        self.file.metadata()?.modified()
    }

    /// Completes the write of the killed process: syncs the temporary file and renames it to the
    /// file.
    pub fn adopt(self) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        make_private(&self.file, &metadata);
        let length = self.bytes().len() as u64;
        if metadata.len() != length {
            let modified = metadata.modified()?;
            self.file.set_len(length)?;
            // Keep the time at which the content was written.
            self.file.set_modified(modified)?;
        }
        // The process may have been killed before it synced the file.
        sync_file(&self.file)?;
        let at = &self.place.at;
        at.dir.rename(&staged::fixed_temp(&at.name), &at.name)?;
        at.dir.sync(0);
        Ok(())
    }
}

/// Lists the paths of all entries of a directory, in no order. The list is empty if the directory
/// does not exist.
pub fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Reads the whole file, usually with one system call. Reads at most one byte more than `limit`.
fn read_all(
    file: &mut File,
    expected: usize,
    limit: usize,
) -> io::Result<(Zeroizing<Vec<u8>>, usize)> {
    let mut buffer = Zeroizing::new(vec![0; expected + 1]);
    let mut length = 0;
    while let Some(room) = buffer.get_mut(length..).filter(|room| !room.is_empty()) {
        let read = match file.read(room) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        length += read;
        // The buffer has one byte more than the expected size. If that byte was not filled, this is
        // the end of the file.
        if read == 0 || length == expected {
            break;
        }
        if length == buffer.len() && length <= limit {
            // The file has grown. The old buffer is cleared when it is dropped.
            let mut larger = Zeroizing::new(vec![0; (length * 2).min(limit + 1)]);
            larger.get_mut(..length).unwrap_or_default().copy_from_slice(&buffer);
            buffer = larger;
        }
    }
    Ok((buffer, length))
}
