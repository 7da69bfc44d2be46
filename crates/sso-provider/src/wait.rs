//! Waiting for another process: pauses between looks, and a word about it when it takes long.
//!
//! Not responsible for what is looked at, nor for when to give up.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// A shorter wait is not worth a word.
const PATIENCE: Duration = Duration::from_millis(400);

/// One wait. A long one is announced for who shows progress, at the target `ssocreds::progress`, and
/// so is its end, however it ends: by an event with `over`.
#[derive(Debug)]
pub(crate) struct Wait {
    what: &'static str,
    started: Instant,
    pause: Duration,
    is_announced: bool,
}

impl Wait {
    /// Begins to wait; `what` says for what: "waiting for ...".
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, started: Instant::now(), pause: FIRST_PAUSE, is_announced: false }
    }

    /// For how long already.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Until the next look; each time a little longer.
    pub(crate) async fn pause(&mut self) {
        if !self.is_announced && self.elapsed() >= PATIENCE {
            self.is_announced = true;
            tracing::debug!(target: "ssocreds::progress", "{}", self.what);
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if self.is_announced {
            tracing::debug!(target: "ssocreds::progress", over = true, "no longer {}", self.what);
        }
    }
}
