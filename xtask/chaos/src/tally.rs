//! Counts the events of a run, and prints violations.

use std::collections::BTreeMap;
use std::fmt::Display;

use anyhow::Result;
use parking_lot::Mutex;

const VIOLATIONS: &str = "violations";
/// Violations that are printed. The rest is only counted.
const SHOWN: u64 = 20;

#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    /// Returns the new count.
    pub(crate) fn add(&self, what: &str, number: u64) -> u64 {
        let mut counts = self.0.lock();
        let count = counts.entry(what.to_owned()).or_default();
        *count += number;
        *count
    }

    /// Counts an error as a violation.
    pub(crate) fn check<T>(&self, result: Result<T>) {
        if let Err(error) = result {
            self.violation(format_args!("{error:#}"));
        }
    }

    pub(crate) fn violation(&self, what: impl Display) {
        if self.add(VIOLATIONS, 1) <= SHOWN {
            println!("VIOLATION: {what}");
        }
    }

    /// Prints all counts, and returns the number of violations.
    pub(crate) fn print(&self) -> u64 {
        let violations = self.add(VIOLATIONS, 0);
        for (what, count) in &*self.0.lock() {
            println!("{count:>8}  {what}");
        }
        violations
    }
}
