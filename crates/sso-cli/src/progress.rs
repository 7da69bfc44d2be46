//! Shows the current wait on one line of stderr, which is removed at the end.

use std::io::Write as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sso_types::{ProgressEvent, ProgressObserver};

/// A wait that is shorter than this is not shown.
const SHOWN_AFTER: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(200);
/// The longest line. A longer one would wrap on a narrow terminal, and could not be removed.
const WIDTH: usize = 78;

/// The progress line. Clones share one line.
#[derive(Debug, Clone)]
pub(crate) struct Progress(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_shown: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    task: String,
    detail: Option<Detail>,
    /// The length of the line on the terminal, in characters.
    width: usize,
}

/// An event during the wait, such as a retry.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    pub(crate) message: String,
    /// The time of the next attempt.
    pub(crate) pause_until: Option<Instant>,
    /// The attempt that failed, and the number of attempts.
    pub(crate) attempt: Option<(u32, u32)>,
}

impl Progress {
    pub(crate) fn new(is_shown: bool) -> Self {
        let state = State { task: String::new(), detail: None, width: 0 };
        Self(Arc::new(Shared { is_shown, state: Mutex::new(state) }))
    }

    /// Returns an observer for the libraries, whose events this line shows.
    pub(crate) fn observer(&self) -> ProgressObserver {
        if !self.0.is_shown {
            return ProgressObserver::default();
        }
        let progress = self.clone();
        ProgressObserver::new(move |event| progress.observe(event))
    }

    fn observe(&self, event: ProgressEvent) {
        let (message, delay, attempt) = match event {
            ProgressEvent::Retry { failure, failed_attempts, max_attempts, delay } => {
                let attempt = max_attempts.map(|attempts| (failed_attempts, attempts));
                (format!("{failure}; trying again"), Some(delay), attempt)
            }
            ProgressEvent::Throttled { requests_per_second, delay } => {
                let rate = format!("{requests_per_second:.1} per second");
                (format!("the portal limits requests to {rate}; continuing"), Some(delay), None)
            }
            ProgressEvent::OtherProcess { task } => {
                (format!("waiting for another process to {task}"), None, None)
            }
            _ => return self.clear_detail(),
        };
        let pause_until = delay.map(|delay| Instant::now() + delay);
        self.set_detail(Detail { message, pause_until, attempt });
    }

    /// Sets the task to show, such as "listing roles".
    pub(crate) fn set(&self, task: String) {
        self.state().task = task;
    }

    pub(crate) fn set_detail(&self, detail: Detail) {
        self.state().detail = Some(detail);
    }

    /// Clears the detail, unless it is a pause that has not ended. With concurrent requests, the pause
    /// may belong to another request.
    pub(crate) fn clear_detail(&self) {
        let now = Instant::now();
        self.state().detail.take_if(|detail| detail.pause_until.is_none_or(|until| until <= now));
    }

    /// Removes the line.
    pub(crate) fn clear(&self) {
        self.draw("");
    }

    /// Waits for `work`, and shows the line if that takes long.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        if !self.0.is_shown {
            return work.await;
        }
        let mut work = pin!(work);
        let mut pause = SHOWN_AFTER;
        loop {
            if let Ok(done) = tokio::time::timeout(pause, &mut work).await {
                self.clear();
                return done;
            }
            pause = TICK;
            let line = self.state().line(Instant::now());
            self.draw(&line);
        }
    }

    fn draw(&self, line: &str) {
        let mut state = self.state();
        if line.is_empty() && state.width == 0 {
            return;
        }
        let line: String = line.chars().take(WIDTH).collect();
        let mut stderr = std::io::stderr().lock();
        // Overwrites the line with blanks, which works without escape sequences.
        let blanks = " ".repeat(state.width.saturating_sub(line.chars().count()));
        let _ = write!(stderr, "\r{line}{blanks}");
        if line.is_empty() {
            let _ = write!(stderr, "\r");
        }
        let _ = stderr.flush();
        state.width = line.chars().count();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn line(&self, now: Instant) -> String {
        let task = &self.task;
        match &self.detail {
            None => format!("ssocreds: {task} ..."),
            Some(Detail { message, pause_until: Some(until), attempt }) => {
                let left = until.saturating_duration_since(now);
                let attempt = attempt.map_or(String::new(), |(failed, attempts)| {
                    format!(" (attempt {} of {attempts})", failed + 1)
                });
                if left.is_zero() {
                    format!("ssocreds: {task} ...{attempt}")
                } else {
                    let left = left.as_millis().div_ceil(1000);
                    format!("ssocreds: {message} in {left} s{attempt}")
                }
            }
            Some(Detail { message, .. }) => format!("ssocreds: {message} ..."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_pause_is_shown() {
        let now = Instant::now();
        let after = |milliseconds| now + Duration::from_millis(milliseconds);
        let progress = Progress::new(true);
        progress.set("asking the SSO portal".to_owned());
        let line = |at| progress.state().line(at);
        assert_eq!(line(now), "ssocreds: asking the SSO portal ...");
        progress.set_detail(Detail {
            message: "the portal answered 503; trying again".to_owned(),
            pause_until: Some(after(2000)),
            attempt: Some((1, 3)),
        });
        assert_eq!(
            line(after(100)),
            "ssocreds: the portal answered 503; trying again in 2 s (attempt 2 of 3)"
        );
        assert_eq!(
            line(after(1500)),
            "ssocreds: the portal answered 503; trying again in 1 s (attempt 2 of 3)"
        );
        assert_eq!(line(after(2000)), "ssocreds: asking the SSO portal ... (attempt 2 of 3)");
        let message = "waiting for another process".to_owned();
        progress.set_detail(Detail { message, ..Detail::default() });
        assert_eq!(line(now), "ssocreds: waiting for another process ...");
        progress.clear_detail();
        assert_eq!(line(now), "ssocreds: asking the SSO portal ...");
    }

    #[test]
    fn the_detail_of_one_wait_is_not_shown_during_the_next() {
        let now = Instant::now();
        let progress = Progress::new(true);
        progress.set("listing roles".to_owned());
        let line = || progress.state().line(now);
        let pause = |until| {
            progress.set_detail(Detail {
                message: "the portal answered 503; trying again".to_owned(),
                pause_until: Some(until),
                attempt: Some((1, 3)),
            });
        };
        pause(now);
        assert_eq!(line(), "ssocreds: listing roles ... (attempt 2 of 3)");
        progress.clear_detail();
        progress.set("listing roles, 1 of 45 accounts done".to_owned());
        assert_eq!(line(), "ssocreds: listing roles, 1 of 45 accounts done ...");
        // Another account's answer does not end the pause.
        pause(now + Duration::from_secs(1000));
        let counted_down = line();
        progress.clear_detail();
        progress.set("listing roles, 2 of 45 accounts done".to_owned());
        assert_eq!(line(), counted_down);
    }
}
