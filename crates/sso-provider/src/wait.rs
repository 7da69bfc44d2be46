//! Polling for another process, with growing pauses and a report of a long wait.

use std::time::Duration;

use sso_types::{ProgressEvent, ProgressObserver};
use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const MAX_PAUSE: Duration = Duration::from_millis(50);
/// Shorter waits are not reported.
const REPORTED_AFTER: Duration = Duration::from_millis(400);

/// One wait for another process. Reports a long wait, and reports its end when dropped.
#[derive(Debug)]
pub(crate) struct Wait {
    observer: ProgressObserver,
    task: &'static str,
    started: Instant,
    pause: Duration,
    is_reported: bool,
}

impl Wait {
    /// Starts a wait. `task` names the work of the other process, such as "refresh the access token".
    pub(crate) fn new(observer: &ProgressObserver, task: &'static str) -> Self {
        let observer = observer.clone();
        Self { observer, task, started: Instant::now(), pause: FIRST_PAUSE, is_reported: false }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Sleeps for the current pause, then doubles the pause up to [`MAX_PAUSE`].
    pub(crate) async fn pause(&mut self) {
        if !self.is_reported && self.elapsed() >= REPORTED_AFTER {
            self.is_reported = true;
            tracing::debug!("waiting for another process to {}", self.task);
            self.observer.report(ProgressEvent::OtherProcess { task: self.task });
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(MAX_PAUSE);
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if self.is_reported {
            self.observer.report(ProgressEvent::Over);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_and_its_end_are_reported() {
        let events = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&events);
        let observer = ProgressObserver::new(move |event| seen.lock().unwrap().push(event));
        let mut wait = Wait::new(&observer, "refresh the access token");
        wait.pause().await;
        assert_eq!(*events.lock().unwrap(), []);
        while wait.elapsed() < Duration::from_secs(1) {
            wait.pause().await;
        }
        assert_eq!(events.lock().unwrap().len(), 1);
        drop(wait);
        let reported = ProgressEvent::OtherProcess { task: "refresh the access token" };
        assert_eq!(*events.lock().unwrap(), [reported, ProgressEvent::Over]);
    }
}
