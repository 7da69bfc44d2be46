//! Files that another program holds open without sharing them, as virus scanners and backups do.

use std::fs::{self, File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

use sso_cache::{PendingStore, TokenFile, TokenFileLock};
use tempfile::{TempDir, tempdir};

use crate::fixture::{beside, names, number, token, token_file};

/// No sharing: other programs cannot open the file.
const EXCLUSIVE: u32 = 0;
/// `FILE_SHARE_READ`: others may neither write, nor rename, nor delete.
const SHARED_FOR_READING: u32 = 1;

/// Opens a file as another program would. It is closed on drop.
fn hold(path: &Path, shared: u32) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).share_mode(shared);
    options.open(path).unwrap()
}

/// A token file that another program holds open, and under its lock a second token, written but not
/// renamed.
fn pending_store(directory: &TempDir) -> (TokenFile, TokenFileLock, PendingStore, File) {
    let file = token_file(directory);
    file.store_unlocked(&token(1)).unwrap();
    let lock = file.try_lock().unwrap().unwrap();
    let reservation = lock.reserve().unwrap();
    let held = hold(file.path(), SHARED_FOR_READING);
    let (error, pending) = reservation.store(&token(2)).unwrap_err().into_parts();
    assert!(error.is_write(), "{error}");
    (file, lock, pending.expect("only the rename failed"), held)
}

#[test]
fn token_that_cannot_be_renamed_is_kept_for_the_next_lock_holder() {
    let directory = tempdir().unwrap();
    let (file, lock, mut pending, held) = pending_store(&directory);
    pending.try_finish().unwrap_err();
    drop((pending, lock));
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock", "token.json.new"]);

    drop(held);
    let lock = file.try_lock().unwrap().unwrap();
    assert!(lock.adopted_leftover());
    assert_eq!(number(&lock.load().unwrap()), 2);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[test]
fn nothing_is_reserved_while_a_kept_token_cannot_be_renamed() {
    let directory = tempdir().unwrap();
    let (file, lock, pending, held) = pending_store(&directory);
    drop((pending, lock));
    let lock = file.try_lock().unwrap().unwrap();
    assert!(!lock.adopted_leftover());
    lock.reserve().unwrap_err();
    drop((lock, held));
    assert_eq!(number(&file.try_lock().unwrap().unwrap().load().unwrap()), 2);
}

#[test]
fn token_is_renamed_as_soon_as_the_other_program_closes_the_file() {
    let directory = tempdir().unwrap();
    let (file, _lock, mut pending, held) = pending_store(&directory);
    drop(held);
    pending.try_finish().unwrap();
    assert_eq!(number(&file.load().unwrap()), 2);
}

#[test]
fn lock_file_held_exclusively_by_another_program_is_locked() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let held = hold(&beside(&file, ".lock"), EXCLUSIVE);
    assert!(file.try_lock().unwrap().is_none());
    drop(held);
    assert!(file.try_lock().unwrap().is_some());
}

#[test]
fn lock_file_can_be_neither_renamed_nor_removed_under_its_holder() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let lock = file.try_lock().unwrap().unwrap();
    let path = beside(&file, ".lock");
    fs::rename(&path, directory.path().join("elsewhere")).unwrap_err();
    fs::remove_file(&path).unwrap_err();
    assert!(file.try_lock().unwrap().is_none());
    drop(lock);
}

#[test]
fn directory_in_place_of_the_lock_file_means_that_locks_are_unavailable() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    fs::create_dir(beside(&file, ".lock")).unwrap();
    let error = file.try_lock().unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}

#[test]
fn file_in_place_of_the_directory_means_that_locks_are_unavailable() {
    let directory = tempdir().unwrap();
    let not_a_directory = directory.path().join("cache");
    fs::write(&not_a_directory, "").unwrap();
    for path in ["token.json", "below/token.json"] {
        let error = TokenFile::new(not_a_directory.join(path)).try_lock().unwrap_err();
        assert!(error.is_unavailable(), "{path}: {error}");
    }
}
