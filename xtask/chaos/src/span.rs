//! Whether a fault was active at any time between two moments.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counts the faults that began or ended, and those that last now.
#[derive(Debug, Default)]
pub(crate) struct Span {
    changes: AtomicU64,
    lasting: AtomicUsize,
}

/// The state of a span at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    changes: u64,
    lasts: bool,
}

impl Span {
    /// Runs the work as a fault.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.lasting.fetch_add(1, Ordering::SeqCst);
        self.changes.fetch_add(1, Ordering::SeqCst);
        let done = work();
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.lasting.fetch_sub(1, Ordering::SeqCst);
        done
    }

    pub(crate) fn now(&self) -> Moment {
        let lasts = self.lasting.load(Ordering::SeqCst) > 0;
        Moment { changes: self.changes.load(Ordering::SeqCst), lasts }
    }

    /// Returns whether there was a fault at any time since then.
    pub(crate) fn since(&self, then: Moment) -> bool {
        then.lasts || self.now() != then
    }
}
