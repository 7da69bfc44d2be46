//! A store whose process is killed at each of its system calls, or for which each of them fails.
//!
//! `cargo test` must pass without strace, so the tests that need it are ignored. `cargo xtask ci`
//! installs it and runs them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sso_cache::{CachedToken, TokenFile};

use crate::child::{self, LIMIT, Task};
use crate::fixture::{beside, in_memory, mode, names, number, token, token_file};
use crate::strace::{self, Call};

#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn a_writer_killed_at_any_system_call_loses_no_token() {
    let directory = in_memory();
    let file = token_file(&directory);
    let trace = directory.path().join("trace");
    let mut adopted = 0;
    let calls = calls_of(Task::StoreOnce);
    let named = |name: &str| calls.iter().filter(|call| call.name == name).count();
    assert!(named("write") == 1 && named("fsync") == 2 && named("flock") == 2, "{calls:#?}");
    for call in &calls {
        start_anew(&file);
        let run = strace::run(Task::StoreOnce, file.path(), &trace, Some((call, "signal=SIGKILL")));
        // The child is killed on entry to the call: earlier calls were made, this one was not.
        let done =
            |name: &str| run.calls.iter().any(|c| c.name == name && !c.line.ends_with("= ?"));
        assert!(run.said.is_empty(), "it was killed at {call:?}, yet said {:?}", run.said);

        let seen = number(&file.load().unwrap());
        assert!(seen == i64::from(done("renameat")), "the file has token {seen} after {call:?}");
        let lock = file.try_lock().unwrap().expect("the kernel has released the lock");
        let had = number(&lock.load().unwrap());
        assert_eq!(had, i64::from(done("write")), "token {had} was loaded after {call:?}");
        assert_eq!(lock.adopted_leftover(), done("write") && !done("renameat"), "{call:?}");
        adopted += u32::from(lock.adopted_leftover());
        assert_eq!(names(directory.path()), ["token.json", "token.json.lock"], "{call:?}");
    }
    println!("killed at {} system calls; {adopted} times finished by the next", calls.len());
    assert!(adopted > 0);
}

/// A root process is killed while it stores in a user's home. As soon as the temporary file is
/// complete, it belongs to that user, who can recover the token.
#[test]
#[ignore = "needs strace, to end a system call, and root, to have files of several users"]
fn files_of_a_killed_root_process_belong_to_the_user() {
    use std::os::unix::fs::{MetadataExt as _, chown};

    let directory = in_memory();
    let file = token_file(&directory);
    let (trace, left) = (directory.path().join("trace"), beside(&file, ".new"));
    let owner = 65534;
    let start = || {
        start_anew(&file);
        chown(directory.path(), Some(owner), Some(owner))?;
        chown(file.path(), Some(owner), Some(owner))
    };
    start().unwrap();
    let calls = strace::run(Task::StoreOnce, file.path(), &trace, None).calls;
    let given = calls.iter().rposition(|call| call.name == "fchown").unwrap();
    let renamed = calls.iter().position(|call| call.name == "renameat").unwrap();
    let mut whole = 0;
    for call in &calls[given..=renamed] {
        start().unwrap();
        strace::run(Task::StoreOnce, file.path(), &trace, Some((call, "signal=SIGKILL")));
        let content = std::fs::read(&left).unwrap();
        if CachedToken::parse(&content).is_ok() {
            assert_eq!(std::fs::metadata(&left).unwrap().uid(), owner, "{call:?}");
            whole += 1;
        }
        assert!(file.try_lock().unwrap().is_some());
    }
    assert!(whole > 0);
}

