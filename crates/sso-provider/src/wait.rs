//! Polling for another process, with growing pauses and a log event for a long wait.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const MAX_PAUSE: Duration = Duration::from_millis(50);
/// Shorter waits are not logged.
const ANNOUNCED_AFTER: Duration = Duration::from_millis(400);

/// One wait for another process. A long wait logs an event with the target `ssocreds::progress`.
/// When that wait is dropped, it logs another with the field `over`.
#[derive(Debug)]
pub(crate) struct Wait {
    what: &'static str,
    started: Instant,
    pause: Duration,
    is_announced: bool,
}

impl Wait {
    /// Starts a wait. `what` is the text of the event, such as "waiting for ...".
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, started: Instant::now(), pause: FIRST_PAUSE, is_announced: false }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Sleeps for the current pause, then doubles the pause up to [`MAX_PAUSE`].
    pub(crate) async fn pause(&mut self) {
        if !self.is_announced && self.elapsed() >= ANNOUNCED_AFTER {
            self.is_announced = true;
            tracing::debug!(target: "ssocreds::progress", "{}", self.what);
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(MAX_PAUSE);
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if self.is_announced {
            tracing::debug!(target: "ssocreds::progress", over = true, "no longer {}", self.what);
        }
    }
}
