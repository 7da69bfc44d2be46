//! What happened in a run, in numbers.
//!
//! Not responsible for judging whether something is a violation.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sso_emulator::Counts;

/// Violations that are printed in full; the rest is counted.
const SHOWN: usize = 20;

#[derive(Default)]
pub(crate) struct Tally(Mutex<Numbers>);

#[derive(Default)]
struct Numbers {
    counts: BTreeMap<&'static str, u64>,
    violations: u64,
}

impl Tally {
    pub(crate) fn count(&self, what: &'static str) {
        *self.numbers().counts.entry(what).or_default() += 1;
    }

    pub(crate) fn violation(&self, what: &str) {
        let mut numbers = self.numbers();
        numbers.violations += 1;
        if numbers.violations <= SHOWN as u64 {
            println!("VIOLATION: {what}");
        }
    }

    pub(crate) fn violations(&self) -> u64 {
        self.numbers().violations
    }

    pub(crate) fn print(&self, services: &Counts) {
        let numbers = self.numbers();
        println!();
        for (what, count) in &numbers.counts {
            println!("{count:>8}  {what}");
        }
        for (what, count) in services.named().iter().filter(|(_, count)| *count > 0) {
            println!("{count:>8}  service: {what}");
        }
        println!("{:>8}  violations", numbers.violations);
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
