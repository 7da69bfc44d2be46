//! A private file by its path, and by its place in an open directory.

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

/// How long a rename is tried again while another program holds the file. Happens on Windows only.
const RENAME_LIMIT: Duration = Duration::from_secs(5);

/// The size up to which a file behind a link is examined before it is replaced, in bytes.
const MAX_REPLACED: usize = 1 << 20;

/// A file that holds secrets, shared with other programs of the user. Holds a path, and nothing open.
///
/// All methods block for a few system calls.
#[derive(Debug, Clone)]
pub struct PrivateFile {
    path: Arc<Path>,
    /// Links below this directory are checked.
    base: Arc<Path>,
}

/// The file of a [`PrivateFile`] behind any links: a name in an open directory. All operations on it
/// reach that directory, even if a directory of the path is replaced meanwhile.
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

/// A temporary file with the fixed name that a killed process left.
#[derive(Debug)]
pub enum Leftover {
    /// A regular file of this user.
    File(LeftoverFile),
    /// Something that another user put there, or that is not a regular file.
    Unusable,
}

/// A [`Leftover`] with its content.
#[derive(Debug)]
pub struct LeftoverFile {
    content: Content,
    file: File,
    place: Place,
}

impl PrivateFile {
    /// The file at `path`, which need not exist. Every link on the path is checked.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path: PathBuf = path.into();
        let base = Path::new(if path.has_root() { "/" } else { "" });
        Self { base: base.into(), path: path.into() }
    }

    /// The same file, with links checked only below `base`, a directory that the path begins with:
    /// the home directory. An administrator may have made the links above it.
    #[must_use]
    pub fn below(self, base: &Path) -> Self {
        Self { base: base.into(), ..self }
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of the file; `None` if there is none. One system call, which follows any link: to
    /// compare with the version of a content that was [read](Self::read), not to trust the file.
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

    /// Opens the directory of the file, behind any links. The file need not exist.
    pub fn locate(&self) -> Result<Place, FileError> {
        resolve(&self.base, &self.path, Missing::Fail).map(|at| Place { at })
    }

    /// As [`locate`](Self::locate), and makes missing directories: with mode 0700, and with the owner
    /// of the directory that they are made in.
    pub fn locate_or_create(&self) -> Result<Place, FileError> {
        resolve(&self.base, &self.path, Missing::Create).map(|at| Place { at })
    }

    /// The risks that come from the modes and access control lists of the file and of its directories.
    pub fn access_warnings(&self) -> Vec<AccessWarning> {
        let parent = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        self.locate().map(|place| access::warnings(parent, &place.at)).unwrap_or_default()
    }

    /// Replaces the file's content in one step. Makes missing directories. See [`Place::stage`] for
    /// `is_of_its_kind`.
    pub fn replace(
        &self,
        content: &[u8],
        durability: Durability,
        is_of_its_kind: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Fingerprint, FileError> {
        let place = self.locate_or_create()?;
        match place.replace(content, TempName::Random, durability, is_of_its_kind) {
            // The directory, or the temporary file in it, was removed meanwhile.
            Err(error) if error.is_not_found() => self.locate_or_create()?.replace(
                content,
                TempName::Random,
                durability,
                is_of_its_kind,
            ),
            replaced => replaced,
        }
    }
}

impl Place {
    /// The path, for messages.
    pub fn path(&self) -> PathBuf {
        self.at.dir.join(&self.at.name)
    }

    /// The path of a lock file: that of the file with `suffix` behind it. It should not end in
    /// `.json`, since other tools list those files.
    pub fn lock_path(&self, suffix: &str) -> PathBuf {
        self.at.dir.join(&self.lock_name(suffix))
    }

    /// Reads the file. Fails if it is larger than `limit` bytes.
    pub fn read(&self, limit: usize) -> Result<Content, FileError> {
        let mut file = self.at.dir.open_file(&self.at.name, Access::Read)?;
        let content = self.read_open(&mut file, limit)?;
        match self.at.must_belong_to {
            Some(maker) if content.owner != maker => {
                Err(FileError::UntrustedLink { link: self.path(), maker })
            }
            _ => Ok(content),
        }
    }

    /// Takes the lock beside the file; `None` if another process or thread holds it. Does not wait.
    pub fn try_lock(&self, suffix: &str) -> Result<Option<FileLock>, NoLock> {
        FileLock::try_take(&self.at.dir, &self.lock_name(suffix))
    }

    /// The note in the lock file; empty if there is none. See [`FileLock::write_note`].
    pub fn lock_note(&self, suffix: &str) -> String {
        lock::read_note(&self.at.dir, &self.lock_name(suffix))
    }

    /// Makes a temporary file to replace this file with: mode 0600, and the owner of the present file
    /// or else of its directory.
    ///
    /// A file behind a link is replaced only if it is empty or `is_of_its_kind` accepts its content.
    pub fn stage(
        &self,
        name: TempName,
        is_of_its_kind: &dyn Fn(&[u8]) -> bool,
    ) -> Result<StagedFile, FileError> {
        let before = match self.at.dir.node(&self.at.name) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(before) = &before {
            // Renaming over a pipe or a device would destroy it.
            before.check_is_file()?;
            self.check_replaceable(before, is_of_its_kind)?;
        }
        // A file that another user put there does not decide about the owner of the new one.
        let own = before.filter(|before| self.may_use(before.owner));
        let owner = own.map_or_else(|| self.at.dir.owner(), |own| Ok(own.owner))?;
        Ok(StagedFile::create(&self.at, before, owner, name)?)
    }

    /// Replaces the file's content in one step. A reader sees the old content or the new one. After a
    /// failure the old content is still there, and no temporary file. On Windows this may sleep for
    /// seconds, while another program holds the file.
    pub fn replace(
        &self,
        content: &[u8],
        name: TempName,
        durability: Durability,
        is_of_its_kind: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Fingerprint, FileError> {
        let mut staged = self.stage(name, is_of_its_kind)?;
        staged.write(content, durability)?;
        let started = Instant::now();
        loop {
            match staged.rename() {
                Err(error) if may_be_in_use(&error) && started.elapsed() < RENAME_LIMIT => {
                    thread::sleep(Duration::from_millis(10));
                }
                renamed => return Ok(renamed?),
            }
        }
    }

    /// Removes the file and its temporary files. Returns whether there was a file. The lock file
    /// stays. If only a temporary file cannot be removed, all else goes, and the error names that one.
    pub fn remove_all(&self) -> Result<bool, FileError> {
        // Temporary files first, so that nothing brings the content back.
        let mut names = vec![staged::fixed_temp(&self.at.name)];
        names.extend(staged::random_temps(&self.at.dir, &self.at.name));
        let mut failed = None;
        for name in names {
            failed = failed.or(self.remove(&name).err());
        }
        let removed = self.remove(&self.at.name)?;
        failed.map_or(Ok(removed), Err)
    }

    /// The version of the file.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, FileError> {
        let file = self.at.dir.open_file(&self.at.name, Access::Read)?;
        Ok(Fingerprint::of(&file.metadata()?))
    }

    /// The time at which the file was last written, by the file system's clock.
    pub fn modified(&self) -> io::Result<SystemTime> {
        self.at.dir.node(&self.at.name)?.modified.ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// The temporary file with the fixed name, if a killed process left one. Only under the lock.
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

    /// Removes the temporary file with the fixed name. Only under the lock.
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
            // Only root has to know whose directory it is.
            let directory = if user == 0 { self.at.dir.owner().ok() } else { None };
            may_use_file(user, owner.user, directory.map_or(0, |directory| directory.user))
        }
        #[cfg(not(unix))]
        may_use_file(0, owner.user, 0)
    }

    fn check_replaceable(
        &self,
        before: &Node,
        is_of_its_kind: &dyn Fn(&[u8]) -> bool,
    ) -> Result<(), FileError> {
        if let Some(maker) = self.at.must_belong_to.filter(|maker| *maker != before.owner.user) {
            return Err(FileError::UntrustedLink { link: self.path(), maker });
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
        if may_replace(true, content.is_empty(), is_of_its_kind(content)) {
            Ok(())
        } else {
            Err(FileError::NotReplaceable { path: self.path() })
        }
    }

    /// Reads an open file, unless it is another user's. The version is taken before the content: if
    /// the file is written in between, the next check finds another version and reads again.
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
    /// The bytes. Secret.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// The version of the file that they were read from.
    pub fn version(&self) -> &Fingerprint {
        &self.version
    }

    /// The user ID of the file's owner; 0 where files have no owners.
    pub fn owner(&self) -> u32 {
        self.owner
    }

    /// The mode of the file, on Windows its attributes.
    pub(crate) fn permissions(&self) -> &fs::Permissions {
        &self.permissions
    }
}

impl LeftoverFile {
    /// The content, without bytes that only reserved space. Secret.
    pub fn bytes(&self) -> &[u8] {
        trim_filler(self.content.bytes())
    }

    /// The time at which it was last written, by the file system's clock.
    pub fn modified(&self) -> io::Result<SystemTime> {
        self.file.metadata()?.modified()
    }

    /// Finishes what the killed process began: puts the temporary file in the place of the real one.
    pub fn adopt(self) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        make_private(&self.file, &metadata);
        let length = self.bytes().len() as u64;
        if metadata.len() != length {
            let modified = metadata.modified()?;
            self.file.set_len(length)?;
            // It stays the time at which the content was written.
            self.file.set_modified(modified)?;
        }
        // The process may have been killed before this.
        sync_file(&self.file)?;
        let at = &self.place.at;
        at.dir.rename(&staged::fixed_temp(&at.name), &at.name)?;
        at.dir.sync(0);
        Ok(())
    }
}

/// Everything in a directory, in no order; nothing if there is no such directory.
pub fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The whole content of the file, normally with one read; at most one byte more than the limit.
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
        // One byte more than the expected size was asked for: this is the end of the file.
        if read == 0 || length == expected {
            break;
        }
        if length == buffer.len() && length <= limit {
            // The file has grown. The old buffer is cleared when it is replaced.
            let mut larger = Zeroizing::new(vec![0; (length * 2).min(limit + 1)]);
            larger.get_mut(..length).unwrap_or_default().copy_from_slice(&buffer);
            buffer = larger;
        }
    }
    Ok((buffer, length))
}
