//! A private directory for the files of one run, in memory if the platform has such a place.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::BuildHasher as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sso_types::Environment;

const PREFIX: &str = "ssocreds-run-";
/// The name of the lock file. The process that uses the directory holds the lock, and the kernel
/// releases it when the process ends in any way.
const LOCK: &str = "lock";
/// The number of names to try. They are random, so that no other user can take them all.
const MAX_NAMES: u32 = 10;
/// The age from which a directory without a lock file counts as left over. Another process may still
/// be creating a younger one.
const GRACE: Duration = Duration::from_secs(60);

/// A directory of mode 0700, removed when it is dropped. A later run removes it if this process is
/// killed.
#[derive(Debug)]
pub(crate) struct PrivateDirectory {
    path: PathBuf,
    /// `None` only during the drop.
    lock: Option<File>,
}

impl PrivateDirectory {
    /// Removes the directories of killed processes, and makes a new one.
    pub(crate) fn new(environment: &Environment) -> io::Result<Self> {
        Self::new_in(&std::path::absolute(place(environment))?)
    }

    fn new_in(place: &Path) -> io::Result<Self> {
        remove_leftovers(place);
        let path = make_directory(place)?;
        // The lock file is locked before it gets its name. Otherwise another run could see it unlocked
        // and remove the directory.
        let unnamed = path.join("new");
        let lock = private_file(&unnamed)?;
        lock.lock()?;
        fs::rename(unnamed, path.join(LOCK))?;
        Ok(Self { path, lock: Some(lock) })
    }

    /// Writes a new file of mode 0600 and returns its path.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        private_file(&path)?.write_all(content)?;
        Ok(path)
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // Windows does not remove a directory with an open file in it.
        drop(self.lock.take());
        // A later run removes the rest.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Makes a new directory of mode 0700. Fails if the name is taken.
fn make_directory(place: &Path) -> io::Result<PathBuf> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let random = RandomState::new();
    for number in 0..MAX_NAMES {
        let path = place.join(format!("{PREFIX}{:016x}", random.hash_one(number)));
        match builder.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A file of mode 0600 at a path that the user named, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct NamedFile {
    path: PathBuf,
}

impl NamedFile {
    /// Writes the file. Replaces a regular file, but nothing else: removing a device such as `/dev/null`
    /// would break the machine.
    pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => fs::remove_file(path)?,
            Ok(_) => {
                let reason = "it is not a regular file; name another one";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut file = private_file(path)?;
        let named = Self { path: path.to_owned() };
        file.write_all(content)?;
        Ok(named)
    }
}

impl Drop for NamedFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Returns the user's runtime directory, else shared memory, else the directory for temporary files.
fn place(environment: &Environment) -> PathBuf {
    let named = |name: &str| environment.var_os(name).map(PathBuf::from);
    let runtime = named("XDG_RUNTIME_DIR").filter(|path| path.is_absolute() && is_own(path));
    let shared_memory = || Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir());
    runtime.or_else(shared_memory).unwrap_or_else(std::env::temp_dir)
}

/// Removes the directories of processes that have ended. Ignores errors.
fn remove_leftovers(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_leftover(&path) {
            tracing::debug!("removing {}, which an earlier run left", path.display());
            let _ = fs::remove_dir_all(&path);
        }
    }
}

fn is_leftover(path: &Path) -> bool {
    if !is_own(path) {
        return false;
    }
    match File::open(path.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > GRACE))
        }
        Err(_) => false,
    }
}

/// Returns whether the path is a directory of this user. A link to a directory is not.
fn is_own(path: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw()
    }
    #[cfg(not(unix))]
    metadata.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_private_and_is_removed_when_dropped() {
        let place = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new_in(place.path()).unwrap();
        let file = directory.write("token", b"secret").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"secret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(file.parent().unwrap()), mode(&file)), (0o700, 0o600));
        }
        drop(directory);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn only_a_regular_file_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let (target, link) = (place.path().join("target"), place.path().join("link"));
        private_file(&target).unwrap().write_all(b"mine").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let error = NamedFile::write(&link, b"new").unwrap_err();
        assert!(error.to_string().contains("it is not a regular file"), "{error}");
        assert!(link.is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"mine");
        let file = NamedFile::write(&target, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        drop(file);
        assert!(!target.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_is_created_even_if_names_with_the_process_id_are_taken() {
        let place = tempfile::tempdir().unwrap();
        let id = std::process::id();
        for number in 0..1_000 {
            fs::create_dir(place.path().join(format!("{PREFIX}{id}-{number}"))).unwrap();
        }
        PrivateDirectory::new_in(place.path()).unwrap();
    }

    #[test]
    fn leftovers_are_removed_and_directories_in_use_are_not() {
        let place = tempfile::tempdir().unwrap();
        let in_use = PrivateDirectory::new_in(place.path()).unwrap();
        let leftover = place.path().join(format!("{PREFIX}killed"));
        fs::create_dir(&leftover).unwrap();
        File::create(leftover.join(LOCK)).unwrap();
        let being_made = place.path().join(format!("{PREFIX}new"));
        fs::create_dir(&being_made).unwrap();
        let foreign = place.path().join("other");
        fs::create_dir(&foreign).unwrap();

        let _next = PrivateDirectory::new_in(place.path()).unwrap();
        assert!(!leftover.exists());
        assert!(in_use.path.exists() && being_made.exists() && foreign.exists());
    }
}
