//! Rate limiting for long lists. If the portal throttles a list, it becomes slower but does not
//! fail.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower::{Layer, Service};

use sso_types::{ProgressEvent, ProgressObserver, random_fraction};

use crate::retry::MAX_BACKOFF;
use crate::{OperationService, PortalOperation, ServiceError, ServiceFuture};

/// The lowest rate, in requests per second.
const MIN_RATE: f64 = 0.5;
/// The increase of the rate after each answer that is not throttled, in requests per second.
const RATE_STEP: f64 = 0.1;

/// Limits the rate of requests to the portal, and repeats throttled requests (429). A
/// [`tower::Layer`] around [`Portal`](crate::Portal), for programs that list many accounts and
/// roles.
///
/// The portal allows about 20 requests per second for a whole organization, so the rate that is
/// left for one program is not known in advance. A throttled answer halves the rate, but only once
/// for all requests that were sent before. Each other answer raises it a little, up to the maximum.
/// A throttled request waits for its next slot and is sent again. Neither the time nor the number
/// of attempts is limited: add a timeout layer if needed.
///
/// Clones of the layer, and all services made by them, share one rate. Other failures are returned;
/// put a [`RetryLayer`](crate::RetryLayer) around this layer to retry them.
///
/// Reports a [`ProgressEvent::Throttled`] at each change to a lower rate.
///
/// ```no_run
/// # #[cfg(feature = "https")]
/// # async fn example(
/// #     https: sso_http::HttpsClient, token: sso_types::AccessToken,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use sso_http::{AllRoles, PacingLayer, Portal, RetryLayer, RolesEvent};
/// use tower::ServiceBuilder;
///
/// let portal = ServiceBuilder::new()
///     .layer(RetryLayer::standard())
///     .layer(PacingLayer::new())
///     .service(Portal::new(https, "eu-central-1".parse()?));
/// let mut all = AllRoles::new(portal, token);
/// while let Some(event) = all.next_event().await {
///     if let RolesEvent::Roles { account, roles, .. } = event? {
///         println!("{}: {} roles", account.account_id, roles.len());
///     }
/// }
/// # Ok(()) }
/// ```
///
/// # Panics
///
/// A call that has to wait panics if there is no tokio runtime with an enabled timer.
#[derive(Debug, Clone)]
pub struct PacingLayer {
    pacer: Arc<Pacer>,
    observer: ProgressObserver,
}

/// A service whose rate [`PacingLayer`] limits.
#[derive(Debug, Clone)]
pub struct Paced<S> {
    service: S,
    pacer: Arc<Pacer>,
    observer: ProgressObserver,
}

struct Pacer {
    /// Held by the request that waits for the next slot. All other requests wait for this lock, so
    /// that a change of the rate applies to them.
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    max_rate: f64,
    /// In requests per second.
    rate: f64,
    next_slot: Option<Instant>,
    slowed_at: Option<Instant>,
}

impl PacingLayer {
    /// Allows at most 15 requests per second. This is less than the portal allows, since other
    /// programs use it at the same time.
    pub fn new() -> Self {
        Self::with_max_rate(15.0)
    }

    /// Allows at most `max` requests per second; 0 counts as 1.
    pub fn with_max_requests_per_second(max: u32) -> Self {
        Self::with_max_rate(f64::from(max.max(1)))
    }

    /// Sets the observer of changes to a lower rate. The default ignores them.
    #[must_use]
    pub fn progress_observer(mut self, observer: ProgressObserver) -> Self {
        self.observer = observer;
        self
    }

    fn with_max_rate(max_rate: f64) -> Self {
        let state = State { max_rate, rate: max_rate, next_slot: None, slowed_at: None };
        let (queue, state) = (tokio::sync::Mutex::new(()), Mutex::new(state));
        Self { pacer: Arc::new(Pacer { queue, state }), observer: ProgressObserver::default() }
    }
}

impl Default for PacingLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for PacingLayer {
    type Service = Paced<S>;

    fn layer(&self, service: S) -> Paced<S> {
        Paced { service, pacer: Arc::clone(&self.pacer), observer: self.observer.clone() }
    }
}

impl<S, Op> Service<Op> for Paced<S>
where
    Op: PortalOperation + Sync,
    S: OperationService<Op>,
{
    type Response = Op::Response;
    type Error = ServiceError;
    type Future = ServiceFuture<Op::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ServiceError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: Op) -> Self::Future {
        let (mut service, pacer) = (self.service.clone(), Arc::clone(&self.pacer));
        let observer = self.observer.clone();
        ServiceFuture::new(async move {
            loop {
                pacer.wait_for_slot().await;
                let sent_at = Instant::now();
                let boxed = |error: S::Error| ServiceError::from_boxed(error.into());
                poll_fn(|cx| service.poll_ready(cx)).await.map_err(boxed)?;
                match service.call(operation.clone()).await.map_err(boxed) {
                    Err(error) if error.is_throttled() => {
                        if let Some(event) = pacer.slow_down(sent_at, &error) {
                            observer.report(event);
                        }
                    }
                    outcome => {
                        pacer.speed_up();
                        return outcome;
                    }
                }
            }
        })
    }
}

impl Pacer {
    async fn wait_for_slot(&self) {
        let _guard = self.queue.lock().await;
        // Another request's answer may change the slot meanwhile.
        while let Some(next) = self.take_slot() {
            tokio::time::sleep_until(next).await;
        }
    }

    /// Takes the slot if it is due. Otherwise returns the time of the slot.
    fn take_slot(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(next) = state.next_slot.filter(|next| *next > now) {
            return Some(next);
        }
        state.next_slot = Some(now + Duration::from_secs_f64(1.0 / state.rate));
        None
    }

    /// Halves the rate. Ignores answers to requests that were sent before the rate was last halved.
    fn slow_down(&self, sent_at: Instant, error: &ServiceError) -> Option<ProgressEvent> {
        let now = Instant::now();
        let mut state = self.state();
        if state.slowed_at.is_some_and(|slowed_at| sent_at < slowed_at) {
            return None;
        }
        state.slowed_at = Some(now);
        state.rate = (state.rate / 2.0).max(MIN_RATE);
        // A random pause, so that programs that were throttled together do not continue together.
        let random = Duration::from_secs(1).mul_f64(random_fraction());
        let pause = error.retry_after().map_or(random, |wait| wait.min(MAX_BACKOFF));
        state.next_slot = state.next_slot.max(Some(now + pause));
        tracing::debug!(
            wait_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "the portal throttled a request; the new limit is {:.1} requests per second",
            state.rate
        );
        Some(ProgressEvent::Throttled { requests_per_second: state.rate, delay: pause })
    }

    fn speed_up(&self) {
        let mut state = self.state();
        state.rate = (state.rate + RATE_STEP).min(state.max_rate);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").field("state", &*self.state()).finish_non_exhaustive()
    }
}
