//! Waiting for another process: growing pauses, and an event if it takes long.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const MAX_PAUSE: Duration = Duration::from_millis(50);
/// A shorter wait is not announced.
const ANNOUNCED_AFTER: Duration = Duration::from_millis(400);

/// One wait. A long one is announced by an event at the target `ssocreds::progress`, and its end,
/// also when it is dropped, by one with `over`.
#[derive(Debug)]
pub(crate) struct Wait {
    what: &'static str,
    started: Instant,
    pause: Duration,
    is_announced: bool,
}

impl Wait {
    /// Begins a wait; `what` is the text of the event: "waiting for ...".
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, started: Instant::now(), pause: FIRST_PAUSE, is_announced: false }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Sleeps; each time a little longer.
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
