//! Links, pipes, devices and directories in place of a token file.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use sso_cache::TokenFile;
use tempfile::tempdir;

use crate::fixture::{beside, names, number, token, token_file};

const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn a_link_is_kept_and_its_target_is_replaced() {
    let directory = tempdir().unwrap();
    let (links, files) = (directory.path().join("links"), directory.path().join("files"));
    fs::create_dir(&links).unwrap();
    fs::create_dir(&files).unwrap();
    let real = TokenFile::new(files.join("real.json"));
    real.store_unlocked(&token(1)).unwrap();
    // Over two links, one of them relative.
    symlink("../files/real.json", links.join("second.json")).unwrap();
    symlink(links.join("second.json"), links.join("first.json")).unwrap();
    let linked = TokenFile::new(links.join("first.json"));

    assert_eq!(number(&linked.load().unwrap()), 1);
    assert_eq!(linked.fingerprint().unwrap(), real.fingerprint().unwrap());
    let lock = linked.lock(LIMIT).unwrap();
    assert!(real.try_lock().unwrap().is_none(), "it is one lock, beside the real file");
    lock.store(&token(2)).unwrap();
    linked.store_unlocked(&token(3)).unwrap();
    drop(lock);
    assert_eq!(number(&real.load().unwrap()), 3);
    assert!(fs::symlink_metadata(links.join("first.json")).unwrap().is_symlink());
    assert_eq!(names(&links), ["first.json", "second.json"]);
    assert_eq!(names(&files), ["real.json", "real.json.lock"]);

    assert!(linked.remove().unwrap());
    assert_eq!(names(&files), ["real.json.lock"]);
    assert!(fs::symlink_metadata(links.join("first.json")).unwrap().is_symlink());
}

#[test]
fn a_dangling_link_is_written_through() {
    let directory = tempdir().unwrap();
    symlink("missing/real.json", directory.path().join("token.json")).unwrap();
    let file = token_file(&directory);
    assert!(file.load().unwrap_err().is_not_found());
    assert_eq!(file.fingerprint().unwrap(), None);
    file.lock(LIMIT).unwrap().store(&token(1)).unwrap();
    assert_eq!(number(&file.load().unwrap()), 1);
    assert_eq!(names(&directory.path().join("missing")), ["real.json", "real.json.lock"]);
}

#[test]
fn a_loop_of_links_is_an_error() {
    let directory = tempdir().unwrap();
    symlink("token.json", directory.path().join("token.json")).unwrap();
    let file = token_file(&directory);
    assert!(file.load().unwrap_err().io_error().is_some());
    assert!(file.try_lock().unwrap_err().io_error().is_some());
    assert!(file.store_unlocked(&token(1)).is_err());
}

#[test]
fn only_the_given_name_of_a_hard_linked_file_is_replaced() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let other = TokenFile::new(directory.path().join("other.json"));
    fs::hard_link(file.path(), other.path()).unwrap();
    file.store_unlocked(&token(2)).unwrap();
    assert_eq!(number(&file.load().unwrap()), 2);
    assert_eq!(number(&other.load().unwrap()), 1);
}

#[test]
fn pipes_devices_and_directories_are_refused_at_once_and_unchanged() {
    let directory = tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("directory.json")).unwrap();
    assert!(Command::new("mkfifo").arg(path("pipe.json")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(path("socket.json")).unwrap();
    symlink("/dev/null", path("null.json")).unwrap();
    symlink("/dev/zero", path("zero.json")).unwrap();
    for name in ["directory.json", "pipe.json", "socket.json"] {
        let before = fs::symlink_metadata(path(name)).unwrap().file_type();
        let file = TokenFile::new(path(name));
        assert!(file.load().unwrap_err().io_error().is_some(), "{name}");
        let lock = file.lock(LIMIT).unwrap();
        for stored in [file.store_unlocked(&token(1)), lock.store(&token(1))] {
            let error = stored.unwrap_err();
            assert!(error.is_write() && error.io_error().is_some(), "{name}: {error}");
        }
        assert_eq!(fs::symlink_metadata(path(name)).unwrap().file_type(), before);
        assert!(!path(&format!("{name}.new")).exists());
    }
    // The lock file of a device would be in /dev, so store without the lock.
    for name in ["null.json", "zero.json"] {
        let file = TokenFile::new(path(name));
        assert!(file.load().unwrap_err().io_error().is_some(), "{name}");
        assert!(file.store_unlocked(&token(1)).unwrap_err().is_write(), "{name}");
    }
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_file_in_place_of_a_directory_is_an_error() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("cache"), "").unwrap();
    let file = TokenFile::new(directory.path().join("cache/token.json"));
    let error = file.load().unwrap_err();
    assert!(error.io_error().is_some() && !error.is_not_found());
    assert!(file.try_lock().is_err());
    assert!(file.store_unlocked(&token(1)).is_err());
}

#[test]
fn a_planted_temporary_file_is_not_written_through() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let victim = directory.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    let lock = file.lock(LIMIT).unwrap();
    symlink(&victim, beside(&file, ".new")).unwrap();
    lock.store(&token(2)).unwrap();
    drop(lock);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert!(!fs::symlink_metadata(file.path()).unwrap().is_symlink());

    // A link to a complete token is not adopted as a leftover either.
    fs::write(&victim, &*token(9).to_json()).unwrap();
    symlink(&victim, beside(&file, ".new")).unwrap();
    let lock = file.lock(LIMIT).unwrap();
    assert!(!lock.adopted_leftover());
    assert_eq!(number(&lock.load().unwrap()), 2);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock", "victim"]);
}

#[test]
fn a_directory_with_the_name_of_the_temporary_file_does_not_block_a_store() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    fs::create_dir(beside(&file, ".new")).unwrap();
    let lock = file.lock(LIMIT).unwrap();
    lock.store(&token(2)).unwrap();
    assert_eq!(number(&file.load().unwrap()), 2);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock", "token.json.new"]);

    // A logout reports the directory, and removes the token nevertheless.
    let error = lock.remove().unwrap_err();
    assert_eq!(error.path(), Some(&*beside(&file, ".new")));
    assert!(file.load().unwrap_err().is_not_found());
}

#[test]
fn a_logout_removes_every_file_that_it_can() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    for number in 0..8 {
        let left = directory.path().join(format!(".token.json.file{number}.tmp"));
        fs::write(left, "a secret").unwrap();
        fs::create_dir(directory.path().join(format!(".token.json.dir{number}.tmp"))).unwrap();
    }
    let error = file.remove().unwrap_err();
    assert!(!error.is_write() && error.io_error().is_some());
    let path = error.path().unwrap();
    assert!(path.is_dir(), "{}", path.display());
    assert_eq!(
        error.to_string(),
        format!("the file {} cannot be removed; make its directory writable", path.display())
    );
    let is_directory = |name: &String| directory.path().join(name).is_dir();
    assert!(names(directory.path()).iter().all(is_directory), "{:?}", names(directory.path()));
}
