//! Counts the events of a run.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Violations that are printed in full; the rest is counted.
const SHOWN: u64 = 20;

/// The checks of a run. One that was never made has a zero in the summary.
const CHECKS: &[&str] = &[
    "check: a cache file or the config file is complete",
    "check: a file or directory is private",
    "check: a logout ends the session and removes its files, and a login follows",
    "check: a stopped endpoint leaves no file",
    "check: an edit of the config file by another program is kept",
    "check: command lines of all processes",
    "check: credentials are the profile's own",
    "check: nothing is left behind",
    "check: one writer at a time",
    "check: populate writes the expected profiles, and then nothing",
    "check: the output contains no other secret",
    "check: the printed expiry of a token is no later than the real one",
    "check: the refresh token in the file is live",
    "check: the refresh token survives while nothing can be written",
    "check: the result has not expired",
];

pub(crate) struct Tally {
    since: Instant,
    numbers: Mutex<Numbers>,
}

struct Numbers {
    counts: BTreeMap<String, u64>,
    violations: u64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let counts = CHECKS.iter().map(|what| ((*what).to_owned(), 0)).collect();
        Self { since: Instant::now(), numbers: Mutex::new(Numbers { counts, violations: 0 }) }
    }

    pub(crate) fn count(&self, what: &str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&self, what: &str, number: u64) {
        let mut numbers = self.numbers();
        match numbers.counts.get_mut(what) {
            Some(count) => *count += number,
            None => drop(numbers.counts.insert(what.to_owned(), number)),
        }
    }

    pub(crate) fn violation(&self, what: &str) {
        let mut numbers = self.numbers();
        numbers.violations += 1;
        if numbers.violations <= SHOWN {
            let after = self.since.elapsed().as_secs();
            println!("VIOLATION after {after} s: {what}");
        }
    }

    pub(crate) fn violations(&self) -> u64 {
        self.numbers().violations
    }

    pub(crate) fn print(&self) {
        let numbers = self.numbers();
        println!();
        for (what, count) in &numbers.counts {
            println!("{count:>8}  {what}");
        }
        println!("{:>8}  violations", numbers.violations);
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