#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn a_failed_system_call_leaves_the_old_or_the_new_token() {
    let directory = in_memory();
    let file = token_file(&directory);
    let trace = directory.path().join("trace");
    let (mut stored, mut failed, mut checks) = (0, 0, 0);
    for task in [Task::StoreOnce, Task::StoreOnceUnlocked] {
        for call in calls_of(task) {
            // std assumes that these calls succeed.
            if matches!(call.name.as_str(), "close" | "fcntl") {
                continue;
            }
            // The most likely error of this call.
            let error = match call.name.as_str() {
                "write" | "fsync" | "mkdirat" => "ENOSPC",
                "openat" => "EMFILE",
                "renameat" | "unlinkat" => "EROFS",
                "flock" => "ENOLCK",
                "readlinkat" | "statx" | "newfstatat" => "EACCES",
                _ => "EIO",
            };
            start_anew(&file);
            let fault = format!("error={error}");
            let run = strace::run(task, file.path(), &trace, Some((&call, &fault)));
            let error = format!("{error} at {call:?}");

            // The old token after a failure, the new one after success; always complete.
            let seen = number(&file.load().unwrap());
            match run.said.first().map(String::as_str) {
                Some("stored") => assert_eq!(seen, 1, "{error}"),
                // `None`: the child could not load the old token.
                Some("failed") | None => assert_eq!(seen, 0, "{error}"),
                Some(other) => panic!("{other}"),
            }
            // The file could be a pipe, or belong to another user.
            let is_check = matches!(call.name.as_str(), "statx" | "newfstatat")
                && call.line.contains("\"token.json\"");
            assert!(!is_check || seen == 0, "replaced without a check: {error}");
            checks += u32::from(is_check);
            stored += u32::from(seen == 1);
            failed += u32::from(seen == 0);
            let left = names(directory.path());
            let left: Vec<_> = left.iter().filter(|&name| name != "token.json.lock").collect();
            assert_eq!(left, ["token.json"], "{error}");
        }
    }
    println!("{failed} faults failed the store, {stored} did not");
    assert!(failed > 10 && stored > 0 && checks > 0);
}

/// The leftover may contain the only valid refresh token.
#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn a_leftover_that_cannot_be_examined_is_not_removed() {
    let directory = in_memory();
    let file = token_file(&directory);
    let trace = directory.path().join("trace");
    let leave = || {
        start_anew(&file);
        let left = beside(&file, ".new");
        std::fs::write(&left, &*token(1).to_json()).unwrap();
        let later = std::time::SystemTime::now() + Duration::from_secs(1);
        std::fs::File::options().write(true).open(&left).unwrap().set_modified(later).unwrap();
    };
    leave();
    let run = strace::run(Task::Reserve, file.path(), &trace, None);
    assert_eq!(run.said, ["reserved"]);
    let mut refused = 0;
    for call in run.calls.iter().filter(|call| !matches!(&*call.name, "close" | "fcntl")) {
        for error in ["EMFILE", "EIO"] {
            leave();
            let fault = format!("error={error}");
            let run = strace::run(Task::Reserve, file.path(), &trace, Some((call, &fault)));
            refused += u32::from(run.said != ["reserved"]);
            assert_eq!(number(&file.lock(LIMIT).unwrap().load().unwrap()), 1, "{call:?}");
        }
    }
    assert!(refused > 10, "{refused}");
}

/// The system calls of a successful store.
fn calls_of(task: Task) -> Vec<Call> {
    let directory = in_memory();
    let file = token_file(&directory);
    start_anew(&file);
    let run = strace::run(task, file.path(), &directory.path().join("trace"), None);
    assert_eq!(run.said, ["stored"]);
    for call in run.calls.iter().filter(|call| call.line.contains("O_CREAT")) {
        assert!(call.line.contains(", 0600)"), "for this user alone from the start: {call:?}");
    }
    run.calls
}

/// Resets the files for a run: the token 0, and no lock file.
fn start_anew(file: &TokenFile) {
    file.store_unlocked(&token(0)).unwrap();
    // A run without the lock creates no lock file.
    let _ = std::fs::remove_file(beside(file, ".lock"));
}

