//! One flight for everyone who asks: a spawned task whose one result all waiters share.
//!
//! Not responsible for when a flight starts, nor for what becomes of its result.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How much longer than its own time limit a task is waited for: so long that its own word about
/// the limit comes first.
const GRACE: Duration = Duration::from_secs(5);

/// A task under way, or its result.
///
/// The task is the runtime's, not a caller's: callers that are dropped neither cancel nor repeat
/// it. Nothing is remembered here once the last clone is gone.
#[derive(Debug, Clone)]
pub(crate) struct Flight<T> {
    result: watch::Receiver<Option<T>>,
    started: Instant,
    /// After so long it has no result, or never will have one: nobody drives it any more.
    overdue_after: Duration,
}

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// Starts the task on the current runtime. It ends within `limit` when it is let.
    pub(crate) fn launch(limit: Duration, task: impl Future<Output = T> + Send + 'static) -> Self {
        let (sender, result) = watch::channel(None);
        tokio::spawn(async move {
            let outcome = task.await;
            // Nobody left to hear of it is no loss: the task has published what it found.
            let _ = sender.send(Some(outcome));
        });
        Self { result, started: Instant::now(), overdue_after: limit.saturating_add(GRACE) }
    }

    /// Waits for the result. `None`: there is none, for the runtime that it was started on was shut
    /// down, or nobody drives it any more (a current-thread runtime outside of `block_on`).
    pub(crate) async fn land(mut self) -> Option<T> {
        let left = self.overdue_after.saturating_sub(self.started.elapsed());
        timeout(left, self.result.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }

    /// Whether it is worth waiting for.
    pub(crate) fn is_under_way(&self) -> bool {
        // The sender is dropped when the task is over, also when a runtime drops it half way.
        self.result.has_changed().is_ok()
            && self.result.borrow().is_none()
            && self.started.elapsed() < self.overdue_after
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_dropped_waiter_neither_cancels_nor_repeats_it() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let flight = Flight::launch(LIMIT, async move {
            tokio::task::yield_now().await;
            counted.fetch_add(1, Ordering::SeqCst) + 1
        });
        drop(flight.clone().land());
        let (a, b) = tokio::join!(flight.clone().land(), flight.clone().land());
        assert_eq!((a, b, runs.load(Ordering::SeqCst)), (Some(1), Some(1), 1));
        assert!(!flight.is_under_way());
    }

    #[test]
    fn a_flight_whose_runtime_is_gone_is_over() {
        let build = || runtime(false);
        let first = build();
        let flight = first.block_on(async { Flight::launch(LIMIT, std::future::pending::<u8>()) });
        assert!(flight.is_under_way());
        drop(first);
        assert!(!flight.is_under_way());
        assert_eq!(build().block_on(flight.land()), None);
    }

    #[test]
    fn a_flight_whose_runtime_is_not_driven_is_given_up() {
        let asleep = runtime(false);
        let flight = asleep.block_on(async { Flight::launch(LIMIT, std::future::pending::<u8>()) });
        runtime(true).block_on(async {
            // Who comes late does not begin to wait anew.
            tokio::time::sleep(LIMIT).await;
            assert!(flight.is_under_way());
            let came = Instant::now();
            assert_eq!(flight.clone().land().await, None);
            assert!(came.elapsed() <= GRACE);
            assert!(!flight.is_under_way());
        });
    }

    fn runtime(paused: bool) -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(paused).build().unwrap()
    }
}
