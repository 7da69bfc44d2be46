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

/// The least space that is reserved for a new content, in bytes.
const MIN_RESERVED: u64 = 64 * 1024;

/// The most space that is reserved, however large the old file is.
const MAX_RESERVED: u64 = 2 * 1024 * 1024;

/// Fills a reserved file. No UTF-8 text holds this byte, so a reserved file never parses.
const FILLER: u8 = 0xff;

/// A temporary file with a random name that is this much older than a new one was left by a process
/// that was killed.
const STALE: Duration = Duration::from_secs(3600);

/// The ends of the names of temporary files; not `.json`, which other tools list.
const FIXED_SUFFIX: &str = ".new";
const RANDOM_SUFFIX: &str = ".tmp";

/// The kind of name of a temporary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TempName {
    /// Always the same, so that the next holder of the lock finds it. Only under the lock.
    Fixed,
    /// One that no other process uses.
    Random,
}

/// What must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The new content. Waits for the disk.
    Synced,
    /// Nothing: a content that can be fetched again. After a power cut the file may be broken.
    Cached,
}

/// A temporary file beside the file that it will replace. Removed on drop, unless it was renamed or
/// [kept](Self::keep).
#[derive(Debug)]
pub struct StagedFile {
    dir: Arc<Dir>,
    target: OsString,
    file: File,
    name: OsString,
    kind: TempName,
    durability: Durability,
    /// The file that is there now.
    before: Option<Node>,
    /// The temporary file, after its content was written.
    written: Metadata,
    /// The number of bytes that were reserved.
    reserved: u64,
    /// Whether the temporary file still has its name, and is removed on drop.
    is_temporary: bool,
}

impl StagedFile {
    /// Makes the temporary file, empty, mode 0600, with the owner of the file that it will replace.
    pub(crate) fn create(
        place: &Resolved,
        before: Option<Node>,
        owner: Owner,
        name: TempName,
    ) -> io::Result<Self> {
        let Resolved { dir, name: target, .. } = place;
        let (file, name, kind) = create_temp(dir, target, name)?;
        // Mode and owner come before the content: a complete file that a killed process leaves must
        // be usable by its owner.
        let made = file.metadata().inspect_err(|_| _ = dir.remove_file(&name))?;
        make_private(&file, &made);
        give_to(&file, &made, owner);
        Ok(Self {
            dir: Arc::clone(dir),
            target: target.clone(),
            file,
            name,
            kind,
            durability: Durability::Synced,
            before,
            written: made,
            reserved: 0,
            is_temporary: true,
        })
    }

    /// The file that will be replaced, for messages.
    pub fn target(&self) -> PathBuf {
        self.dir.join(&self.target)
    }

    /// Writes and syncs bytes that never parse, to reserve the disk space that the content needs:
    /// 64 KiB, or twice the size of the present file if that is more.
    pub fn reserve(&mut self) -> io::Result<()> {
        let present = self.before.map_or(0, |before| before.size);
        self.reserved = present.saturating_mul(2).clamp(MIN_RESERVED, MAX_RESERVED);
        let block = [FILLER; 8192];
        let mut left = self.reserved;
        while left > 0 {
            let part = usize::try_from(left).ok().and_then(|left| block.get(..left));
            let part = part.unwrap_or(&block);
            self.file.write_all(part)?;
            left -= part.len() as u64;
        }
        sync_file(&self.file)
    }

    /// Writes the content. After this the file is complete, on the disk if `durability` says so.
    pub fn write(&mut self, content: &[u8], durability: Durability) -> io::Result<()> {
        self.durability = durability;
        let length = content.len() as u64;
        if self.reserved > 0 {
            self.file.rewind()?;
        }
        self.file.write_all(content)?;
        // A process that is killed before this leaves the content with filler behind it, which
        // `trim_filler` removes.
        if self.reserved > length {
            self.file.set_len(length)?;
        }
        self.written = self.file.metadata()?;
        if let Some(before) = &self.before {
            make_newer(&self.file, &self.written, before);
        }
        if durability == Durability::Synced {
            sync_file(&self.file)?;
        }
        Ok(())
    }

    /// Gives the temporary file another mode than 0600.
    pub(crate) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.file.set_permissions(permissions)
    }

    /// Renames the temporary file to the target. Tries once; after a failure it can be called again.
    pub fn rename(&mut self) -> io::Result<Fingerprint> {
        self.dir.rename(&self.name, &self.target)?;
        self.is_temporary = false;
        if self.durability == Durability::Synced {
            // The directories above a first file may be as new as the file.
            self.dir.sync(if self.before.is_none() { 3 } else { 0 });
        }
        if let Ok(now) = self.written.modified() {
            sweep(&self.dir, &self.target, now);
        }
        // The rename has changed the inode's time. If that cannot be read, the next look at the file
        // finds another version and reads it again, which does no harm.
        Ok(Fingerprint::of(self.file.metadata().as_ref().unwrap_or(&self.written)))
    }

    /// Leaves the temporary file for the next holder of the lock to adopt, if it has the fixed name.
    /// With a random name no process would find it, and it is removed on drop.
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

