//! Reserving disk space before a refresh token is spent.

use std::fs;
use std::path::Path;

use sso_cache::{CacheFileError, CachedToken, TokenFile};
use tempfile::tempdir;

use crate::fixture::{at, beside, names, number, token, token_file};

#[test]
fn a_reserved_store_replaces_the_token() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let lock = file.try_lock().unwrap().unwrap();
    let reservation = lock.reserve().unwrap();
    let reserved = fs::read(beside(&file, ".new")).unwrap();
    assert!(reserved.len() >= 64 * 1024, "room is written, not only allocated");
    assert!(CachedToken::parse(&reserved).is_err());
    assert_eq!(number(&file.load().unwrap()), 1);
    let version = reservation.store(&token(2)).unwrap();
    assert_eq!(file.fingerprint().unwrap(), Some(version));
    assert_eq!(fs::read(file.path()).unwrap(), *token(2).to_json(), "no filler is left");
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);

    let reservation = file.reserve_unlocked().unwrap();
    assert!(!beside(&file, ".new").exists(), "a random name");
    reservation.store(&token(3)).unwrap();
    assert_eq!(number(&file.load().unwrap()), 3);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[test]
fn twice_the_size_of_the_old_file_is_reserved() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let large = token(1).with_start_url("x".repeat(100_000));
    file.store_unlocked(&large).unwrap();
    let size = fs::metadata(file.path()).unwrap().len();
    let lock = file.try_lock().unwrap().unwrap();
    let _reservation = lock.reserve().unwrap();
    assert_eq!(fs::metadata(beside(&file, ".new")).unwrap().len(), 2 * size);
}

#[test]
fn a_dropped_reservation_leaves_nothing() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let lock = file.try_lock().unwrap().unwrap();
    drop(lock.reserve().unwrap());
    drop(file.reserve_unlocked().unwrap());
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
    assert_eq!(number(&file.load().unwrap()), 1);
}

#[test]
fn a_reservation_holds_the_lock() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let lock = file.try_lock().unwrap().unwrap();
    let reservation = lock.reserve().unwrap();
    drop(lock);
    assert!(file.try_lock().unwrap().is_none());
    drop(reservation);
    assert!(file.try_lock().unwrap().is_some());
}

/// One process is killed after it reserved space, another after it wrote the token and before it
/// truncated the file.
#[test]
fn a_reservation_of_a_killed_process_is_removed_and_a_complete_token_is_adopted() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    for (content, expected) in [(&b""[..], 1), (&token(2).to_json(), 2)] {
        file.store_unlocked(&token(1)).unwrap();
        let reserved = [content, &vec![0xff; 64 * 1024]].concat();
        fs::write(beside(&file, ".new"), reserved).unwrap();
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
        fs::File::options()
            .write(true)
            .open(beside(&file, ".new"))
            .unwrap()
            .set_modified(later)
            .unwrap();
        let lock = file.try_lock().unwrap().unwrap();
        assert_eq!(lock.adopted_leftover(), expected == 2);
        assert_eq!(number(&lock.load().unwrap()), expected);
        assert_eq!(fs::read(file.path()).unwrap(), *token(expected).to_json());
        assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
    }
}

/// Puts a directory in place of the token file, so that the rename fails, as it does on Windows while
/// another program has the file open.
fn block(file: &TokenFile) {
    fs::remove_file(file.path()).unwrap();
    fs::create_dir(file.path()).unwrap();
}

fn free(file: &TokenFile) {
    fs::remove_dir(file.path()).unwrap();
}

#[test]
fn a_failed_rename_can_be_tried_again() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    for with_lock in [true, false] {
        let lock = file.try_lock().unwrap().unwrap();
        let reserved = if with_lock { lock.reserve() } else { file.reserve_unlocked() };
        let reservation = reserved.unwrap();
        block(&file);
        let failure = reservation.store(&token(2)).unwrap_err();
        assert!(failure.error().is_write());
        let (_, pending) = failure.into_parts();
        let mut pending = pending.unwrap();
        assert!(pending.try_finish().is_err());
        free(&file);
        let version = pending.try_finish().unwrap();
        drop(pending);
        assert_eq!(file.fingerprint().unwrap(), Some(version));
        assert_eq!(number(&file.load().unwrap()), 2);
        assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
    }
}

