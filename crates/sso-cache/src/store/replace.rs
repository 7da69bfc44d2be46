//! Replacing a cache file by another in one step, and removing one.
//!
//! Not responsible for the lock: whoever holds it may use the fixed temporary name, others not.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, DirEntry, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
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
    if content.len() > MAX_FILE_SIZE {
        let error = ParseError::TooLarge { size: content.len() as u64 };
        return Err(StoreError::invalid(real, error));
    }
    let mut written = write_and_rename(real, content, name, durability);
    if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        // The directory, or the temporary file in it, was removed under our hands: by someone who
        // clears the cache, lock file and all. The content is still in ours.
        written = write_and_rename(real, content, TempName::Random, durability);
    }
    written.map_err(|error| StoreError::write(real, error))
}

/// Finishes what a killed writer began: makes its temporary file, which is open, the real one.
pub(crate) fn finish_leftover(file: &File, temp: &Path, real: &Path) -> io::Result<()> {
    make_private(file, &file.metadata()?);
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
    // Removed when it is dropped, whatever fails from here on.
    let (mut file, mut temp) = create_temp(real, name)?;
    // Before the content: what a killed writer leaves whole must be of use to whom it belongs to.
    let made = file.metadata()?;
    make_private(&file, &made);
    // What another user has put there does not decide whose the new one is.
    let pattern = before.as_ref().filter(|before| foreign_owner(real, before).is_none());
    match pattern {
        Some(before) => give_to_owner_of(&file, &made, before),
        None => {
            if let Ok(directory) = fs::metadata(directory_of(real)) {
                give_to_owner_of(&file, &made, &directory);
            }
        }
    }
    file.write_all(content)?;
    let written = file.metadata()?;
    if let Some(before) = &before {
        make_newer(&file, &written, before);
    }
    if durability == Durability::Synced {
        file.sync_all()?;
    }
    retry_while_shared(|| fs::rename(&temp, real))?;
    temp.disable_cleanup(true);
    if durability == Durability::Synced {
        let directory = directory_of(real);
        sync_directory(directory);
        if before.is_none() {
            // The names of `cache`, `sso` and `.aws` may be as new as that of the file.
            directories_above(directory).take(3).for_each(sync_directory);
        }
    }
    if let Ok(now) = written.modified() {
        sweep(real, now);
    }
    // The rename has changed the inode's time. Should that not be told, the next look at the file
    // finds another version and reads it again, which does no harm.
    let renamed = file.metadata();
    Ok(Fingerprint::of(renamed.as_ref().unwrap_or(&written)))
}

/// An empty file beside the real one, made by this call and by nobody else before, mode 0600.
fn create_temp(real: &Path, name: TempName) -> io::Result<(File, TempPath)> {
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
            Ok(file) => return Ok((file, TempPath::try_from_path(path)?)),
            // What is in the way cannot be removed, a directory perhaps: a random name does too.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let file = tempfile::Builder::new()
        .prefix(&random_prefix(real))
        .suffix(RANDOM_SUFFIX)
        .make_in(directory_of(real), create_new)?;
    Ok(file.into_parts())
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
