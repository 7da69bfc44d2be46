//! Replacing a cache file by another in one step, and removing one.
//!
//! Not responsible for the lock: whoever holds it may use the fixed temporary name, others not.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, DirEntry, File, Metadata, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempPath;

use super::MAX_FILE_SIZE;
use super::access::foreign_owner;
use super::read::{Fingerprint, check_is_file, retry_while_shared};
use crate::{ParseError, StoreError};

/// More links than this in a row are a circle.
const MOST_LINKS: usize = 40;

/// A temporary file with a random name that is this much older than one made now belongs to a
/// process that was killed.
const STALE: Duration = Duration::from_secs(3600);

/// The least room that is reserved for a new content, in bytes.
const MIN_RESERVED: usize = 64 * 1024;

/// Fills a reserved file. No UTF-8 text holds this byte, so a reserved file never parses.
const FILLER: u8 = 0xff;

/// What the names of temporary files end in; no `.json`, for others list those.
const FIXED_SUFFIX: &str = ".new";
const RANDOM_SUFFIX: &str = ".tmp";

/// What the temporary file is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TempName {
    /// Always the same, so that the next holder of the lock finds it. Only under the lock.
    Fixed,
    /// One that nobody else has.
    Random,
}

/// What must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The new content. Waits for the disk.
    Synced,
    /// Nothing: a content that can be fetched again. After a power cut the file may be broken.
    Cached,
}

/// The file itself, behind any symbolic links; `path` when it is none. The file need not exist.
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut real = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&real) {
            // Relative to the directory of the link, which the operating system resolves in turn.
            Ok(target) => real = directory_of(&real).join(target),
            Err(error) if says_no_link(&error) => return Ok(real),
            // It may be one: taken for none, it would be replaced by a file.
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many symbolic links, or a circle of them"))
}

/// Whether reading a link failed because there is a file or nothing in its place.
fn says_no_link(error: &io::Error) -> bool {
    const ERROR_NOT_A_REPARSE_POINT: i32 = 4390;
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound)
        || (cfg!(windows) && error.raw_os_error() == Some(ERROR_NOT_A_REPARSE_POINT))
}

/// The fixed temporary name beside the file.
pub(crate) fn fixed_temp_path(real: &Path) -> PathBuf {
    with_suffix(real, FIXED_SUFFIX)
}

/// Which file such a path is a temporary one of, with either kind of name.
pub(crate) fn temp_is_for(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let real = match name.strip_suffix(FIXED_SUFFIX) {
        Some(real) => real,
        None => name.strip_prefix('.')?.strip_suffix(RANDOM_SUFFIX)?.rsplit_once('.')?.0,
    };
    Some(path.with_file_name(real))
}

/// The path with something behind its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the directory of a file where it is missing, for this user alone.
pub(crate) fn create_directory_of(file: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory_of(file))
}

/// Replaces `real`, which must not be a link, by a file with this content, mode 0600.
///
/// A reader sees the old content or the new one. When this fails, the old one is still there and no
/// temporary file is left. The new file's modification time is later than the old file's, even when
/// the machine's clock was set back.
pub(crate) fn replace(
    real: &Path,
    content: &[u8],
    name: TempName,
    durability: Durability,
) -> Result<Fingerprint, StoreError> {
    check_size(real, content)?;
    let mut written = write_and_rename(real, content, name, durability);
    if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        // The directory, or the temporary file in it, was removed under our hands: by someone who
        // clears the cache, lock file and all. The content is still in ours.
        written = write_and_rename(real, content, TempName::Random, durability);
    }
    written.map_err(|error| StoreError::write(real, error))
}

/// Fails for a content that would be too large to be read again.
pub(crate) fn check_size(real: &Path, content: &[u8]) -> Result<(), StoreError> {
    if content.len() <= MAX_FILE_SIZE {
        return Ok(());
    }
    Err(StoreError::invalid(real, ParseError::TooLarge { size: content.len() as u64 }))
}

/// Finishes what a killed writer began: makes its temporary file, which is open, the real one.
pub(crate) fn finish_leftover(
    file: &File,
    length: u64,
    temp: &Path,
    real: &Path,
) -> io::Result<()> {
    let metadata = file.metadata()?;
    make_private(file, &metadata);
    if metadata.len() != length {
        let modified = metadata.modified()?;
        file.set_len(length)?;
        // Still the time at which the content was written.
        file.set_modified(modified)?;
    }
    // The writer may have been killed before this.
    file.sync_all()?;
    retry_while_shared(|| fs::rename(temp, real))?;
    sync_directory(directory_of(real));
    Ok(())
}

/// Removes a cache file and what killed writers may have left of one. Whether there was a file.
pub(crate) fn remove_all(real: &Path) -> Result<bool, StoreError> {
    // First what was left, so that nothing brings the content back.
    let mut failed = remove(&fixed_temp_path(real)).err();
    // A writer that is at work begins anew when this takes its file away.
    for entry in random_temps(real) {
        failed = failed.or(remove(&entry.path()).err());
    }
    // Where one of them stays, a directory perhaps, all else goes all the same.
    let removed = remove(real)?;
    failed.map_or(Ok(removed), Err)
}

