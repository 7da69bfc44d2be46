//! One flight for everyone who asks: a spawned task whose one result all waiters share.
//!
//! Not responsible for when a flight starts, nor for what becomes of its result.

use std::future::Future;

use tokio::sync::watch;

/// A task under way, or its result.
///
/// The task is the runtime's, not a caller's: callers that are dropped neither cancel nor repeat
/// it. Nothing is remembered here once the last clone is gone.
#[derive(Debug, Clone)]
pub(crate) struct Flight<T>(watch::Receiver<Option<T>>);

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// Starts the task on the current runtime.
    pub(crate) fn launch(task: impl Future<Output = T> + Send + 'static) -> Self {
        let (result, flight) = watch::channel(None);
        tokio::spawn(async move {
            let outcome = task.await;
            // Nobody left to hear of it is no loss: the task has published what it found.
            let _ = result.send(Some(outcome));
        });
        Self(flight)
    }

    /// Waits for the result. `None`: the task ended without one, for its runtime was shut down.
    pub(crate) async fn land(mut self) -> Option<T> {
        let landed = self.0.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }

    /// Whether waiting for it would still be waiting.
    pub(crate) fn is_under_way(&self) -> bool {
        // The sender is dropped when the task is over, also when a runtime drops it half way.
        self.0.has_changed().is_ok() && self.0.borrow().is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_dropped_waiter_neither_cancels_nor_repeats_it() {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let flight = Flight::launch(async move {
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
        let build = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let first = build();
        let flight = first.block_on(async { Flight::launch(std::future::pending::<u8>()) });
        assert!(flight.is_under_way());
        drop(first);
        assert!(!flight.is_under_way());
        assert_eq!(build().block_on(flight.land()), None);
    }
}
