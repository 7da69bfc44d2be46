//! The leftover temporary file of a killed writer: it is adopted if it is the newer token, and otherwise
//! removed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use sso_cache::TokenFile;
use tempfile::{TempDir, tempdir};

use crate::fixture::{beside, names, number, token, token_file};

struct Scene {
    directory: TempDir,
    file: TokenFile,
    left: PathBuf,
}

const NOON: Duration = Duration::from_secs(1_700_000_000);

/// A token file with the token 5, written at noon, and a leftover with the content `left`, written
/// `later` seconds later.
fn scene(left: impl AsRef<[u8]>, later: i64) -> Scene {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(5)).unwrap();
    let scene = Scene { left: beside(&file, ".new"), directory, file };
    fs::write(&scene.left, left).unwrap();
    set_time(scene.file.path(), 0);
    set_time(&scene.left, later);
    scene
}

fn set_time(path: &std::path::Path, later: i64) {
    let noon = SystemTime::UNIX_EPOCH + NOON;
    let by = Duration::from_secs(later.unsigned_abs());
    let time = if later < 0 { noon - by } else { noon + by };
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Takes the lock and returns the number of the token that it loads.
fn had(scene: &Scene) -> Option<i64> {
    let lock = scene.file.try_lock().unwrap().unwrap();
    let token = lock.load().ok().map(|token| number(&token));
    assert!(!scene.left.exists());
    let expected: &[_] =
        if token.is_some() { &["token.json", "token.json.lock"] } else { &["token.json.lock"] };
    assert_eq!(names(scene.directory.path()), expected);
    token
}

#[test]
fn a_complete_newer_leftover_is_adopted() {
    let scene = scene(&*token(6).to_json(), 1);
    // A reader takes no lock, and still sees the old token.
    assert_eq!(number(&scene.file.load().unwrap()), 5);
    let lock = scene.file.try_lock().unwrap().unwrap();
    assert!(lock.adopted_leftover());
    drop(lock);
    assert_eq!(had(&scene), Some(6));
    assert_eq!(crate::fixture::mode(scene.file.path()), 0o600);
    assert!(!scene.file.try_lock().unwrap().unwrap().adopted_leftover(), "once");
}

#[test]
fn a_newer_leftover_is_adopted_even_if_it_expires_earlier() {
    // An administrator has shortened the sessions.
    assert_eq!(had(&scene(&*token(4).to_json(), 1)), Some(4));
}

#[test]
fn an_older_leftover_is_not_adopted() {
    // Another tool has logged in since.
    assert_eq!(had(&scene(&*token(6).to_json(), -1)), Some(5));
}

#[test]
fn of_equal_age_the_token_that_expires_later_wins() {
    assert_eq!(had(&scene(&*token(6).to_json(), 0)), Some(6));
    assert_eq!(had(&scene(&*token(4).to_json(), 0)), Some(5));
}

#[test]
fn an_incomplete_leftover_is_removed() {
    let whole = token(6).to_json();
    for part in [&whole[..0], &whole[..10], &whole[..whole.len() - 1]] {
        assert_eq!(had(&scene(part, 1)), Some(5));
    }
}

/// Systems differ in what opening a socket does, so it must not be opened.
#[cfg(unix)]
#[test]
fn a_socket_or_a_pipe_in_place_of_a_leftover_is_removed() {
    let scene = scene(b"", 1);
    fs::remove_file(&scene.left).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(&scene.left).unwrap();
    assert_eq!(had(&scene), Some(5));
    drop(socket);
    let made = std::process::Command::new("mkfifo").arg(&scene.left).status();
    assert!(made.unwrap().success());
    assert_eq!(had(&scene), Some(5));
}

#[test]
fn a_leftover_is_not_adopted_after_a_logout() {
    let scene = scene(&*token(6).to_json(), 1);
    fs::remove_file(scene.file.path()).unwrap();
    assert_eq!(had(&scene), None);
}

#[test]
fn a_torn_token_file_is_replaced_by_a_newer_leftover() {
    for (later, expected) in [(1, Some(6)), (-1, None)] {
        let scene = scene(&*token(6).to_json(), later);
        fs::write(scene.file.path(), "{\"acc").unwrap();
        set_time(scene.file.path(), 0);
        let lock = scene.file.try_lock().unwrap().unwrap();
        assert_eq!(lock.load().ok().map(|token| number(&token)), expected);
        assert!(!scene.left.exists());
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_make_the_leftover_older() {
    // The token file was written while the clock was a year ahead.
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(5)).unwrap();
    let ahead = fs::metadata(file.path()).unwrap().modified().unwrap()
        + Duration::from_secs(365 * 24 * 3600);
    File::options().write(true).open(file.path()).unwrap().set_modified(ahead).unwrap();
    file.try_lock().unwrap().unwrap().store(&token(6)).unwrap();
    let stored = fs::metadata(file.path()).unwrap().modified().unwrap();
    assert!(stored > ahead && stored < ahead + Duration::from_secs(1));
}

/// The directory was read-only for a while. The refresh token in the file is spent, so the leftover
/// is the only usable token.
#[cfg(unix)]
#[test]
#[ignore = "needs a user other than root, or chattr"]
fn a_leftover_that_cannot_be_adopted_is_not_overwritten() {
    let scene = scene(&*token(6).to_json(), 1);
    // The lock file must exist before the directory becomes read-only.
    File::create(beside(&scene.file, ".lock")).unwrap();
    close(scene.directory.path());
    let lock = scene.file.try_lock();
    open(scene.directory.path());
    let lock = lock.unwrap().unwrap();
    assert!(!lock.adopted_leftover());
    assert!(lock.reserve().unwrap_err().is_write());
    drop(lock);
    assert_eq!(had(&scene), Some(6));
}

/// Prevents renames in a directory. Root ignores modes, so that needs the immutable attribute.
#[cfg(unix)]
fn close(directory: &std::path::Path) {
    set(directory, 0o500, "+i");
    assert!(fs::write(directory.join("probe"), "").is_err(), "nothing here closes a directory");
}

#[cfg(unix)]
fn open(directory: &std::path::Path) {
    set(directory, 0o700, "-i");
    set(directory, 0o700, "-i");
}

#[cfg(unix)]
fn set(directory: &std::path::Path, mode: u32, attribute: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    let _ = fs::set_permissions(directory, fs::Permissions::from_mode(mode));
    let _ = std::process::Command::new("chattr").arg(attribute).arg(directory).status();
}
