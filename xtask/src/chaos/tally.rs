//! What happened in a run, in numbers.
//!
//! Not responsible for judging whether something is a violation.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Violations that are printed in full; the rest is counted.
const SHOWN: u64 = 20;

pub(crate) struct Tally {
    since: Instant,
    numbers: Mutex<Numbers>,
}

#[derive(Default)]
struct Numbers {
    counts: BTreeMap<String, u64>,
    violations: u64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), numbers: Mutex::default() }
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
