//! The source of the current time: the system clock, or a clock that a test sets.
//!
//! All times are wall-clock times (UTC), because a token also expires while the computer is
//! suspended. There are no timers here, since they need a runtime.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// Tells the current UTC time. Must not block.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time (UTC). Not monotonic.
    fn now(&self) -> Timestamp;
}

/// Converts a timestamp to the standard library's type.
///
/// Not every platform's `SystemTime` covers all timestamps; on Windows it starts in 1601. A
/// timestamp outside its range becomes the Unix epoch if it is before 1970, and a time in 2106
/// otherwise.
pub fn system_time(timestamp: Timestamp) -> SystemTime {
    SystemTime::try_from(timestamp).unwrap_or_else(|_| {
        if timestamp < Timestamp::UNIX_EPOCH {
            SystemTime::UNIX_EPOCH
        } else {
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX))
        }
    })
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

/// A clock for tests. It returns the same time until it is set.
///
/// Clones share one time. The resolution is one millisecond.
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
    /// Creates a clock that returns `now`, truncated to milliseconds.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millisecond())))
    }

    /// Sets the clock, which may go back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millisecond(), Ordering::SeqCst);
    }

    /// Moves the clock by `by`, or back if `by` is negative. The result is clamped to the range of
    /// [`Timestamp`] (the years -9999 to 9999).
    pub fn advance(&self, by: SignedDuration) {
        let furthest = if by.is_negative() { i64::MIN } else { i64::MAX };
        let by = i64::try_from(by.as_millis()).unwrap_or(furthest);
        let ends = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
        let moved = |now: i64| Some(now.saturating_add(by).clamp(ends.0, ends.1));
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        // jiff rejects the last 999 milliseconds of its range; return the end of the range instead.
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_clock_are_set_together() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let at = Timestamp::from_second(100).unwrap();
        clock.set(at);
        assert_eq!((clock.now(), Arc::new(shared).now()), (at, at));
    }

    #[test]
    fn the_system_clock_is_not_in_the_past() {
        assert!(SystemClock.now() > "2025-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn every_timestamp_has_a_system_time() {
        let at = Timestamp::from_millisecond(-1_500).unwrap();
        assert_eq!(Timestamp::try_from(system_time(at)).unwrap(), at);
        assert!(system_time(Timestamp::MIN) <= SystemTime::UNIX_EPOCH);
        assert!(system_time(Timestamp::MAX) > SystemTime::UNIX_EPOCH);
    }

    #[test]
    fn a_clock_that_is_advanced_too_far_is_clamped() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        for (by, end) in [
            (SignedDuration::MAX, Timestamp::MAX),
            (SignedDuration::from_hours(1), Timestamp::MAX),
            (SignedDuration::MIN, Timestamp::MIN),
            (SignedDuration::from_hours(-1), Timestamp::MIN),
        ] {
            clock.advance(by);
            assert_eq!(clock.now().as_second(), end.as_second(), "{by:?}");
        }
        clock.advance(SignedDuration::from_hours(1));
        assert_eq!(clock.now().duration_since(Timestamp::MIN), SignedDuration::from_hours(1));
    }
}
