//! A temporary file beside the file that it will replace.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::dir::{Access, Dir, Node, Owner, sync_file};
use crate::resolve::Resolved;
use crate::version::Fingerprint;

/// The minimum size of the reserved space, in bytes.
const MIN_RESERVED: u64 = 64 * 1024;

/// The maximum size of the reserved space, in bytes.
const MAX_RESERVED: u64 = 2 * 1024 * 1024;

/// The byte that fills reserved space. It never occurs in UTF-8, so a file with it does not parse.
const FILLER: u8 = 0xff;

/// The age from which a temporary file with a random name counts as left by a killed process.
const STALE_AGE: Duration = Duration::from_secs(3600);

/// The suffixes of temporary files. Not `.json`, since other tools list those files.
const FIXED_SUFFIX: &str = ".new";
const RANDOM_SUFFIX: &str = ".tmp";

/// The kind of name that a temporary file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TempName {
    /// Always the same name, so that the next holder of the lock finds the file. Use it only while
    /// holding the lock.
    Fixed,
    /// A name that no other process uses.
    Random,
}

/// The guarantee for the content after a power failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The new content is not lost: it is synced to the disk before the file is replaced.
    Synced,
    /// The file may be incomplete. For content that can be fetched again.
    Cached,
}

/// A temporary file beside the file that it will replace. It is removed on drop, unless it was
/// renamed or [kept](Self::keep).
#[derive(Debug)]
pub struct StagedFile {
    dir: Arc<Dir>,
    target: OsString,
    file: File,
    name: OsString,
    kind: TempName,
    durability: Durability,
    /// The file that will be replaced, if there is one.
    before: Option<Node>,
    /// The metadata of the temporary file after its content was written.
    written: Metadata,
    /// The size of the temporary file, in bytes.
    size: u64,
    /// The temporary file still has its name and is removed on drop.
    is_temporary: bool,
}

impl StagedFile {
    /// Creates the temporary file, empty, with mode 0600 and, as root, with the given owner.
    pub(crate) fn create(
        place: &Resolved,
        before: Option<Node>,
        owner: Owner,
        name: TempName,
    ) -> io::Result<Self> {
        let Resolved { dir, name: target, .. } = place;
        let (file, name, kind) = create_temp(dir, target, name)?;
        // Set mode and owner before the content is written. If the process is killed after it has
        // written the content, the owner must be able to use the complete file.
        let made = file.metadata().inspect_err(|_| _ = dir.remove_file(&name))?;
        make_private(&file, &made);
        set_owner(&file, &made, owner);
        Ok(Self {
            dir: Arc::clone(dir),
            target: target.clone(),
            file,
            name,
            kind,
            durability: Durability::Synced,
            before,
            written: made,
            size: 0,
            is_temporary: true,
        })
    }

    /// The path of the file that will be replaced, for messages.
    pub fn target(&self) -> PathBuf {
        self.dir.join(&self.target)
    }

    /// Reserves disk space for the content, by writing and syncing filler bytes.
    ///
    /// The size is twice that of the existing file, but at least 64 KiB and at most 2 MiB.
    pub fn reserve(&mut self) -> io::Result<()> {
        let present = self.before.map_or(0, |before| before.size);
        self.size = present.saturating_mul(2).clamp(MIN_RESERVED, MAX_RESERVED);
        let block = [FILLER; 8192];
        let mut left = self.size;
        while left > 0 {
            let part = usize::try_from(left).ok().and_then(|left| block.get(..left));
            let part = part.unwrap_or(&block);
            self.file.write_all(part)?;
            left -= part.len() as u64;
        }
        sync_file(&self.file)
    }

    /// Writes the content to the temporary file, and syncs it for [`Durability::Synced`]. Replaces what
    /// was written before.
    pub fn write(&mut self, content: &[u8], durability: Durability) -> io::Result<()> {
        self.durability = durability;
        let length = content.len() as u64;
        if self.size > 0 {
            self.file.rewind()?;
        }
        self.file.write_all(content)?;
        // If the process is killed before this, the content has filler at its end, which
        // `trim_filler` removes.
        if self.size > length {
            self.file.set_len(length)?;
        }
        self.size = length;
        self.written = self.file.metadata()?;
        if let Some(before) = &self.before {
            make_newer(&self.file, &self.written, before);
        }
        if durability == Durability::Synced {
            sync_file(&self.file)?;
        }
        Ok(())
    }

    /// Sets the mode of the temporary file.
    pub(crate) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.file.set_permissions(permissions)
    }

    /// Renames the temporary file to the target. After a failure, it can be called again.
    pub fn rename(&mut self) -> io::Result<Fingerprint> {
        self.dir.rename(&self.name, &self.target)?;
        self.is_temporary = false;
        if self.durability == Durability::Synced {
            // If there was no file before, its parent directories may be new as well.
            self.dir.sync(if self.before.is_none() { 3 } else { 0 });
        }
        if let Ok(now) = self.written.modified() {
            remove_stale_temps(&self.dir, &self.target, now);
        }
        // The rename has changed the inode's change time. If the metadata cannot be read, the next
        // comparison finds another version, and the file is read once more, which is harmless.
        Ok(Fingerprint::of(self.file.metadata().as_ref().unwrap_or(&self.written)))
    }

    /// Keeps the temporary file on drop if it has the fixed name, so that the next holder of the
    /// lock can adopt it. A file with a random name is still removed, since no process would find
    /// it.
    pub fn keep(&mut self) {
        self.is_temporary &= self.kind == TempName::Random;
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if self.is_temporary
            && let Err(error) = self.dir.remove_file(&self.name)
        {
            tracing::debug!(%error, file = %self.target().display(), "a temporary file could not be removed");
        }
    }
}

