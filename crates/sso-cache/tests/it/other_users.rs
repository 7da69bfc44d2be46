//! Attacks by another user of the machine, with links and with files of their own.
//!
//! The tests run as root. They give the attacker's links to one user ID, and run the victim's
//! process under another.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sso_cache::{CacheFileError, RoleCredentialsFile, TokenFile};
use tempfile::TempDir;

use crate::child::{self, Task};
use crate::fixture::{credentials, names, number, token};
use crate::strace;

const LIMIT: Duration = Duration::from_secs(5);
const ROOT: u32 = 0;
const VICTIM: u32 = 12001;
const ATTACKER: u32 = 12002;

/// A directory with the home of one user and a directory of root.
struct Scene {
    directory: TempDir,
    home: PathBuf,
    tokens: PathBuf,
    roles: PathBuf,
}

/// The home of `owner`, with cache directories of `mode`.
fn scene(owner: u32, mode: u32) -> Scene {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let home = directory.path().join("home");
    let (tokens, roles) = (home.join(".aws/sso/cache"), home.join(".aws/cli/cache"));
    for made in [&tokens, &roles] {
        fs::create_dir_all(made).unwrap();
    }
    for made in [&home, &home.join(".aws"), &home.join(".aws/sso"), &home.join(".aws/cli")] {
        chown(made, Some(owner), Some(owner)).unwrap();
    }
    for made in [&tokens, &roles] {
        chown(made, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(made, fs::Permissions::from_mode(mode)).unwrap();
    }
    // The victim's process is a copy of this test binary, which every user may run. A copy that
    // this process wrote could not be run while another test forks.
    let mut copy = Command::new("cp");
    copy.arg(std::env::current_exe().unwrap()).arg(directory.path().join("test"));
    assert!(copy.status().unwrap().success());
    Scene { directory, home, tokens, roles }
}

impl Scene {
    /// Creates a file of that owner that every user can read, with its directories.
    fn file(&self, name: &str, content: &[u8], owner: u32) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        path
    }

    /// Runs the task as the victim.
    fn as_victim(&self, task: Task, path: &Path) -> Vec<String> {
        let mut command = Command::new(self.directory.path().join("test"));
        command.args(child::arguments()).uid(VICTIM).gid(VICTIM).current_dir("/");
        child::assign(&mut command, task, path);
        child::run(command)
    }
}

/// A link that `maker` made.
fn link(target: &Path, path: &Path, maker: u32) {
    let _ = fs::remove_file(path);
    symlink(target, path).unwrap();
    lchown(path, Some(maker), Some(maker)).unwrap();
}

