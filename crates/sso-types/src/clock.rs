//! Where the time comes from: the system, or a clock that a test moves by hand.
//!
//! Wall-clock time throughout: what expires does so at a point of UTC time, also while a laptop
//! sleeps. Timers (how long to wait) are not this module's business.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the current UTC time. Must not block.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now. It may step back when someone sets the machine's clock.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until it is moved: for tests, of this workspace and of others.
///
/// Clones show the same time. Resolution: a millisecond.
///
/// ```
/// use jiff::SignedDuration;
/// use sso_types::{Clock, ManualClock};
///
/// let clock = ManualClock::at("2026-01-01T00:00:00Z".parse()?);
/// clock.advance(SignedDuration::from_secs(90));
/// assert_eq!(clock.now().to_string(), "2026-01-01T00:01:30Z");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`, less what is finer than a millisecond.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millisecond())))
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::SeqCst);
    }

    /// Moves the clock by `by`, back when it is negative.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        // What lies outside jiff's range (years -9999 to 9999) stays at its nearer end.
        let now = self.0.load(Ordering::SeqCst);
        let end = if now < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_millisecond(now).unwrap_or(end)
    }
}
