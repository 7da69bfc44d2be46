//! The content and the mode of files after loading and storing.

use std::error::Error as _;
use std::fs;
use std::time::{Duration, SystemTime};

use sso_cache::{ParseError, TokenFile};
use tempfile::tempdir;

use crate::fixture::{names, number, token, token_file};

const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn what_is_stored_is_loaded() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    assert!(file.load().unwrap_err().is_not_found());
    assert_eq!(file.fingerprint().unwrap(), None);

    let stored = file.store_unlocked(&token(1)).unwrap();
    let (loaded, version) = file.load_with_fingerprint().unwrap();
    assert_eq!(number(&loaded), 1);
    assert_eq!(version, stored);
    assert_eq!(file.fingerprint().unwrap(), Some(stored.clone()));

    let lock = file.lock(LIMIT).unwrap();
    let again = lock.store(&token(2)).unwrap();
    assert_ne!(again, stored);
    assert_eq!(number(&lock.load().unwrap()), 2);
    assert_eq!(lock.load_with_fingerprint().unwrap().1, again);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[test]
fn storing_the_same_content_again_changes_the_version() {
    let directory = crate::fixture::in_memory();
    let file = token_file(&directory);
    let mut before = file.store_unlocked(&token(1)).unwrap();
    // Store faster than the file system's clock ticks, and reuse inodes.
    for _ in 0..200 {
        let after = file.store_unlocked(&token(1)).unwrap();
        assert_ne!(after, before);
        before = after;
    }
}

#[cfg(unix)]
#[test]
fn restoring_a_file_with_its_old_time_changes_the_version() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let (content, version) = (fs::read(file.path()).unwrap(), file.fingerprint().unwrap());
    let modified = fs::metadata(file.path()).unwrap().modified().unwrap();
    let put_back = || {
        fs::write(file.path(), &content).unwrap();
        fs::File::options().write(true).open(file.path()).unwrap().set_modified(modified).unwrap();
        file.fingerprint().unwrap()
    };
    // Wait for a tick of the file system's clock: the change time of an inode cannot be set.
    let started = std::time::Instant::now();
    let mut now = put_back();
    while now == version && started.elapsed() < LIMIT {
        now = put_back();
    }
    assert_eq!(fs::metadata(file.path()).unwrap().modified().unwrap(), modified);
    assert_ne!(now, version);
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_written_files() {
    use std::os::unix::fs::PermissionsExt as _;

    use crate::fixture::{beside, mode};

    let directory = tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let aws = directory.path().join(".aws");
    let cache = aws.join("sso/cache");
    let file = TokenFile::new(cache.join("token.json"));
    file.store_unlocked(&token(1)).unwrap();
    for made in [&aws, &aws.join("sso"), &cache] {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    assert_eq!(mode(file.path()), 0o600);

    // Existing directories keep their mode. The file is replaced by a new one.
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
    file.lock(LIMIT).unwrap().store(&token(2)).unwrap();
    assert_eq!(mode(&cache), 0o750);
    assert_eq!(mode(directory.path()), 0o755);
    assert_eq!(mode(file.path()), 0o600);
    assert_eq!(mode(&beside(&file, ".lock")), 0o600);
}

#[cfg(unix)]
#[test]
fn locking_creates_missing_directories() {
    let directory = tempdir().unwrap();
    let file = TokenFile::new(directory.path().join(".aws/sso/cache/token.json"));
    let lock = file.try_lock().unwrap().unwrap();
    assert_eq!(crate::fixture::mode(&directory.path().join(".aws")), 0o700);
    assert!(lock.load().unwrap_err().is_not_found());
}

#[cfg(unix)]
#[test]
#[ignore = "needs root, to have files of several users"]
fn a_file_that_root_replaces_keeps_its_owner() {
    use std::os::unix::fs::{MetadataExt as _, chown};

    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    chown(directory.path(), Some(12345), Some(12346)).unwrap();
    chown(file.path(), Some(12345), Some(12346)).unwrap();
    file.lock(LIMIT).unwrap().store(&token(2)).unwrap();
    file.store_unlocked(&token(3)).unwrap();
    let first = TokenFile::new(directory.path().join("first.json"));
    first.lock(LIMIT).unwrap().store(&token(1)).unwrap();
    for name in names(directory.path()) {
        let metadata = fs::metadata(directory.path().join(&name)).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (12345, 12346), "{name}");
    }
}

#[test]
fn broken_content_is_an_error_that_names_the_file() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    fs::write(file.path(), "{\"accessToken\":\"MARK\"").unwrap();
    let error = file.load().unwrap_err();
    assert!(error.is_invalid() && !error.is_not_found());
    assert_eq!(error.path(), Some(file.path()));
    assert_eq!(
        error.to_string(),
        format!(
            "the cache file {} cannot be used; log in again, or remove it",
            file.path().display()
        )
    );
    let source = error.source().unwrap();
    assert!(matches!(source.downcast_ref(), Some(ParseError::NotJson { offset: 21, .. })));
    assert!(!format!("{error:?} {source}").contains("MARK"));
}

#[test]
fn a_file_over_the_limit_is_neither_read_nor_written() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let huge = token(2).with_start_url("x".repeat(1 << 20));
    assert!(file.store_unlocked(&huge).unwrap_err().is_invalid());
    assert_eq!(number(&file.load().unwrap()), 1);

    fs::write(file.path(), vec![b' '; (1 << 20) + 1]).unwrap();
    let error = file.load().unwrap_err();
    let source = error.source().unwrap().downcast_ref().unwrap();
    assert!(matches!(source, ParseError::TooLarge { size: 1_048_577, .. }), "{source:?}");
}

#[test]
fn old_files_of_killed_writers_are_removed() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (name, modified) in [
        (".token.json.abc123.tmp", Some(old)),
        (".token.json.young1.tmp", None),
        (".other.json.abc123.tmp", Some(old)),
        ("token.json.bak", Some(old)),
    ] {
        let left = fs::File::create(directory.path().join(name)).unwrap();
        if let Some(modified) = modified {
            left.set_modified(modified).unwrap();
        }
    }
    file.store_unlocked(&token(1)).unwrap();
    assert_eq!(
        names(directory.path()),
        [".other.json.abc123.tmp", ".token.json.young1.tmp", "token.json", "token.json.bak"]
    );
}

#[test]
fn removing_leaves_no_secret_behind() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    assert!(!file.remove().unwrap());
    file.lock(LIMIT).unwrap().store(&token(1)).unwrap();
    fs::write(directory.path().join("token.json.new"), &*token(2).to_json()).unwrap();
    assert!(file.remove().unwrap());
    assert_eq!(names(directory.path()), ["token.json.lock"]);

    let lock = file.lock(LIMIT).unwrap();
    lock.store(&token(1)).unwrap();
    assert!(lock.remove().unwrap() && !lock.remove().unwrap());
    assert!(file.load().unwrap_err().is_not_found());
}
