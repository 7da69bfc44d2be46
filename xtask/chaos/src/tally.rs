//! Counts the events of a run.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Violations that are printed in full; the rest is counted.
const SHOWN: u64 = 20;

/// What is looked at, again and again. One that a run never came to says nothing: it stands in the
/// account with a zero.
const CHECKS: &[&str] = &[
    "check: a cache file is whole",
    "check: a file or directory is its owner's alone",
    "check: a temporary file seen while it is written",
    "check: a token that a killed process has written aside survives",
    "check: a token is told to expire no later than it does",
    "check: command lines of all processes",
    "check: credentials are the profile's own",
    "check: nobody waits for longer than the lock's limit",
    "check: nothing is left behind",
    "check: one writer at a time",
    "check: the refresh token in the file is live",
    "check: the refresh token survives while nothing can be written",
    "check: what was handed out has not expired",
    "check: what was printed holds no other secret",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_is_in_the_account_and_no_other() {
        let sources = [
            include_str!("faults.rs"),
            include_str!("files.rs"),
            include_str!("judge.rs"),
            include_str!("process.rs"),
            include_str!("quiet.rs"),
            include_str!("secrets.rs"),
            include_str!("signals.rs"),
        ];
        let counted = sources.iter().flat_map(|source| source.split("count(\"").skip(1));
        let counted = counted.filter_map(|rest| rest.split('"').next());
        let counted: BTreeSet<_> = counted.filter(|what| what.starts_with("check: ")).collect();
        assert_eq!(counted, CHECKS.iter().copied().collect());
    }
}