/// The content is synced before the rename, and then the directory and its new parents. So a power
/// failure leaves the old file or the new one.
#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn a_first_token_is_synced_before_it_is_renamed() {
    let directory = in_memory();
    let file = TokenFile::new(directory.path().join(".aws/sso/cache/token.json"));
    let run = strace::run(Task::Try, file.path(), &directory.path().join("trace"), None);
    assert_eq!(run.said, ["load: error 0; lock: taken; store: stored"]);
    let steps = run.calls.iter().map(|call| call.name.as_str());
    let steps: Vec<_> =
        steps.filter(|name| ["write", "fsync", "renameat"].contains(name)).collect();
    assert_eq!(steps[..3], ["write", "fsync", "renameat"]);
    assert_eq!(steps[3..], ["fsync"; 4], "cache, sso, .aws and the home");
}

/// After the lock is released, the temporary file may be that of the next holder.
#[test]
#[ignore = "needs strace, to see the order of system calls"]
fn a_failed_store_removes_its_temporary_file_before_it_releases_the_lock() {
    let directory = in_memory();
    let file = token_file(&directory);
    let trace = directory.path().join("trace");
    let run = strace::run(Task::StoreUnusable, file.path(), &trace, None);
    assert_eq!(run.said, ["failed"]);
    let steps = run.calls.iter().filter(|call| {
        call.name == "unlinkat" && call.line.contains("token.json.new")
            || call.name == "flock" && call.line.contains("LOCK_UN")
    });
    let steps: Vec<_> = steps.map(|call| call.name.as_str()).collect();
    assert_eq!(steps, ["unlinkat", "flock"], "{:#?}", run.calls);
}

/// Role credentials can be fetched again, so a store does not sync, even if it creates the
/// directory.
#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn role_credentials_are_written_without_a_sync() {
    let directory = in_memory();
    let path = directory.path().join("cli/cache/role.json");
    let run = strace::run(Task::StoreRoleOnce, &path, &directory.path().join("trace"), None);
    assert_eq!(run.said, ["stored"]);
    assert!(run.calls.iter().any(|call| call.name == "renameat"), "{:#?}", run.calls);
    let waits: Vec<_> = run.calls.iter().filter(|call| call.name.contains("sync")).collect();
    assert!(waits.is_empty(), "{waits:#?}");
}

/// Uses a limit on the size of files in place of a full disk.
#[test]
fn a_store_without_disk_space_leaves_the_old_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let said = child::run(limited("trap '' XFSZ; ulimit -f 0", Task::Try, &file));
    assert_eq!(said, ["load: 1; lock: taken; store: error 27"]);
    assert_eq!(number(&file.load().unwrap()), 1);
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[test]
fn too_many_open_files_is_a_temporary_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let said = child::run(limited("ulimit -n 32", Task::Starve, &file));
    let nothing = "error 24";
    assert_eq!(
        said,
        [
            format!("load: {nothing}; lock: {nothing}; store: {nothing}"),
            "load: 1; lock: taken; store: stored".to_owned()
        ],
        "the next call succeeds"
    );
    assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
}

#[test]
fn a_umask_of_0777_does_not_affect_modes() {
    let directory = tempfile::tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    let said = child::run(limited("umask 0777", Task::Try, &file));
    assert_eq!(said, ["load: 1; lock: taken; store: stored"]);
    assert_eq!(mode(file.path()), 0o600);
    assert_eq!(mode(&beside(&file, ".lock")), 0o600);
}

/// The cache is cleared after a process has written its temporary file and before it renames it.
#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn a_directory_removed_during_a_store_is_created_again() {
    let directory = in_memory();
    let file = TokenFile::new(directory.path().join("cache/token.json"));
    file.store_unlocked(&token(1)).unwrap();
    let mut child = delayed("renameat", Task::Try, &file).spawn().unwrap();
    let cache = file.path().parent().unwrap();
    while !names(cache).iter().any(|name| Path::new(name).extension() == Some("tmp".as_ref())) {
        std::thread::yield_now();
    }
    std::fs::remove_dir_all(cache).unwrap();
    let said: Vec<_> = child::lines(&mut child).collect();
    child.wait().unwrap();
    assert_eq!(said, ["load: 1; lock: taken; store: stored"]);
    assert_eq!(number(&file.load().unwrap()), 7);
    assert_eq!(names(cache), ["token.json"]);
}

