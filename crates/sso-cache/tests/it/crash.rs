//! A writer that is killed at a random moment leaves a complete token file.
//!
//! `faults` covers each system call. No test here can cut the power.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::thread;
use std::time::Duration;

use sso_cache::CachedToken;
use tempfile::TempDir;

use crate::child::{self, Task};
use crate::fixture::{beside, in_memory, names, number, setting, token, token_file};

/// Kills `SSO_CACHE_CRASH_ROUNDS` writers (60 if that is not set), half of them on a disk and half
/// in memory.
#[test]
fn a_writer_killed_at_a_random_moment_leaves_a_complete_file() {
    let rounds = setting("SSO_CACHE_CRASH_ROUNDS", 60);
    let mut adopted = 0;
    for directory in [tempfile::tempdir().unwrap(), in_memory()] {
        adopted += kill_writers(&directory, rounds / 2);
    }
    println!("{rounds} writers killed; {adopted} times the next one finished what was begun");
}

fn kill_writers(directory: &TempDir, rounds: u64) -> u64 {
    let file = token_file(directory);
    file.store_unlocked(&token(0)).unwrap();
    let random = RandomState::new();
    let mut adopted = 0;
    for round in 0..rounds {
        let mut child = child::command(Task::StoreForEver, file.path()).spawn().unwrap();
        let mut said = child::lines(&mut child);
        let first = said.next().expect("the writer came to write");
        // The first token is stored; the child keeps writing.
        thread::sleep(Duration::from_micros(random.hash_one(round) % 6000));
        child.kill().unwrap();
        child.wait().unwrap();
        let stored: i64 = said.last().unwrap_or(first).parse().unwrap();

        // A reader, which takes no lock, sees a complete token, and no stored token is lost.
        let seen = number(&file.load().unwrap());
        assert!(seen == stored || seen == stored + 1, "{stored} was stored, {seen} is there");

        // The next holder of the lock finds any new token that is complete on the disk.
        let left = fs::read(beside(&file, ".new")).ok();
        let left = left.and_then(|left| CachedToken::parse(&left).ok()).map(|t| number(&t));
        let lock = file.try_lock().unwrap().expect("the kernel has released the lock");
        assert_eq!(number(&lock.load().unwrap()), left.unwrap_or(seen));
        assert_eq!(lock.adopted_leftover(), left.is_some());
        assert_eq!(names(directory.path()), ["token.json", "token.json.lock"]);
        adopted += u64::from(left.is_some());
    }
    adopted
}
