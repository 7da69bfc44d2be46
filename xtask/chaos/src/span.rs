//! Whether a fault was active in the time since an instant.

use std::time::Instant;

use parking_lot::Mutex;

/// The number of active faults, and the end of the latest one.
#[derive(Default)]
pub(crate) struct Span(Mutex<(usize, Option<Instant>)>);

impl Span {
    /// Runs the work as a fault.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.lock().0 += 1;
        let done = work();
        let (active, latest_end) = &mut *self.0.lock();
        *active -= 1;
        *latest_end = Some(Instant::now());
        done
    }

    /// Returns whether there was a fault at any time since then.
    pub(crate) fn since(&self, then: Instant) -> bool {
        let (active, latest_end) = *self.0.lock();
        active > 0 || latest_end.is_some_and(|end| end >= then)
    }
}