/// The fixed temporary name beside a file.
pub(crate) fn fixed_temp(target: &OsStr) -> OsString {
    let mut name = target.to_owned();
    name.push(FIXED_SUFFIX);
    name
}

/// The file that a path with a temporary name, of either kind, was made to replace.
pub fn temp_is_for(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let target = match name.strip_suffix(FIXED_SUFFIX) {
        Some(target) => target,
        None => name.strip_prefix('.')?.strip_suffix(RANDOM_SUFFIX)?.rsplit_once('.')?.0,
    };
    Some(path.with_file_name(target))
}

/// The temporary files with random names beside the target.
pub(crate) fn random_temps(dir: &Dir, target: &OsStr) -> Vec<OsString> {
    let prefix = random_prefix(target);
    let mut names = dir.names().unwrap_or_default();
    names.retain(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(RANDOM_SUFFIX.as_bytes())
    });
    names
}

/// The content of a temporary file without the filler behind it.
pub(crate) fn trim_filler(content: &[u8]) -> &[u8] {
    let end = content.iter().rposition(|&byte| byte != FILLER).map_or(0, |last| last + 1);
    content.get(..end).unwrap_or_default()
}

/// Gives a file that root made to the owner of its surroundings, so that a `sudo` in between does
/// not lock that user out. Other users cannot give files away, and need not.
#[cfg_attr(not(unix), expect(unused_variables, reason = "ownership is inherited there"))]
pub(crate) fn give_to(file: &File, own: &Metadata, owner: Owner) {
    #[cfg(unix)]
    if Owner::of(own) != owner
        && let Err(error) = std::os::unix::fs::fchown(file, Some(owner.user), Some(owner.group))
    {
        tracing::debug!(%error, "a file could not be given to the owner of its directory");
    }
}

/// Narrows the mode to 0600 where the file system or the umask made it another.
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

/// Returns whether files keep their mode here, by making one. A file system without
/// modes shows another mode whatever is asked for.
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

/// An empty file beside the target, which this call made, mode 0600.
fn create_temp(
    dir: &Dir,
    target: &OsStr,
    kind: TempName,
) -> io::Result<(File, OsString, TempName)> {
    let is_there = |made: &io::Result<File>| {
        made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
    };
    if kind == TempName::Fixed {
        let name = fixed_temp(target);
        let mut made = dir.create_file(&name, Access::ReadWrite);
        // Left by an earlier holder of the lock, and not adopted.
        if is_there(&made) && dir.remove_file(&name).is_ok() {
            made = dir.create_file(&name, Access::ReadWrite);
        }
        // If it cannot be removed, a directory perhaps, a random name serves as well.
        if !is_there(&made) {
            return Ok((made?, name, kind));
        }
    }
    let random = RandomState::new();
    for attempt in 0..1000 {
        let mut name = random_prefix(target);
        name.push(format!("{:08x}{RANDOM_SUFFIX}", random.hash_one(attempt) >> 32));
        let made = dir.create_file(&name, Access::ReadWrite);
        if !is_there(&made) {
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

/// Makes the temporary file newer than the one that it will replace, if a coarse clock or one that
/// was set back did not: the next holder of the lock must see which came later, and no two versions
/// of a file may have the same fingerprint.
fn make_newer(file: &File, written: &Metadata, before: &Node) {
    if let (Ok(now), Some(before)) = (written.modified(), before.modified)
        && now <= before
        && let Err(error) = file.set_modified(before + Duration::from_micros(1))
    {
        tracing::debug!(%error, "the modification time of a file could not be set");
    }
}

/// Removes temporary files with random names that killed processes left long ago, by the file
/// system's own clock. They hold secrets, and no other program would remove them.
fn sweep(dir: &Dir, target: &OsStr, now: SystemTime) {
    for name in random_temps(dir, target) {
        let modified = dir.node(&name).ok().and_then(|node| node.modified);
        let age = modified.and_then(|modified| now.duration_since(modified).ok());
        if age.is_some_and(|age| age > STALE) && dir.remove_file(&name).is_ok() {
            tracing::debug!(path = %dir.join(&name).display(), "removed a stale temporary file");
        }
    }
}