/// Removes a file, not a directory. Whether there was one.
pub(crate) fn remove(real: &Path) -> Result<bool, StoreError> {
    match retry_while_shared(|| fs::remove_file(real)) {
        Ok(()) => {
            sync_directory(directory_of(real));
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::write(real, error)),
    }
}

/// When the file was last written, by the file system's clock.
pub(crate) fn modified(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

/// Lets a file that root made belong to whom its surroundings belong to, so that a `sudo` in
/// between does not lock the user out. Others cannot give files away, and need not.
#[cfg_attr(not(unix), expect(unused_variables, reason = "ownership is inherited there"))]
pub(crate) fn give_to_owner_of(file: &File, own: &Metadata, pattern: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};

        if (own.uid(), own.gid()) != (pattern.uid(), pattern.gid())
            && let Err(error) = fchown(file, Some(pattern.uid()), Some(pattern.gid()))
        {
            tracing::debug!(%error, "a cache file could not be given to its former owner");
        }
    }
}

fn write_and_rename(
    real: &Path,
    content: &[u8],
    name: TempName,
    durability: Durability,
) -> io::Result<Fingerprint> {
    let mut staged = Staged::create(real, name)?;
    staged.write(content, durability)?;
    retry_while_shared(|| staged.rename())
}

/// A temporary file beside the file that it will replace. Removed on drop, unless it was renamed or
/// [kept](Self::keep).
#[derive(Debug)]
pub(crate) struct Staged {
    real: PathBuf,
    file: File,
    temp: TempPath,
    name: TempName,
    durability: Durability,
    /// The file that is there now.
    before: Option<Metadata>,
    /// The temporary file, after its content was written.
    written: Metadata,
    /// How many bytes were reserved.
    reserved: u64,
    discarded: bool,
}

impl Staged {
    /// Makes the temporary file, empty, mode 0600, with the owner of the file that it will replace.
    /// Makes missing directories.
    pub(crate) fn create(real: &Path, name: TempName) -> io::Result<Self> {
        let before = match fs::metadata(real) {
            Ok(metadata) => {
                // Renaming over a pipe or a device would destroy it.
                check_is_file(&metadata)?;
                Some(metadata)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_directory_of(real)?;
                None
            }
            Err(error) => return Err(error),
        };
        let (file, temp, name) = create_temp(real, name)?;
        // Mode and owner come before the content: a complete file that a killed process leaves must
        // be usable by its owner.
        let made = file.metadata()?;
        make_private(&file, &made);
        // A file that another user put there does not decide about the owner of the new one.
        match before.as_ref().filter(|before| foreign_owner(real, before).is_none()) {
            Some(before) => give_to_owner_of(&file, &made, before),
            None => {
                if let Ok(directory) = fs::metadata(directory_of(real)) {
                    give_to_owner_of(&file, &made, &directory);
                }
            }
        }
        Ok(Self {
            real: real.to_owned(),
            file,
            temp,
            name,
            durability: Durability::Synced,
            before,
            written: made,
            reserved: 0,
            discarded: false,
        })
    }

    /// Writes and syncs bytes that never parse, to reserve the disk space that the content needs:
    /// 64 KiB, or twice the size of the present file if that is more.
    pub(crate) fn reserve(&mut self) -> io::Result<()> {
        let present = self.before.as_ref().map_or(0, Metadata::len);
        let size = usize::try_from(present).unwrap_or_default().min(MAX_FILE_SIZE) * 2;
        let mut left = size.max(MIN_RESERVED);
        self.reserved = left as u64;
        let block = [FILLER; 8192];
        while left > 0 {
            let part = block.get(..left).unwrap_or(&block);
            self.file.write_all(part)?;
            left -= part.len();
        }
        self.file.sync_all()
    }

    /// Writes the content. After this the file is complete, on the disk if `durability` says so.
    pub(crate) fn write(&mut self, content: &[u8], durability: Durability) -> io::Result<()> {
        self.durability = durability;
        self.file.rewind()?;
        self.file.write_all(content)?;
        // Of the bytes that were reserved, the rest goes. A process that is killed before this
        // leaves the content with filler behind it, which `trim_filler` removes.
        if self.reserved > content.len() as u64 {
            self.file.set_len(content.len() as u64)?;
        }
        self.written = self.file.metadata()?;
        if let Some(before) = &self.before {
            make_newer(&self.file, &self.written, before);
        }
        if durability == Durability::Synced {
            self.file.sync_all()?;
        }
        Ok(())
    }

