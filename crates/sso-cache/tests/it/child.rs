//! Runs this test binary again as a child process that performs one task, so that a test can kill it or limit it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use sso_cache::{CachedToken, RoleCredentialsFile, TokenFile};
use sso_types::AccessToken;

use crate::fixture::{number, token};

const TASK: &str = "SSO_CACHE_TEST_TASK";
const PATH: &str = "SSO_CACHE_TEST_PATH";
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The task of the child process.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    /// Under the lock, store the next token, in an endless loop. Prints each number that is stored.
    StoreForEver,
    /// The same as `StoreForEver`, once. Prints `stored`, or `failed`.
    StoreOnce,
    /// Store once without the lock.
    StoreOnceUnlocked,
    /// Reserve space under the lock, and try to store an unusable token there. Prints `failed`.
    StoreUnusable,
    /// Reserve space under the lock, once. Prints `reserved`, or `failed`.
    Reserve,
    /// Under the lock, store role credentials, once. Prints `stored`, or `failed`.
    StoreRoleOnce,
    /// The same as `StoreForEver`, 25 times.
    Count,
    /// Take the lock, print `locked`, and wait until the process is killed or the directory is removed.
    Hold,
    /// Open files until there are no more, then load, lock and store. Prints what happened.
    Starve,
    /// Load, lock, store. Prints what happened.
    Try,
    /// Load a token, without and with the lock. Prints whether it was refused.
    Load,
    /// Load role credentials. Prints `loaded` or `none`.
    LoadRole,
    /// Prints the access warnings about a token file.
    Warn,
}

/// This test binary as a command that does `task`.
pub(crate) fn arguments() -> [&'static str; 4] {
    ["child::as_a_child", "--exact", "--nocapture", "--test-threads=1"]
}

/// Sets the task of the process that `command` starts.
pub(crate) fn assign(command: &mut Command, task: Task, path: &Path) {
    command.env(TASK, format!("{task:?}")).env(PATH, path);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
}

pub(crate) fn command(task: Task, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments());
    assign(&mut command, task, path);
    command
}

/// The lines that the child prints for its parent, without what the test harness prints.
pub(crate) fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let output = BufReader::new(child.stdout.take().unwrap());
    output.lines().map_while(Result::ok).filter_map(|line| {
        // The harness prints the name of the test and no newline before the first.
        line.split_once("child> ").map(|(_, said)| said.to_owned())
    })
}

/// Runs the child to its end and returns the lines that it printed.
pub(crate) fn run(mut command: Command) -> Vec<String> {
    let mut child = command.spawn().unwrap();
    let said = lines(&mut child).collect();
    child.wait().unwrap();
    said
}

fn say(what: impl std::fmt::Display) {
    println!("child> {what}");
    std::io::stdout().flush().unwrap();
}

/// Runs the task in the child process. In an ordinary test run, it does nothing.
#[test]
fn as_a_child() {
    let (Ok(task), Some(path)) = (std::env::var(TASK), std::env::var_os(PATH)) else { return };
    let file = TokenFile::new(&path);
    match task.as_str() {
        "StoreForEver" => loop {
            say(store_next(&file));
        },
        "Count" => (0..25).for_each(|_| _ = store_next(&file)),
        "StoreOnce" => {
            warm_up();
            let next = next(&file.load().unwrap());
            let stored = file.lock(LIMIT).map(|lock| lock.store(&next));
            say(if matches!(stored, Ok(Ok(_))) { "stored" } else { "failed" });
        }
        "StoreOnceUnlocked" => {
            warm_up();
            let stored = file.store_unlocked(&next(&file.load().unwrap()));
            say(if stored.is_ok() { "stored" } else { "failed" });
        }
        "StoreUnusable" => {
            let reservation = file.lock(LIMIT).unwrap().reserve().unwrap();
            let empty = CachedToken::new(AccessToken::new(""), Timestamp::UNIX_EPOCH);
            reservation.store(&empty).unwrap_err();
            say("failed");
        }
        "Reserve" => {
            warm_up();
            let reserved = file.lock(LIMIT).map(|lock| lock.reserve());
            say(if matches!(reserved, Ok(Ok(_))) { "reserved" } else { "failed" });
        }
        "StoreRoleOnce" => {
            let lock = RoleCredentialsFile::new(path).lock(LIMIT);
            let stored = lock.map(|lock| lock.store(&crate::fixture::credentials(1)));
            say(if matches!(stored, Ok(Ok(_))) { "stored" } else { "failed" });
        }
        "Hold" => {
            let _lock = file.lock(LIMIT).unwrap();
            say("locked");
            while file.path().parent().is_some_and(Path::exists) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        "Starve" => {
            let all: Vec<_> = (0..).map_while(|_| File::open("/dev/null").ok()).collect();
            say(attempt(&file));
            drop(all);
            say(attempt(&file));
        }
        "Try" => say(attempt(&file)),
        "Load" => {
            let locked = file.lock(LIMIT).map(|lock| lock.load());
            let is_refused = |error: &sso_cache::CacheFileError| error.is_foreign_owner();
            say(match (file.load(), locked) {
                (Ok(_), _) | (_, Ok(Ok(_))) => "loaded",
                (Err(error), _) if is_refused(&error) => "refused",
                (Err(_), _) => "failed",
            });
        }
        "LoadRole" => {
            let loaded = RoleCredentialsFile::new(path).load();
            say(if loaded.is_some() { "loaded" } else { "none" });
        }
        "Warn" => file.access_warnings().iter().for_each(say),
        other => panic!("no such task: {other}"),
    }
}

/// Makes the system calls of a store several times in another directory; see `strace::Call`.
fn warm_up() {
    let directory = crate::fixture::in_memory();
    let file = crate::fixture::token_file(&directory);
    file.store_unlocked(&token(0)).unwrap();
    (0..30).for_each(|_| _ = store_next(&file));
}

fn next(token: &CachedToken) -> CachedToken {
    crate::fixture::token(number(token) + 1)
}

fn store_next(file: &TokenFile) -> i64 {
    let lock = file.lock(LIMIT).unwrap();
    let next = number(&lock.load().unwrap()) + 1;
    lock.store(&token(next)).unwrap();
    next
}

fn attempt(file: &TokenFile) -> String {
    let kind = |error: Option<&std::io::Error>| {
        format!("error {}", error.and_then(std::io::Error::raw_os_error).unwrap_or_default())
    };
    let loaded = file.load().map(|token| number(&token));
    let loaded = loaded.map_or_else(|error| kind(error.io_error()), |number| number.to_string());
    let locked = match file.try_lock() {
        Ok(Some(_)) => "taken".to_owned(),
        Ok(None) => "held".to_owned(),
        Err(error) if error.is_unavailable() => format!("unavailable {}", kind(error.io_error())),
        Err(error) => kind(error.io_error()),
    };
    let stored = file.store_unlocked(&token(7));
    let stored = stored.map_or_else(|error| kind(error.io_error()), |_| "stored".to_owned());
    format!("load: {loaded}; lock: {locked}; store: {stored}")
}