/// The link that the error names.
fn refused_link<T: std::fmt::Debug>(result: Result<T, CacheFileError>) -> PathBuf {
    match result {
        Err(CacheFileError::UntrustedLink { link, .. }) => link,
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn root_replaces_no_file_of_its_own_through_a_link_in_a_user_s_home() {
    let scene = scene(ATTACKER, 0o700);
    let script = scene.file("root/.profile", b"#!/bin/sh\n", ROOT);
    let file = RoleCredentialsFile::new(scene.roles.join("role.json"));
    link(&script, file.path(), ATTACKER);
    assert!(file.store_unlocked(&credentials(1)).is_err());
    if let Ok(lock) = file.lock(LIMIT) {
        assert!(lock.store(&credentials(1)).is_err());
    }
    let tokens = TokenFile::new(scene.tokens.join("token.json"));
    link(&script, tokens.path(), ATTACKER);
    assert!(tokens.store_unlocked(&token(1)).is_err());
    assert!(tokens.reserve_unlocked().is_err());
    assert_eq!(fs::read(&script).unwrap(), b"#!/bin/sh\n");
    assert_eq!(names(script.parent().unwrap()), [".profile"], "and no lock beside it");
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn root_reads_no_token_of_its_own_through_a_link_in_a_user_s_home() {
    let scene = scene(ATTACKER, 0o700);
    let own = scene.file("root/cache/token.json", &token(1).to_json(), ROOT);
    let file = TokenFile::new(scene.tokens.join("token.json"));
    link(&own, file.path(), ATTACKER);
    assert!(file.load().is_err());
    assert!(file.load_once().is_err());
    // If there is a link behind the link, the error names the first.
    let second = scene.home.join("second.json");
    link(&own, &second, ATTACKER);
    link(&second, file.path(), ATTACKER);
    assert_eq!(refused_link(file.load()), file.path());
    // The link leads into a directory that does not exist.
    let missing = scene.directory.path().join("root/missing/token.json");
    link(&missing, file.path(), ATTACKER);
    assert_eq!(refused_link(file.store_unlocked(&token(1))), file.path());
    // The directory itself is the link.
    fs::remove_dir_all(&scene.tokens).unwrap();
    link(own.parent().unwrap(), &scene.tokens, ATTACKER);
    assert_eq!(refused_link(file.load()), scene.tokens);
    assert!(file.lock(LIMIT).is_err());
    assert_eq!(names(own.parent().unwrap()), ["token.json"]);
    // A link to a file of the link's maker is followed.
    let theirs = scene.file("home/elsewhere/token.json", &token(2).to_json(), ATTACKER);
    chown(theirs.parent().unwrap(), Some(ATTACKER), Some(ATTACKER)).unwrap();
    link(theirs.parent().unwrap(), &scene.tokens, ATTACKER);
    assert_eq!(number(&file.load().unwrap()), 2);
    // A link that root made is followed.
    link(&own, theirs.as_path(), ROOT);
    assert_eq!(number(&file.load().unwrap()), 1);
}

/// The user keeps replacing the directory by a link while root stores.
#[test]
#[ignore = "needs root, to have files of several users"]
fn root_creates_no_file_where_a_user_redirects_the_directory() {
    let scene = scene(ATTACKER, 0o700);
    let target = scene.file("root/target/untouched", b"", ROOT);
    let target = target.parent().unwrap();
    let turned = scene.home.join(".aws/cli/turned");
    link(target, &turned, ATTACKER);
    let file = RoleCredentialsFile::new(scene.roles.join("role.json"));
    let done = AtomicBool::new(false);
    let stored = thread::scope(|scope| {
        scope.spawn(|| {
            let exchange = RenameFlags::EXCHANGE;
            while !done.load(Ordering::Relaxed) {
                renameat_with(CWD, &scene.roles, CWD, &turned, exchange).unwrap();
            }
        });
        let stored = (0..3000).filter(|_| file.store_unlocked(&credentials(1)).is_ok()).count();
        done.store(true, Ordering::Relaxed);
        stored
    });
    println!("{stored} of 3000 were stored");
    assert!(stored > 100, "it must come through when the directory is itself");
    assert_eq!(names(target), ["untouched"]);
}

/// The user replaces a directory that root has just created, before root changes its owner.
#[test]
#[ignore = "needs strace, to delay a system call, and root, to have files of several users"]
fn root_gives_no_directory_of_its_own_to_a_user() {
    let scene = scene(ATTACKER, 0o700);
    let (own, trace) = (scene.directory.path().join("own"), scene.directory.path().join("trace"));
    fs::create_dir(&own).unwrap();
    let (made, path) = (scene.home.join(".aws"), scene.roles.join("role.json"));
    fs::remove_dir_all(&made).unwrap();
    let calls = strace::run(Task::StoreRoleOnce, &path, &trace, None).calls;
    let mkdir = calls.iter().find(|call| call.name == "mkdirat").unwrap();
    fs::remove_dir_all(&made).unwrap();
    let run = thread::scope(|scope| {
        scope.spawn(|| {
            while fs::rename(&made, scene.home.join("moved")).is_err() {
                thread::yield_now();
            }
            link(&own, &made, ATTACKER);
        });
        let delay = "delay_exit=1000000"; // microseconds
        strace::run(Task::StoreRoleOnce, &path, &trace, Some((mkdir, delay)))
    });
    assert_eq!(fs::metadata(&own).unwrap().uid(), ROOT);
    assert_eq!(run.said, ["failed"]);
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn root_does_not_load_its_token_with_a_user_s_config_file() {
    let scene = scene(ROOT, 0o700);
    let config = scene.file("user/config", b"", ATTACKER);
    let file = TokenFile::new(scene.tokens.join("token.json"));
    file.store_unlocked(&token(1)).unwrap();
    let with_config = file.clone().with_config_file(&config);
    let error = with_config.load().unwrap_err();
    assert!(error.to_string().contains("/user/config"), "{error}");
    assert!(with_config.load_once().is_err());
    assert!(with_config.lock(LIMIT).unwrap().load().is_err());
    // In that user's own home it is their own token.
    for made in [scene.tokens.as_path(), file.path()] {
        chown(made, Some(ATTACKER), Some(ATTACKER)).unwrap();
    }
    assert_eq!(number(&with_config.load().unwrap()), 1);
    chown(&config, Some(ROOT), Some(ROOT)).unwrap();
    assert_eq!(number(&with_config.load().unwrap()), 1);
    chown(&config, Some(VICTIM), Some(VICTIM)).unwrap();
    assert!(with_config.load().is_err());
}

/// The attacker controls the content of a file of root (a git checkout, `/proc/PID/cmdline`), or
/// replaces the file after it was read.
#[test]
#[ignore = "needs root, to have files of several users"]
fn root_does_not_load_its_token_if_a_user_can_replace_the_config_file() {
    let scene = scene(ROOT, 0o700);
    let filled = scene.file("filled", b"", ROOT);
    let file = TokenFile::new(scene.tokens.join("token.json"));
    file.store_unlocked(&token(1)).unwrap();
    let is_sent = |config: &Path| file.clone().with_config_file(config).load().is_ok();
    assert!(is_sent(&filled));
    let by_link = scene.directory.path().join("link");
    link(&filled, &by_link, ROOT);
    assert!(is_sent(&by_link));

    link(&filled, &by_link, ATTACKER);
    assert!(!is_sent(&by_link));
    // The owner of the directory may have moved root's file there, or removed another file.
    let moved = scene.file("user/config", b"", ROOT);
    chown(moved.parent().unwrap(), Some(ATTACKER), Some(ATTACKER)).unwrap();
    assert!(!is_sent(&moved));
    fs::remove_file(&moved).unwrap();
    assert!(!is_sent(&moved));
    // Each of several config files is checked.
    let both = file.clone().with_config_file(&filled).with_config_file(&moved);
    assert!(both.load().is_err());
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn a_cache_directory_of_another_user_is_warned_about() {
    let scene = scene(VICTIM, 0o755);
    let path = scene.file("home/.aws/sso/cache/token.json", &token(1).to_json(), VICTIM);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for owner in [VICTIM, ROOT] {
        chown(&scene.tokens, Some(owner), Some(owner)).unwrap();
        assert!(scene.as_victim(Task::Warn, &path).is_empty(), "{owner}");
    }
    chown(&scene.tokens, Some(ATTACKER), Some(ATTACKER)).unwrap();
    let directory = scene.tokens.display();
    let warning = format!(
        "the cache directory {directory} belongs to another user ({ATTACKER}), who may remove or \
         block what is in it; use one of your own"
    );
    assert_eq!(scene.as_victim(Task::Warn, &path), [warning]);
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn directories_that_root_creates_belong_to_the_owner_of_their_parent() {
    let scene = scene(VICTIM, 0o700);
    fs::remove_dir_all(scene.home.join(".aws")).unwrap();
    let role = RoleCredentialsFile::new(scene.roles.join("role.json"));
    role.lock(LIMIT).unwrap().store(&credentials(1)).unwrap();
    TokenFile::new(scene.tokens.join("token.json")).store_unlocked(&token(1)).unwrap();
    let mut paths = vec![scene.home.join(".aws")];
    while let Some(path) = paths.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (VICTIM, VICTIM), "{}", path.display());
        if metadata.is_dir() {
            assert_eq!(metadata.mode() & 0o777, 0o700);
            paths.extend(names(&path).iter().map(|name| path.join(name)));
        }
    }
}

#[test]
#[ignore = "needs root, to have files of several users"]
fn a_link_of_another_user_neither_replaces_nor_creates_a_file() {
    let scene = scene(VICTIM, 0o777);
    let keys = scene.file("home/.ssh/authorized_keys", b"ssh-ed25519", VICTIM);
    chown(keys.parent().unwrap(), Some(VICTIM), Some(VICTIM)).unwrap();
    let path = scene.roles.join("role.json");
    link(&keys, &path, ATTACKER);
    assert_eq!(scene.as_victim(Task::StoreRoleOnce, &path), ["failed"]);
    assert_eq!(fs::read(&keys).unwrap(), b"ssh-ed25519");
    assert_eq!(names(keys.parent().unwrap()), ["authorized_keys"]);

    // Dangling links, into a directory that exists and into one that does not.
    for target in [".ssh/x.json", ".config/autostart/x.json"] {
        link(&scene.home.join(target), &path, ATTACKER);
        assert_eq!(scene.as_victim(Task::StoreRoleOnce, &path), ["failed"]);
        assert!(!scene.home.join(target).exists(), "{target}");
        assert!(!scene.home.join(".config").exists());
    }
    // Behind the victim's own link, only a cache file is replaced.
    link(&keys, &path, VICTIM);
    assert_eq!(scene.as_victim(Task::StoreRoleOnce, &path), ["failed"]);
    assert_eq!(fs::read(&keys).unwrap(), b"ssh-ed25519");
    // A cache file or an empty file is replaced.
    let cached = scene.file("home/.ssh/role.json", b"", VICTIM);
    link(&cached, &path, VICTIM);
    for _ in 0..2 {
        assert_eq!(scene.as_victim(Task::StoreRoleOnce, &path), ["stored"]);
        assert!(RoleCredentialsFile::new(&cached).load().is_some());
    }
}

/// The attacker controls the content of a file that root or the victim owns: a git checkout,
/// `/proc/PID/cmdline`.
#[test]
#[ignore = "needs root, to have files of several users"]
fn a_login_behind_a_link_of_another_user_is_not_used() {
    let scene = scene(VICTIM, 0o777);
    let role = RoleCredentialsFile::to_json(&credentials(1));
    let (token_path, role_path) = (scene.tokens.join("token.json"), scene.roles.join("role.json"));
    for owner in [VICTIM, ROOT] {
        let filled = scene.file("checkout/token.json", &token(1).to_json(), owner);
        link(&filled, &token_path, ATTACKER);
        assert_eq!(scene.as_victim(Task::Load, &token_path), ["refused"], "{owner}");
        // Through a second link, which the victim made.
        let own = scene.directory.path().join("own.json");
        link(&filled, &own, VICTIM);
        link(&own, &token_path, ATTACKER);
        assert_eq!(scene.as_victim(Task::Load, &token_path), ["refused"], "{owner}");

        let filled = scene.file("checkout/role.json", &role, owner);
        link(&filled, &role_path, ATTACKER);
        assert_eq!(scene.as_victim(Task::LoadRole, &role_path), ["none"], "{owner}");
        // The same file through a link of the victim or of root is used.
        for maker in [VICTIM, ROOT] {
            link(&filled, &role_path, maker);
            assert_eq!(scene.as_victim(Task::LoadRole, &role_path), ["loaded"], "{owner} {maker}");
        }
    }
}

#[test]
fn role_credentials_of_another_account_are_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let file = |account: &str| {
        RoleCredentialsFile::standard(
            directory.path(),
            &account.parse().unwrap(),
            &"role".parse().unwrap(),
            &sso_cache::CacheKey::for_session(&"session".parse().unwrap()),
        )
    };
    let (dev, prod) = (file("111111111111"), file("1234567890"));
    prod.store_unlocked(&credentials(1)).unwrap();
    assert!(prod.load().is_some());
    fs::rename(prod.path(), dev.path()).unwrap();
    assert!(dev.load().is_none() && dev.load_with_fingerprint().is_none());
    assert!(dev.lock(LIMIT).unwrap().load().is_none());
    dev.lock(LIMIT).unwrap().store(&credentials(2)).unwrap();
}