    /// Renames the temporary file to the real one. Tries once; after a failure it can be called again.
    pub(crate) fn rename(&mut self) -> io::Result<Fingerprint> {
        fs::rename(&self.temp, &self.real)?;
        self.temp.disable_cleanup(true);
        if self.durability == Durability::Synced {
            let directory = directory_of(&self.real);
            sync_directory(directory);
            if self.before.is_none() {
                // The directories `cache`, `sso` and `.aws` may be as new as the file.
                directories_above(directory).take(3).for_each(sync_directory);
            }
        }
        if let Ok(now) = self.written.modified() {
            sweep(&self.real, now);
        }
        // The rename has changed the inode's time. If that cannot be read, the next look at the file
        // finds another version and reads it again, which does no harm.
        Ok(Fingerprint::of(self.file.metadata().as_ref().unwrap_or(&self.written)))
    }

    /// Leaves the temporary file for the next holder of the lock to adopt, if it has the fixed name.
    pub(crate) fn keep(&mut self) {
        if self.name == TempName::Fixed && !self.discarded {
            self.temp.disable_cleanup(true);
        }
    }

    /// Removes the temporary file when this is dropped, also after [`keep`](Self::keep).
    pub(crate) fn discard(&mut self) {
        self.discarded = true;
    }

    /// The file that will be replaced.
    pub(crate) fn real(&self) -> &Path {
        &self.real
    }
}

/// The content of a temporary file without the filler behind it.
pub(crate) fn trim_filler(content: &[u8]) -> &[u8] {
    let end = content.iter().rposition(|&byte| byte != FILLER).map_or(0, |last| last + 1);
    content.get(..end).unwrap_or_default()
}

/// An empty file beside the real one, made by this call and by nobody else before, mode 0600.
fn create_temp(real: &Path, name: TempName) -> io::Result<(File, TempPath, TempName)> {
    if name == TempName::Fixed {
        let path = fixed_temp_path(real);
        let mut made = create_new(&path);
        if made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            // Left by someone who held the lock before, and not wanted by us.
            if fs::remove_file(&path).is_ok() {
                made = create_new(&path);
            }
        }
        match made {
            Ok(file) => return Ok((file, TempPath::try_from_path(path)?, name)),
            // What is in the way cannot be removed, a directory perhaps: a random name does too.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let file = tempfile::Builder::new()
        .prefix(&random_prefix(real))
        .suffix(RANDOM_SUFFIX)
        .make_in(directory_of(real), create_new)?;
    let (file, temp) = file.into_parts();
    Ok((file, temp, TempName::Random))
}

/// Fails when anything has that name already, a link included.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    retry_while_shared(|| options.open(path))
}

fn random_prefix(real: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(real.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
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
            && let Err(error) = file.set_permissions(fs::Permissions::from_mode(0o600))
        {
            // A file system without modes, say.
            tracing::debug!(%error, "the mode of a cache file could not be set");
        }
    }
}

/// Makes the temporary file newer than the one that it will replace, when a coarse or a reset clock
/// did not: the next holder of the lock must see which came later, and no two versions of a file
/// may have the same fingerprint.
fn make_newer(file: &File, written: &Metadata, before: &Metadata) {
    if let (Ok(now), Ok(before)) = (written.modified(), before.modified())
        && now <= before
        && let Err(error) = file.set_modified(before + Duration::from_micros(1))
    {
        tracing::debug!(%error, "the modification time of a cache file could not be set");
    }
}

/// The directory that a file is in.
pub(crate) fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The directories that a directory is in, from the nearest on: as far as its path tells.
fn directories_above(directory: &Path) -> impl Iterator<Item = &Path> {
    let above = directory.ancestors().skip(1);
    // What a relative path begins in has no name in it.
    above.map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path })
}

/// Makes the names in a directory survive a power cut. Not every file system can, and the file has
/// its new content either way: no error.
#[cfg_attr(not(unix), expect(unused_variables, reason = "the rename is journalled there"))]
fn sync_directory(directory: &Path) {
    #[cfg(unix)]
    if let Err(error) = File::open(directory).and_then(|directory| directory.sync_all()) {
        tracing::debug!(%error, directory = %directory.display(), "a directory could not be synced");
    }
}

/// Removes temporary files with random names that killed processes left long ago, by the file
/// system's own clock. They hold tokens, and nobody else would.
fn sweep(real: &Path, now: SystemTime) {
    for entry in random_temps(real) {
        if entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > STALE))
            && fs::remove_file(entry.path()).is_ok()
        {
            tracing::debug!(path = %entry.path().display(), "removed a stale temporary file");
        }
    }
}

/// The temporary files with random names beside the real one, as far as they can be seen.
fn random_temps(real: &Path) -> impl Iterator<Item = DirEntry> {
    let prefix = random_prefix(real);
    let entries = fs::read_dir(directory_of(real)).into_iter().flatten().flatten();
    entries.filter(move |entry| {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        name.starts_with(prefix.as_encoded_bytes()) && name.ends_with(RANDOM_SUFFIX.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_directory_is_in_the_current_one() {
        let above = |directory| -> Vec<_> { directories_above(Path::new(directory)).collect() };
        assert_eq!(above("sso/cache"), [Path::new("sso"), Path::new(".")]);
        assert_eq!(above("/sso/cache"), [Path::new("/sso"), Path::new("/")]);
    }
}
