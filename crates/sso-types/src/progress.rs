//! Progress of a call that takes long: what it waits for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The start or the end of a wait during a call. No event contains a secret.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ProgressEvent {
    /// An attempt failed. The next one starts after a delay.
    Retry {
        /// The failure, for a user: "the portal answered 503".
        failure: String,
        /// The number of failed attempts.
        failed_attempts: u32,
        /// The maximum number of attempts. `None` if only a timeout limits them, as after
        /// throttling.
        max_attempts: Option<u32>,
        /// The time until the next attempt.
        delay: Duration,
    },
    /// The portal throttled a request of a program that lists many accounts or roles. The program
    /// sends no request for a delay, and then continues at a lower rate.
    Throttled {
        /// The new rate.
        requests_per_second: f64,
        /// The time until the next request.
        delay: Duration,
    },
    /// This process has waited for another one for some time, and goes on waiting.
    OtherProcess {
        /// The task of the other process: "refresh the access token".
        task: &'static str,
    },
    /// The retry or the wait of an earlier event is over, whatever its result.
    Over,
}

/// Receives the [`ProgressEvent`]s of providers and layers. Clones are the same observer; the
/// default one ignores all events.
#[derive(Clone, Default)]
pub struct ProgressObserver(Option<Arc<dyn Fn(ProgressEvent) + Send + Sync>>);

impl ProgressObserver {
    /// Returns an observer that calls `observe` with each event. The call may come from a task that
    /// a provider spawned. `observe` must not block.
    pub fn new(observe: impl Fn(ProgressEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observe)))
    }

    /// Sends an event to the observer.
    pub fn report(&self, event: ProgressEvent) {
        if let Some(observe) = &self.0 {
            observe(event);
        }
    }
}

impl fmt::Debug for ProgressObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "ProgressObserver(set)"
        } else {
            "ProgressObserver(none)"
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn each_event_reaches_the_observer() {
        let events = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&events);
        let observer = ProgressObserver::new(move |event| received.lock().unwrap().push(event));
        let waiting = ProgressEvent::OtherProcess { task: "refresh the access token" };
        observer.report(waiting.clone());
        observer.clone().report(ProgressEvent::Over);
        assert_eq!(*events.lock().unwrap(), [waiting, ProgressEvent::Over]);
    }

    #[test]
    fn debug_shows_whether_an_observer_is_set() {
        let set = ProgressObserver::new(drop);
        assert_eq!(format!("{set:?}"), "ProgressObserver(set)");
        assert_eq!(format!("{:?}", ProgressObserver::default()), "ProgressObserver(none)");
    }
}