#[test]
fn the_next_holder_of_the_lock_finishes_a_pending_store() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    for (give_up, expected) in [(false, 2), (true, 1)] {
        file.store_unlocked(&token(1)).unwrap();
        let lock = file.try_lock().unwrap().unwrap();
        let reservation = lock.reserve().unwrap();
        let old = directory.path().join("old");
        fs::rename(file.path(), &old).unwrap();
        fs::create_dir(file.path()).unwrap();
        let (_, pending) = reservation.store(&token(2)).unwrap_err().into_parts();
        drop(lock);
        assert!(file.try_lock().unwrap().is_none(), "the pending store holds the lock");
        let pending = pending.unwrap();
        if give_up {
            pending.discard();
        } else {
            drop(pending);
        }
        free(&file);
        fs::rename(&old, file.path()).unwrap();
        assert_eq!(number(&file.try_lock().unwrap().unwrap().load().unwrap()), expected);
        assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
    }
    // Only a holder of the lock looks for a leftover.
    let reservation = file.reserve_unlocked().unwrap();
    block(&file);
    drop(reservation.store(&token(3)).unwrap_err());
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[test]
fn a_token_that_could_not_be_loaded_is_not_stored() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let empty = CachedToken::new(sso_types::AccessToken::new(""), at("2030-01-01T00:00:00Z"));
    let lock = file.try_lock().unwrap().unwrap();
    let reserved: CacheFileError = lock.reserve().unwrap().store(&empty).unwrap_err().into();
    for error in
        [file.store_unlocked(&empty).unwrap_err(), lock.store(&empty).unwrap_err(), reserved]
    {
        assert!(matches!(error, CacheFileError::NotStored { .. }) && error.is_invalid(), "{error}");
        let reason = "was not written, because its new content is unusable";
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert_eq!(number(&file.load().unwrap()), 1);
}

#[test]
fn a_failed_refresh_is_known_to_other_processes_until_the_token_changes() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    let version = file.store_unlocked(&token(1)).unwrap();
    assert_eq!(file.refresh_failed_at(&version), None);
    let lock = file.try_lock().unwrap().unwrap();
    let time = at("2026-01-01T00:00:00.25Z");
    lock.record_refresh_failure(time);
    lock.record_refresh_failure(time);
    drop(lock);
    let other = TokenFile::new(file.path());
    assert_eq!(other.refresh_failed_at(&version), Some(time));
    let later = file.store_unlocked(&token(1)).unwrap();
    assert_eq!(other.refresh_failed_at(&later), None);
    // Broken by a process that was killed while writing it, or by another program.
    let note = fs::read(beside(&file, ".lock")).unwrap();
    for part in [&note[..0], &note[..5], &note[..note.len() - 1], b"\xff\xff\n"] {
        fs::write(beside(&file, ".lock"), part).unwrap();
        assert_eq!(other.refresh_failed_at(&version), None);
    }
    fs::write(beside(&file, ".lock"), note).unwrap();
    assert_eq!(other.refresh_failed_at(&version), Some(time));
}

#[cfg(unix)]
#[test]
fn a_failed_refresh_is_not_written_to_another_file_in_place_of_the_lock() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let victim = directory.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    fs::hard_link(&victim, beside(&file, ".lock")).unwrap();
    file.try_lock().unwrap().unwrap().record_refresh_failure(at("2026-01-01T00:00:00Z"));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
}

#[test]
fn loading_once_reads_once() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    assert!(file.load_once().unwrap_err().is_not_found());
    let version = file.store_unlocked(&token(1)).unwrap();
    assert_eq!(file.load_once().unwrap().1, version);
    for (content, may_be_incomplete) in [("", true), ("{\"acc", true), ("{}", false)] {
        fs::write(file.path(), content).unwrap();
        let error = file.load_once().unwrap_err();
        assert_eq!(error.may_be_incomplete(), may_be_incomplete);
    }
    assert!(Path::new(file.path()).exists());
}
