//! Runs an asynchronous operation once for all concurrent callers.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// The time added to an operation's own time limit, so that the operation can return its own
/// timeout error.
const GRACE: Duration = Duration::from_secs(5);

/// Runs at most one operation at a time, in its own task, and shares the result among all callers.
///
/// Dropping a caller neither cancels nor repeats the operation. Results are not cached: an
/// operation must store its result itself before it ends.
#[derive(Debug)]
pub(crate) struct SingleFlight<T> {
    slot: Mutex<Slot<T>>,
    limit: Duration,
}

#[derive(Debug)]
struct Slot<T> {
    /// Counts the calls of [`SingleFlight::forget`].
    generation: u64,
    flight: Option<Flight<T>>,
}

/// A handle to a running operation, or to its result.
#[derive(Debug, Clone)]
pub(crate) struct Flight<T> {
    result: watch::Receiver<Option<T>>,
    started: Instant,
    limit: Duration,
}

impl<T: Clone + Send + Sync + 'static> SingleFlight<T> {
    /// Returns an instance for operations that take at most `limit`.
    pub(crate) fn new(limit: Duration) -> Self {
        let slot = Mutex::new(Slot { generation: 0, flight: None });
        Self { slot, limit: limit.saturating_add(GRACE) }
    }

    /// Returns the running flight, or starts one. `start` receives the generation of the new
    /// flight.
    ///
    /// A flight counts as lost, and is replaced, if its runtime was shut down or is no longer
    /// driven.
    pub(crate) fn join<F>(&self, start: impl FnOnce(u64) -> F) -> Flight<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut slot = self.slot();
        if let Some(flight) = slot.flight.as_ref().filter(|flight| flight.is_running()) {
            return flight.clone();
        }
        let flight = Flight::spawn(self.limit, start(slot.generation));
        slot.flight = Some(flight.clone());
        flight
    }

    /// Returns `true` if an operation is running.
    pub(crate) fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// Returns the running flight, if there is one.
    pub(crate) fn running(&self) -> Option<Flight<T>> {
        self.slot().flight.clone().filter(Flight::is_running)
    }

    /// Detaches the running flight. Its callers still get its result; later callers start another
    /// flight.
    pub(crate) fn forget(&self) {
        let mut slot = self.slot();
        slot.generation += 1;
        slot.flight = None;
    }

    /// Returns the current generation. A flight of another generation has been detached by
    /// [`Self::forget`].
    pub(crate) fn generation(&self) -> u64 {
        self.slot().generation
    }

    /// Ignores poisoning: no code that holds the lock can panic halfway through a change.
    fn slot(&self) -> MutexGuard<'_, Slot<T>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    fn spawn(limit: Duration, operation: impl Future<Output = T> + Send + 'static) -> Self {
        let (sender, result) = watch::channel(None);
        tokio::spawn(async move {
            if let Ok(outcome) = timeout(limit, operation).await {
                // Fails if all callers were dropped.
                let _ = sender.send(Some(outcome));
            }
        });
        Self { result, started: Instant::now(), limit }
    }

    /// Waits for the result. Returns `None` if the flight is lost: the operation panicked, or its
    /// runtime was shut down or is no longer driven.
    pub(crate) async fn wait(mut self) -> Option<T> {
        let left = self.limit.saturating_sub(self.started.elapsed());
        timeout(left, self.result.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }

    fn is_running(&self) -> bool {
        // The sender is dropped when the task ends or its runtime is shut down.
        self.result.has_changed().is_ok()
            && self.result.borrow().is_none()
            && self.started.elapsed() < self.limit
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_dropped_caller_neither_cancels_nor_repeats_the_operation() {
        let runs = Arc::new(AtomicUsize::new(0));
        let flights = SingleFlight::new(LIMIT);
        let join = || {
            let runs = Arc::clone(&runs);
            flights.join(|_| async move {
                tokio::task::yield_now().await;
                runs.fetch_add(1, Ordering::SeqCst) + 1
            })
        };
        drop(join().wait());
        let (a, b) = tokio::join!(join().wait(), join().wait());
        assert_eq!((a, b, runs.load(Ordering::SeqCst)), (Some(1), Some(1), 1));
        assert!(!flights.is_running());
    }

    #[tokio::test]
    async fn a_forgotten_flight_is_not_joined_and_still_ends() {
        let flights = SingleFlight::new(LIMIT);
        let old = flights.join(|generation| async move { generation });
        flights.forget();
        let new = flights.join(|generation| async move { generation });
        assert_eq!((old.wait().await, new.wait().await), (Some(0), Some(1)));
        assert_eq!(flights.generation(), 1);
    }

    #[test]
    fn a_flight_whose_runtime_is_shut_down_is_lost() {
        let flights = SingleFlight::new(LIMIT);
        let first = runtime(false);
        let flight = first.block_on(async { flights.join(|_| std::future::pending::<u8>()) });
        assert!(flights.is_running());
        drop(first);
        assert!(!flights.is_running());
        assert_eq!(runtime(false).block_on(flight.wait()), None);
    }

    #[test]
    fn a_flight_whose_runtime_is_not_driven_is_lost() {
        let flights = SingleFlight::new(LIMIT);
        let idle = runtime(false);
        let flight = idle.block_on(async { flights.join(|_| std::future::pending::<u8>()) });
        runtime(true).block_on(async {
            // The time limit counts from the start of the flight, for late callers too.
            tokio::time::sleep(LIMIT).await;
            assert!(flights.is_running());
            let joined = Instant::now();
            assert_eq!(flight.wait().await, None);
            assert!(joined.elapsed() <= GRACE);
            assert!(!flights.is_running());
        });
    }

    fn runtime(paused: bool) -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(paused).build().unwrap()
    }
}
