//! Files and directories that other users of the machine can read or write, or that they made.
//!
//! Only root can make files of other users, so the tests that need them are ignored. `cargo xtask ci`
//! runs them.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::time::Duration;

use sso_cache::{AccessRisk, RoleCredentialsFile, TokenFile};
use tempfile::{TempDir, tempdir};

use crate::fixture::{beside, mode, names, number, token, token_file};

const LIMIT: Duration = Duration::from_secs(5);

/// User IDs that no user of this machine has.
const OWNER: u32 = 12345;
const STRANGER: u32 = 23456;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Changes the owner and the group of the file. Needs root.
fn give(path: &Path, owner: u32, group: u32) {
    chown(path, Some(owner), Some(group)).unwrap();
}

fn risks(file: &TokenFile) -> Vec<(&'static str, u32)> {
    let warnings = file.access_warnings().into_iter();
    warnings
        .map(|warning| match warning.risk {
            AccessRisk::FileReadable { mode, .. } => ("file readable", mode),
            AccessRisk::FileWritable { mode, .. } => ("file writable", mode),
            AccessRisk::DirectoryWritable { mode, .. } => ("directory writable", mode),
            risk => panic!("{risk:?}"),
        })
        .collect()
}

#[test]
fn access_of_others_is_warned_about_with_the_command_to_run() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    assert!(file.access_warnings().is_empty(), "nothing is there");
    file.store_unlocked(&token(1)).unwrap();
    assert!(file.access_warnings().is_empty(), "all is well");

    let (path, place) = (file.path().display(), directory.path().display());
    for (file_mode, directory_mode, expected) in [
        (0o600, 0o700, vec![]),
        (0o600, 0o755, vec![]),
        (
            0o644,
            0o755,
            vec![format!(
                "other users of this machine may read the cache file {path} (mode 0644), which \
                 holds secrets; run: chmod 600 {path}"
            )],
        ),
        (
            0o666,
            0o700,
            vec![format!(
                "other users of this machine may write the cache file {path} (mode 0666) and put \
                 a login of their own in it; run: chmod 600 {path}"
            )],
        ),
        (
            0o602,
            0o1777,
            vec![
                format!(
                    "other users of this machine may write the cache file {path} (mode 0602) and \
                     put a login of their own in it; run: chmod 600 {path}"
                ),
                format!(
                    "other users of this machine may write to the cache directory {place} (mode \
                     1777) and remove or block what is in it; run: chmod go-w {place}"
                ),
            ],
        ),
    ] {
        set_mode(file.path(), file_mode);
        set_mode(directory.path(), directory_mode);
        let warnings: Vec<_> = file.access_warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings, expected, "{file_mode:o} {directory_mode:o}");
        // The token is still loaded, and the loaded fingerprint shows the mode.
        let (loaded, version) = file.load_with_fingerprint().unwrap();
        assert_eq!(number(&loaded), 1);
        assert_eq!(version.is_private(), file_mode == 0o600, "{file_mode:o}");
        assert_eq!(file.fingerprint().unwrap(), Some(version));
    }
    // A new file has the right mode.
    assert!(file.store_unlocked(&token(2)).unwrap().is_private());
    assert_eq!(mode(file.path()), 0o600);
}

#[test]
fn the_commands_in_the_warnings_resolve_them() {
    let directory = tempdir().unwrap();
    let file = TokenFile::new(directory.path().join("it's a cache").join("token.json"));
    file.store_unlocked(&token(1)).unwrap();
    set_mode(file.path(), 0o666);
    set_mode(file.path().parent().unwrap(), 0o777);
    let warnings = file.access_warnings();
    assert_eq!(warnings.len(), 2);
    for warning in warnings {
        let text = warning.to_string();
        let (_, command) = text.split_once("run: ").unwrap();
        let status = std::process::Command::new("sh").arg("-c").arg(command).status().unwrap();
        assert!(status.success(), "{command}");
    }
    assert!(file.access_warnings().is_empty());
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn a_private_group_of_the_owner_causes_no_warning() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    for path in [directory.path(), file.path()] {
        give(path, OWNER, OWNER);
    }
    // The modes that the AWS CLI and other tools create with a umask of 002.
    set_mode(directory.path(), 0o775);
    set_mode(file.path(), 0o660);
    assert_eq!(risks(&file), []);
    set_mode(file.path(), 0o664);
    assert_eq!(risks(&file), [("file readable", 0o664)]);

    // The same modes with another group cause warnings.
    for path in [directory.path(), file.path()] {
        chown(path, None, Some(STRANGER)).unwrap();
    }
    for (mode, expected) in [
        (0o600, None),
        (0o640, Some(("file readable", 0o640))),
        (0o620, Some(("file writable", 0o620))),
        (0o660, Some(("file writable", 0o660))),
    ] {
        set_mode(file.path(), mode);
        let directory = Some(("directory writable", 0o775));
        let expected: Vec<_> = [expected, directory].into_iter().flatten().collect();
        assert_eq!(risks(&file), expected, "{mode:o}");
    }
}