/// Returns the fixed name of the temporary file for `target`.
pub(crate) fn fixed_temp(target: &OsStr) -> OsString {
    let mut name = target.to_owned();
    name.push(FIXED_SUFFIX);
    name
}

/// Returns the path of the file that a temporary file is for, or `None` if `path` is not the name
/// of a temporary file.
pub fn temp_is_for(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let target = match name.strip_suffix(FIXED_SUFFIX) {
        Some(target) => target,
        None => name.strip_prefix('.')?.strip_suffix(RANDOM_SUFFIX)?.rsplit_once('.')?.0,
    };
    Some(path.with_file_name(target))
}

/// Lists the temporary files with random names for `target`.
pub(crate) fn random_temps(dir: &Dir, target: &OsStr) -> Vec<OsString> {
    let prefix = random_prefix(target);
    let mut names = dir.names().unwrap_or_default();
    names.retain(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(RANDOM_SUFFIX.as_bytes())
    });
    names
}

/// Returns the content of a temporary file without the filler at its end.
pub(crate) fn trim_filler(content: &[u8]) -> &[u8] {
    let end = content.iter().rposition(|&byte| byte != FILLER).map_or(0, |last| last + 1);
    content.get(..end).unwrap_or_default()
}

/// Sets the owner of a new file if it differs, so that a file created under `sudo` remains usable
/// for the user. For users other than root it usually fails, which does no harm and is only logged.
#[cfg_attr(not(unix), expect(unused_variables, reason = "ownership is inherited there"))]
pub(crate) fn set_owner(file: &File, own: &Metadata, owner: Owner) {
    #[cfg(unix)]
    if Owner::of(own) != owner
        && let Err(error) = std::os::unix::fs::fchown(file, Some(owner.user), Some(owner.group))
    {
        tracing::debug!(%error, "a file could not be given to the owner of its directory");
    }
}

/// Sets the mode to 0600 if the file system or the umask gave the file another one.
#[cfg_attr(
    not(unix),
    expect(unused_variables, reason = "there the directory's rights are inherited")
)]
pub(crate) fn make_private(file: &File, metadata: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

        if metadata.mode() & 0o7777 != 0o600
            && let Err(error) = file.set_permissions(Permissions::from_mode(0o600))
        {
            // A file system without modes, for example.
            tracing::debug!(%error, "the mode of a file could not be set");
        }
    }
}

/// Returns `true` if the file system stores modes. Tests this with a new file, which it removes.
#[cfg(unix)]
pub(crate) fn chmod_has_effect(place: &Resolved) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let Ok((file, name, _)) = create_temp(&place.dir, &place.name, TempName::Random) else {
        return true;
    };
    let mode = file.metadata().map(|made| {
        make_private(&file, &made);
        file.metadata().unwrap_or(made).mode()
    });
    let _ = place.dir.remove_file(&name);
    mode.is_ok_and(|mode| mode & 0o7777 == 0o600)
}

/// Creates an empty temporary file for `target`, with mode 0600.
fn create_temp(
    dir: &Dir,
    target: &OsStr,
    kind: TempName,
) -> io::Result<(File, OsString, TempName)> {
    let already_exists = |made: &io::Result<File>| {
        made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
    };
    if kind == TempName::Fixed {
        let name = fixed_temp(target);
        let mut made = dir.create_file(&name, Access::ReadWrite);
        // An earlier holder of the lock left the file, and it was not adopted.
        if already_exists(&made) && dir.remove_file(&name).is_ok() {
            made = dir.create_file(&name, Access::ReadWrite);
        }
        // If it cannot be removed, for example because it is a directory, use a random name.
        if !already_exists(&made) {
            return Ok((made?, name, kind));
        }
    }
    let random = RandomState::new();
    for attempt in 0..1000 {
        let mut name = random_prefix(target);
        name.push(format!("{:08x}{RANDOM_SUFFIX}", random.hash_one(attempt) >> 32));
        let made = dir.create_file(&name, Access::ReadWrite);
        if !already_exists(&made) {
            return Ok((made?, name, TempName::Random));
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn random_prefix(target: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(target);
    prefix.push(".");
    prefix
}

/// Makes the modification time of the temporary file later than that of the file to replace. The
/// clock does not ensure that: it may be coarse, or was set back.
///
/// The next holder of the lock compares the times to find the later file. Also, two versions of a
/// file must not have the same fingerprint.
fn make_newer(file: &File, written: &Metadata, before: &Node) {
    if let (Ok(now), Some(before)) = (written.modified(), before.modified)
        && now <= before
        && let Err(error) = file.set_modified(before + Duration::from_micros(1))
    {
        tracing::debug!(%error, "the modification time of a file could not be set");
    }
}

/// Removes old temporary files with random names, which killed processes left behind. They contain
/// secrets, and no other program would remove them. `now` is the time of the file system's clock.
fn remove_stale_temps(dir: &Dir, target: &OsStr, now: SystemTime) {
    for name in random_temps(dir, target) {
        let modified = dir.node(&name).ok().and_then(|node| node.modified);
        let age = modified.and_then(|modified| now.duration_since(modified).ok());
        if age.is_some_and(|age| age > STALE_AGE) && dir.remove_file(&name).is_ok() {
            tracing::debug!(path = %dir.join(&name).display(), "removed a stale temporary file");
        }
    }
}