/// The cache is cleared after a process has opened the lock file and before it locks it. It must not
/// lock a file that has no name any more.
#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn a_lock_file_removed_before_it_is_locked_is_created_again() {
    let directory = in_memory();
    let file = token_file(&directory);
    let mut child = delayed("flock", Task::Hold, &file).spawn().unwrap();
    let lock_path = beside(&file, ".lock");
    while std::fs::remove_file(&lock_path).is_err() {
        std::thread::yield_now();
    }
    let mut said = child::lines(&mut child);
    assert_eq!(said.next().as_deref(), Some("locked"));
    let held = file.try_lock().map(|lock| lock.is_none());
    // Removing the directory ends the child.
    drop(directory);
    assert_eq!(said.next(), None);
    child.wait().unwrap();
    assert!(held.unwrap(), "the child holds the lock that others see");
}

/// Another user creates a hard link after a process has looked for the lock file and before it creates
/// one. The process must not change the mode and the owner of that file.
#[test]
#[ignore = "needs strace, to end or fail a system call"]
fn a_lock_file_planted_before_its_creation_keeps_mode_and_owner() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

    let directory = in_memory();
    let file = token_file(&directory);
    start_anew(&file);
    let victim = directory.path().join("victim");
    std::fs::write(&victim, "").unwrap();
    std::fs::set_permissions(&victim, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::hard_link(&victim, beside(&file, ".lock")).unwrap();
    // Root gives a new lock file the owner of the directory; other users cannot change owners.
    let _ = chown(directory.path(), Some(65534), Some(65534));
    let before = std::fs::metadata(&victim).unwrap();

    let calls = calls_of(Task::StoreOnce);
    let look = calls.iter().find(|call| call.line.contains("token.json.lock\"")).unwrap();
    let trace = directory.path().join("trace");
    let run = strace::run(Task::StoreOnce, file.path(), &trace, Some((look, "error=ENOENT")));
    assert_eq!(run.said, ["stored"]);
    let after = std::fs::metadata(&victim).unwrap();
    assert_eq!((after.mode(), after.uid()), (before.mode(), before.uid()));
}

/// A command for this test binary, which is delayed before its first system call of that name.
fn delayed(call: &str, task: Task, file: &TokenFile) -> Command {
    let mut command = Command::new("strace");
    let delay = format!("inject={call}:delay_enter=500000:when=1");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &delay]);
    command.arg(std::env::current_exe().unwrap()).args(child::arguments());
    child::assign(&mut command, task, file.path());
    command
}

/// A command for this test binary under a limit that the shell sets.
fn limited(limit: &str, task: Task, file: &TokenFile) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limit}; exec \"$0\" \"$@\""));
    command.arg(std::env::current_exe().unwrap()).args(child::arguments());
    child::assign(&mut command, task, file.path());
    command
}

/// A read-only directory. Root may write everywhere, so a root run does
/// this as another user.
#[test]
fn a_directory_without_the_right_to_write() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;

    let directory = tempfile::tempdir().unwrap();
    let file = token_file(&directory);
    file.store_unlocked(&token(1)).unwrap();
    // Another user may not reach this test binary, so use a copy. `cp` makes it: a copy that this
    // process wrote could not be run while another test forks.
    let copies = tempfile::tempdir().unwrap();
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(copies.path(), 0o755);
    let program = copies.path().join("test");
    let mut copy = Command::new("cp");
    assert!(copy.arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap().success());
    let mut command = Command::new(program);
    command.args(child::arguments()).current_dir("/");
    child::assign(&mut command, Task::Try, file.path());
    let nobody = Some(65534);
    if chown(file.path(), nobody, nobody).is_ok() && chown(directory.path(), nobody, nobody).is_ok()
    {
        command.uid(65534).gid(65534);
    }
    set_mode(directory.path(), 0o500);
    let said = child::run(command);
    set_mode(directory.path(), 0o700);
    assert_eq!(said, ["load: 1; lock: unavailable error 13; store: error 13"]);
    assert_eq!(names(directory.path()), ["token.json"]);
}
