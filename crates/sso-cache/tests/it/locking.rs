//! The lock allows one writer at a time, in threads and in processes, also after the holder dies.

use std::fs;
use std::thread;
use std::time::Duration;

use sso_cache::TokenFile;
use tempfile::tempdir;

use crate::child::{self, Task};
use crate::fixture::{beside, names, number, token, token_file};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn the_lock_excludes_other_threads_of_the_process() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let lock = file.try_lock().unwrap().unwrap();
    assert!(file.try_lock().unwrap().is_none());
    assert!(TokenFile::new(file.path()).try_lock().unwrap().is_none());

    let limit = Duration::from_millis(30);
    let error = file.lock(limit).unwrap_err();
    assert!(error.is_timeout() && !error.is_unavailable());
    assert_eq!(error.path(), file.lock_path().unwrap());
    assert!(error.io_error().is_none());
    drop(lock);
    assert!(file.try_lock().unwrap().is_some());
}

#[test]
fn the_lock_path_is_the_same_before_and_after_the_directory_is_created() {
    let directory = tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("missing/token.json"));
    let before = file.lock_path().unwrap();
    let _lock = file.try_lock().unwrap().unwrap();
    assert!(before.is_file(), "{}", before.display());
    assert_eq!(file.lock_path().unwrap(), before);
}

#[test]
fn a_directory_that_cannot_be_created_supports_no_locks() {
    let directory = tempdir().unwrap();
    // There is a file in place of the directory.
    fs::write(directory.path().join("cache"), "").unwrap();
    let file = TokenFile::new(directory.path().join("cache/token.json"));
    let error = file.try_lock().unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}

#[test]
fn the_lock_is_kept_when_the_token_file_is_replaced() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let lock = file.try_lock().unwrap().unwrap();
    lock.store(&token(2)).unwrap();
    file.store_unlocked(&token(3)).unwrap();
    assert!(file.try_lock().unwrap().is_none());
    lock.store(&token(4)).unwrap();
    assert!(file.try_lock().unwrap().is_none());
}

#[test]
fn the_lock_file_is_not_named_json_and_is_kept() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    drop(file.try_lock().unwrap());
    assert_eq!(file.lock_path().unwrap(), beside(&file, ".lock"));
    assert_eq!(names(directory.path()), ["token.json.lock"]);
    assert!(sso_cache::cached_tokens(directory.path()).unwrap().is_empty());
}

#[test]
fn only_one_thread_holds_the_lock() {
    let directory = crate::fixture::in_memory();
    let file = token_file(&directory);
    file.store_unlocked(&token(0)).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let lock = file.lock(LIMIT).unwrap();
                    let next = number(&lock.load().unwrap()) + 1;
                    lock.store(&token(next)).unwrap();
                }
            });
        }
    });
    assert_eq!(number(&file.load().unwrap()), 100, "no turn was lost");
}

#[test]
fn only_one_process_holds_the_lock() {
    let directory = crate::fixture::in_memory();
    let file = token_file(&directory);
    file.store_unlocked(&token(0)).unwrap();
    let started: Vec<_> =
        (0..4).map(|_| child::command(Task::Count, file.path()).spawn().unwrap()).collect();
    for mut child in started {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(number(&file.load().unwrap()), 100, "no turn was lost");
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[test]
fn a_killed_holder_releases_the_lock() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let mut child = child::command(Task::Hold, file.path()).spawn().unwrap();
    assert_eq!(child::lines(&mut child).next().as_deref(), Some("locked"));
    assert!(file.try_lock().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(file.try_lock().unwrap().is_some());
}

/// The lock file is removed while the lock is held. Then two may hold a lock, but no token is lost or
/// incomplete.
#[cfg(unix)]
#[test]
fn a_removed_lock_file_is_created_again() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let first = file.try_lock().unwrap().unwrap();
    first.store(&token(1)).unwrap();
    fs::remove_file(beside(&file, ".lock")).unwrap();

    let second = file.try_lock().unwrap().expect("the new lock file is not locked");
    // The second holder is writing to the fixed temporary name, which the first must not use now.
    fs::write(beside(&file, ".new"), "of the second").unwrap();
    first.store(&token(2)).unwrap();
    assert_eq!(fs::read_to_string(beside(&file, ".new")).unwrap(), "of the second");
    drop(first);
    assert!(file.try_lock().unwrap().is_none(), "the second still holds it");
    second.store(&token(3)).unwrap();
    assert_eq!(number(&file.load().unwrap()), 3);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[cfg(unix)]
#[test]
fn a_directory_removed_while_locked_is_created_again() {
    let directory = tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("cache/token.json"));
    let lock = file.try_lock().unwrap().unwrap();
    lock.store(&token(1)).unwrap();
    fs::remove_dir_all(directory.path().join("cache")).unwrap();
    lock.store(&token(2)).unwrap();
    assert_eq!(number(&file.load().unwrap()), 2);
}

#[cfg(unix)]
#[test]
fn a_lock_file_that_cannot_be_opened_is_an_error() {
    use std::os::unix::fs::symlink;

    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    symlink("elsewhere", beside(&file, ".lock")).unwrap();
    let error = file.try_lock().unwrap_err();
    assert!(!error.is_timeout() && !error.is_unavailable(), "{error}");
    assert!(!directory.path().join("elsewhere").exists(), "a link is not followed");
    fs::remove_file(beside(&file, ".lock")).unwrap();
    fs::create_dir(beside(&file, ".lock")).unwrap();
    assert!(file.lock(LIMIT).is_err(), "fails without waiting");
}