/// A user who may write to the directory replaces the token file by a login of their own. A program that
/// used it would work in their account.
#[test]
#[ignore = "needs root, to have files of several users"]
fn a_file_of_another_user_is_refused() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    give(file.path(), STRANGER, STRANGER);
    for mode in [0o600, 0o644, 0o666] {
        set_mode(file.path(), mode);
        let error = file.load().unwrap_err();
        assert!(error.is_foreign_owner() && !error.is_not_found() && !error.is_invalid());
        assert_eq!(error.path(), Some(file.path()));
        assert_eq!(
            error.to_string(),
            format!(
                "the cache file {} belongs to another user (23456) and may be from that user's \
                 login, so it is not used; remove it, or run as that user",
                file.path().display()
            )
        );
        assert!(file.lock(LIMIT).unwrap().load().unwrap_err().is_foreign_owner());
    }
    // It is not found as another session's token, and not through a link.
    assert!(sso_cache::cached_tokens(directory.path()).unwrap().is_empty());
    let link = TokenFile::new(directory.path().join("link.json"));
    std::os::unix::fs::symlink(file.path(), link.path()).unwrap();
    assert!(link.load().unwrap_err().is_foreign_owner());

    // A login replaces it, and the new file does not belong to the other user.
    file.store_unlocked(&token(2)).unwrap();
    assert_eq!(number(&file.load().unwrap()), 2);
    assert_eq!(owner(file.path()), owner(directory.path()));
    // Root uses files of the owner of the directory.
    give(directory.path(), STRANGER, STRANGER);
    give(file.path(), STRANGER, STRANGER);
    assert_eq!(number(&file.load().unwrap()), 2);
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn role_credentials_of_another_user_count_as_missing() {
    let directory = tempdir().unwrap();
    let file = RoleCredentialsFile::new(directory.path().join("role.json"));
    let json = r#"{"ProviderType":"sso","Credentials":{"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"2999-01-01T00:00:00Z"}}"#;
    fs::write(file.path(), json).unwrap();
    set_mode(file.path(), 0o644);
    let (credentials, version) = file.load_with_fingerprint().unwrap();
    assert!(!version.is_private() && file.access_warnings().len() == 1);
    give(file.path(), STRANGER, STRANGER);
    assert!(file.load().is_none() && file.lock(LIMIT).unwrap().load().is_none());
    assert!(file.try_load().unwrap_err().is_foreign_owner());
    file.lock(LIMIT).unwrap().store(&credentials).unwrap();
    assert_eq!(file.load(), Some(credentials));
}

/// The file has the name that a killed writer's newer token has.
#[test]
#[ignore = "needs root, to have files of several users"]
fn a_planted_leftover_of_another_user_is_removed() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let left = beside(&file, ".new");
    let later = fs::metadata(file.path()).unwrap().modified().unwrap() + Duration::from_secs(1);
    let plant = || {
        fs::write(&left, &*token(9).to_json()).unwrap();
        fs::File::options().write(true).open(&left).unwrap().set_modified(later).unwrap();
    };
    plant();
    give(&left, STRANGER, STRANGER);
    let lock = file.lock(LIMIT).unwrap();
    assert!(!lock.adopted_leftover());
    assert_eq!(number(&lock.load().unwrap()), 1);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
    // With the right owner, it would be adopted.
    plant();
    drop(lock);
    assert!(file.lock(LIMIT).unwrap().adopted_leftover());
}

#[test]
fn a_hard_link_in_place_of_the_temporary_file_keeps_its_content() {
    let directory = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let (victim, left) = (directory.path().join("victim"), beside(&file, ".new"));
    fs::write(&victim, "untouched").unwrap();
    set_mode(&victim, 0o644);
    fs::hard_link(&victim, &left).unwrap();
    let lock = file.lock(LIMIT).unwrap();
    assert!(!lock.adopted_leftover() && !left.exists());
    fs::hard_link(&victim, &left).unwrap();
    lock.store(&token(2)).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert_eq!(mode(&victim), 0o644);
    assert_eq!(number(&file.load().unwrap()), 2);
}

/// Another user created the lock file or holds the lock. The token is not affected.
#[test]
fn a_planted_lock_file_is_not_followed() {
    let directory: TempDir = tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let victim = directory.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    let lock = beside(&file, ".lock");
    // A link is refused, and its target is neither created nor locked.
    for target in [victim.clone(), directory.path().join("missing")] {
        std::os::unix::fs::symlink(&target, &lock).unwrap();
        assert!(file.try_lock().unwrap_err().io_error().is_some());
        fs::remove_file(&lock).unwrap();
    }
    // The content and the mode of a hard-linked file are unchanged.
    set_mode(&victim, 0o644);
    fs::hard_link(&victim, &lock).unwrap();
    file.lock(LIMIT).unwrap().store(&token(2)).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock", "victim"]);
    assert_eq!(mode(&victim), 0o644);
    // A pipe or a socket in its place does not block.
    fs::remove_file(&lock).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
    let started = std::time::Instant::now();
    let _ = file.try_lock();
    fs::remove_file(&lock).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&lock).unwrap();
    assert!(file.try_lock().is_err());
    assert!(started.elapsed() < LIMIT);
    assert_eq!(number(&file.load().unwrap()), 2);
}

fn owner(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata(path).unwrap().uid()
}
