//! Readers while other processes write: ours, and programs that truncate and write in place.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sso_cache::CachedToken;

use crate::fixture::{in_memory, loop_time, number, token, token_file};

const LIMIT: Duration = Duration::from_secs(30);

/// The time for which a file may stay incomplete, as documented.
const WAITED_FOR: Duration = Duration::from_millis(70);

/// The least number of writes and reads, so that they overlap.
const MIN_TURNS: u64 = 51;

/// Runs `write` in a loop in another thread, and `read` in a loop in this one; counts both.
fn loops(write: impl Fn(i64) + Sync, mut read: impl FnMut()) -> (u64, u64) {
    let done = AtomicBool::new(false);
    let writes = AtomicU64::new(0);
    let mut reads = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 1.. {
                write(turn);
                writes.fetch_add(1, Ordering::Relaxed);
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        // Stop the writer even if a read panics, since the scope waits for it.
        let _stop = Stop(&done);
        let start = Instant::now();
        // A busy machine may need more time for the least number of rounds.
        let is_enough = |reads| reads >= MIN_TURNS && writes.load(Ordering::Relaxed) >= MIN_TURNS;
        while start.elapsed() < loop_time() || !is_enough(reads) && start.elapsed() < LIMIT {
            read();
            reads += 1;
        }
    });
    (writes.load(Ordering::Relaxed), reads)
}

/// Ends the writer's loop when it is dropped.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_reader_never_sees_a_broken_file() {
    let directory = in_memory();
    let file = token_file(&directory);
    file.store_unlocked(&token(0)).unwrap();
    let mut last = 0;
    let (writes, reads) = loops(
        |turn| {
            // With and without the lock in turn.
            if turn % 2 == 0 {
                file.lock(LIMIT).unwrap().store(&token(turn)).unwrap();
            } else {
                file.store_unlocked(&token(turn)).unwrap();
            }
        },
        || {
            // Read once, without the retry that is needed with other tools.
            let bytes = fs::read(file.path()).unwrap();
            let seen = number(&CachedToken::parse(&bytes).unwrap());
            assert!(seen >= last, "{seen} after {last}");
            last = number(&file.load().unwrap());
            assert!(last >= seen, "{last} after {seen}");
        },
    );
    println!("{writes} writes, {reads} reads");
    assert!(writes > 50 && reads > 50 && last > 0);
}

#[test]
fn a_file_that_is_truncated_and_written_in_place_is_read_again() {
    let directory = in_memory();
    let file = token_file(&directory);
    file.store_unlocked(&token(0)).unwrap();
    let mut torn = 0;
    let turns = Mutex::new(Vec::new());
    let (writes, reads) = loops(
        |turn| {
            let begun = Instant::now();
            write_in_place(file.path(), &token(turn).to_json());
            turns.lock().unwrap().push(begun.elapsed());
            thread::sleep(Duration::from_millis(20));
        },
        || {
            let bytes = fs::read(file.path()).unwrap();
            torn += u64::from(CachedToken::parse(&bytes).is_err());
            let ended = || turns.lock().unwrap().len();
            let before = ended();
            let Err(error) = file.load().map(|token| number(&token)) else { return };
            // On a busy machine the writer may be suspended in the middle of a write for longer than
            // the reader waits.
            let after = ended();
            while ended() == after {
                thread::yield_now();
            }
            let longest = turns.lock().unwrap().iter().skip(before).max().copied().unwrap();
            assert!(longest >= WAITED_FOR, "{error:?}, and no write took longer than {longest:?}");
        },
    );
    println!("{writes} writes, {reads} reads, {torn} of them torn but for the second read");
    assert!(torn > 0, "the writer must tear, or this tests nothing");
}

/// Writes the file in place, as the AWS CLI does.
fn write_in_place(path: &Path, content: &[u8]) {
    let mut file = File::create(path).unwrap();
    let (first, second) = content.split_at(content.len() / 2);
    file.write_all(first).unwrap();
    thread::sleep(Duration::from_micros(500));
    file.write_all(second).unwrap();
}
