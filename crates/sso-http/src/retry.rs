//! Retries of temporary failures, with backoff and a budget.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use sso_types::{ProgressEvent, ProgressObserver, random_fraction};
use tokio::time::Instant;
use tower::Layer;
use tower::retry::budget::{Budget, TpsBudget};
use tower::retry::{Policy, Retry};

use crate::transport_error::find;
use crate::{
    BoxError, CreateToken, Operation, RegisterClient, ServiceError, StartDeviceAuthorization,
    TransportError,
};

/// The default ceiling of a wait before another attempt. It also limits the wait that the service
/// asks for.
pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// A shorter wait that the service asks for is ignored.
const MIN_RETRY_AFTER: Duration = Duration::from_millis(100);

/// Retries temporary failures. A [`tower::Layer`] for services with requests that can be cloned.
///
/// The error of the service must be a [`ServiceError`], a [`TransportError`], or a [`BoxError`]
/// with one of them in its chain of sources. Other errors are returned without a retry.
///
/// A request is retried if [`ServiceError::is_transient`] or [`TransportError::is_transient`] is
/// `true`. As in AWS's standard mode, the wait is random between zero and a ceiling ("full
/// jitter"). The ceiling is 1 s, 2 s, 4 s and so on, up to 20 s. If the service says how long to
/// wait, that time is used, up to 20 s.
///
/// A throttled attempt (429, `TooManyRequestsException`, `SlowDownException`) does not count as a
/// failure. It is repeated for up to [60 s](RetryLayer::throttle_timeout), unless the number of
/// attempts was [set](RetryLayer::max_attempts). A throttled `CreateToken` that polls with a device
/// code is not repeated, because the caller must then poll less often.
///
/// Clones of a layer, and all services made by them, share one budget of retries. When all calls
/// fail, the budget is soon used up, and each call fails after one attempt. So retries do not make
/// an outage worse.
///
/// Reports a [`ProgressEvent::Retry`] before each wait, and a [`ProgressEvent::Over`] when the
/// attempt after that wait has ended or was dropped.
///
/// ```
/// use sso_http::{Portal, RetryLayer};
/// use tower::ServiceBuilder;
/// # fn with<S>(https: S) -> Result<(), sso_types::NameError> {
/// let portal = ServiceBuilder::new()
///     .layer(RetryLayer::standard().max_attempts(5))
///     .service(Portal::new(https, "eu-central-1".parse()?));
/// # Ok(()) }
/// ```
///
/// # Panics
///
/// A call that has to wait panics if there is no tokio runtime with an enabled timer.
#[derive(Debug, Clone)]
pub struct RetryLayer {
    policy: RetryPolicy,
}

/// The policy that [`RetryLayer`] passes to [`tower::retry::Retry`]. A clone is used for one call,
/// from its first attempt to its last.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    max_attempts: u32,
    /// If `None`, a throttled attempt counts as a failed one.
    throttle_timeout: Option<Duration>,
    retry_ambiguous: bool,
    base: Duration,
    ceiling: Duration,
    budget: Arc<TpsBudget>,
    /// The number of the current attempt, counted from 1.
    attempt: u32,
    throttled: Option<Throttled>,
    observer: ProgressObserver,
    /// The current retry, if it was reported. Set only in the clone for one call: a value that
    /// several clones share would report `Over` too late.
    reported: Option<Arc<Reported>>,
}

/// The throttled attempts of one call so far.
#[derive(Debug, Clone, Copy)]
struct Throttled {
    since: Instant,
    attempts: u32,
}

/// A reported retry. Reports its end on drop.
#[derive(Debug)]
struct Reported(ProgressObserver);

/// The wait before a retry.
pub struct RetryDelay(Pin<Box<tokio::time::Sleep>>);

impl RetryLayer {
    /// Creates a layer with AWS's standard mode: at most three attempts, and waits of up to 1 s and
    /// 2 s. The budget is two retries per second, averaged over ten seconds, plus one retry for
    /// every five successful calls.
    pub fn standard() -> Self {
        Self {
            policy: RetryPolicy {
                max_attempts: 3,
                throttle_timeout: Some(Duration::from_secs(60)),
                retry_ambiguous: true,
                base: Duration::from_secs(1),
                ceiling: MAX_BACKOFF,
                budget: budget(2, 20),
                attempt: 1,
                throttled: None,
                observer: ProgressObserver::default(),
                reported: None,
            },
        }
    }

    /// Sets the largest number of attempts, including the first; 0 counts as 1.
    ///
    /// Throttled attempts then count as failed ones, and the timeout for throttling has no effect.
    /// So use this only for a number that the user has configured.
    #[must_use]
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.policy.max_attempts = max_attempts.max(1);
        self.policy.throttle_timeout = None;
        self
    }

    /// Sets how long throttled requests are repeated, counted from the first throttled answer. The
    /// default is 60 s.
    ///
    /// Choose a shorter time than the timeout of the whole call. Then the call fails with the
    /// service's error and not with a timeout.
    #[must_use]
    pub fn throttle_timeout(mut self, timeout: Duration) -> Self {
        self.policy.throttle_timeout = Some(timeout);
        self
    }

    /// Sets whether to retry a request that the service may have processed
    /// ([`ServiceError::is_outcome_unknown`]). The default is `true`.
    ///
    /// Pass `false` for a `CreateToken` with a refresh token. The token may be spent, so the caller
    /// should first look for a new one in the token file.
    #[must_use]
    pub fn retry_ambiguous(mut self, retry_ambiguous: bool) -> Self {
        self.policy.retry_ambiguous = retry_ambiguous;
        self
    }

    /// Sets the observer of retries. The default ignores them.
    #[must_use]
    pub fn progress_observer(mut self, observer: ProgressObserver) -> Self {
        self.policy.observer = observer;
        self
    }

    /// Returns a policy for one call, for a caller with its own retry loop. It shares the budget of
    /// the layer.
    pub fn policy(&self) -> RetryPolicy {
        self.policy.clone()
    }

    /// Sets the ceiling of the first wait and the ceiling of all waits.
    #[must_use]
    pub fn backoff(mut self, base: Duration, ceiling: Duration) -> Self {
        self.policy.base = base;
        self.policy.ceiling = ceiling;
        self
    }

    /// Sets the budget: a number of retries per second, averaged over ten seconds, plus a number of
    /// retries per hundred successful calls. More than 1000 of either counts as 1000. Earlier
    /// clones keep their budget.
    #[must_use]
    pub fn budget(mut self, retries_per_second: u32, retries_per_hundred_calls: u32) -> Self {
        self.policy.budget = budget(retries_per_second, retries_per_hundred_calls);
        self
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<RetryPolicy, S>;

    fn layer(&self, service: S) -> Self::Service {
        Retry::new(self.policy.clone(), service)
    }
}

impl<Req, Res, E> Policy<Req, Res, E> for RetryPolicy
where
    Req: Clone + 'static,
    E: 'static,
{
    type Future = RetryDelay;

    fn retry(&mut self, request: &mut Req, result: &mut Result<Res, E>) -> Option<RetryDelay> {
        let request: &dyn Any = request;
        let polls = request.downcast_ref().is_some_and(CreateToken::is_device_code_grant);
        // RFC 8628 section 3.5 requires the caller to poll less often from now on.
        if polls && result.as_ref().err().and_then(Failure::of).is_some_and(|it| it.is_throttled())
        {
            return None;
        }
        self.next_wait(result)
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

impl RetryPolicy {
    /// Returns the wait before a retry, or `None` if the result of the attempt is final.
    ///
    /// For a retry, counts the attempt, reports it, and withdraws the retry from the budget.
    pub fn next_wait<Res, E: 'static>(&mut self, result: &Result<Res, E>) -> Option<RetryDelay> {
        self.reported = None;
        let error = match result {
            Ok(_) => {
                self.budget.deposit();
                return None;
            }
            Err(error) => Failure::of(error)?,
        };
        if !error.is_transient() || (error.is_outcome_unknown() && !self.retry_ambiguous) {
            return None;
        }
        if let Some(timeout) = self.throttle_timeout
            && error.is_throttled()
        {
            return self.wait_out_throttling(&error, timeout);
        }
        if self.attempt >= self.max_attempts {
            return None;
        }
        if !self.budget.withdraw() {
            tracing::debug!(
                attempt = self.attempt,
                "{}; no retry, because too many requests failed recently",
                error.headline()
            );
            return None;
        }
        let wait = self.backoff(&error, self.attempt);
        let attempts = Some(self.max_attempts);
        let delay = self.delay(&error, wait, self.attempt, attempts);
        self.attempt += 1;
        Some(delay)
    }

    /// Returns the wait before a throttled request is repeated. Throttling does not mean that the
    /// service fails, so a throttled request uses up neither the attempts nor the budget.
    fn wait_out_throttling(
        &mut self,
        error: &Failure<'_>,
        timeout: Duration,
    ) -> Option<RetryDelay> {
        let now = Instant::now();
        let mut throttled = self.throttled.unwrap_or(Throttled { since: now, attempts: 0 });
        throttled.attempts += 1;
        let wait = self.backoff(error, throttled.attempts);
        if now.duration_since(throttled.since) + wait > timeout {
            return None;
        }
        self.throttled = Some(throttled);
        Some(self.delay(error, wait, self.attempt - 1 + throttled.attempts, None))
    }

    /// Reports a retry and returns the wait before it.
    fn delay(
        &mut self,
        error: &Failure<'_>,
        wait: Duration,
        failed: u32,
        attempts: Option<u32>,
    ) -> RetryDelay {
        let failure = error.headline();
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(attempt = failed, attempts, wait_ms, "{failure}; trying again");
        self.observer.report(ProgressEvent::Retry {
            failure,
            failed_attempts: failed,
            max_attempts: attempts,
            delay: wait,
        });
        self.reported = Some(Arc::new(Reported(self.observer.clone())));
        RetryDelay(Box::pin(tokio::time::sleep(wait)))
    }

    /// Returns the wait that the service asks for, or else a random one. Never longer than the
    /// ceiling.
    ///
    /// A very short wait is replaced by a random one. Throttled requests, which are not counted, would
    /// otherwise be repeated almost without a pause.
    fn backoff(&self, error: &Failure<'_>, attempt: u32) -> Duration {
        match error.retry_after() {
            Some(wait) if wait >= MIN_RETRY_AFTER => wait.min(self.ceiling),
            Some(_) | None => self.jittered(attempt),
        }
    }

    /// Returns a random time between zero and the ceiling of the wait after `attempt`.
    fn jittered(&self, attempt: u32) -> Duration {
        let doublings = 2u32.saturating_pow(attempt - 1);
        self.base.saturating_mul(doublings).min(self.ceiling).mul_f64(random_fraction())
    }
}

impl Drop for Reported {
    fn drop(&mut self) {
        self.0.report(ProgressEvent::Over);
    }
}

impl Future for RetryDelay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for RetryDelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RetryDelay")
    }
}

/// An error of a type that the policy knows.
enum Failure<'e> {
    Service(&'e ServiceError),
    Transport(&'e TransportError),
}

impl<'e> Failure<'e> {
    fn of<E: 'static>(error: &'e E) -> Option<Self> {
        let error: &dyn Any = error;
        if let Some(error) = error.downcast_ref() {
            return Some(Self::Service(error));
        }
        if let Some(error) = error.downcast_ref() {
            return Some(Self::Transport(error));
        }
        let boxed = error.downcast_ref::<BoxError>()?.as_ref();
        find(boxed).map(Self::Service).or_else(|| find(boxed).map(Self::Transport))
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Service(error) => error.is_transient(),
            Self::Transport(error) => error.is_transient(),
        }
    }

    fn is_throttled(&self) -> bool {
        matches!(self, Self::Service(error) if error.is_throttled())
    }

    fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::Service(error) => error.is_outcome_unknown(),
            Self::Transport(error) => error.may_have_been_sent(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Service(error) => error.retry_after(),
            Self::Transport(_) => None,
        }
    }

    /// A short description, which a program shows to its user during the wait.
    fn headline(&self) -> String {
        let transport = match self {
            Self::Transport(error) => error,
            Self::Service(error) => match (error.transport(), error.status()) {
                (Some(transport), _) => transport,
                (None, Some(status)) => return format!("{} answered {status}", service(error)),
                (None, None) => return format!("{} answered with an error", service(error)),
            },
        };
        transport.to_string()
    }
}

fn service(error: &ServiceError) -> &'static str {
    match error.operation() {
        Some(CreateToken::NAME | RegisterClient::NAME | StartDeviceAuthorization::NAME) => {
            "SSO OIDC"
        }
        Some(_) => "the portal",
        None => "the service",
    }
}

fn budget(retries_per_second: u32, retries_per_hundred_calls: u32) -> Arc<TpsBudget> {
    // tower panics outside these ranges.
    let share =
        f32::from(u16::try_from(retries_per_hundred_calls.min(1000)).unwrap_or(1000)) / 100.0;
    Arc::new(TpsBudget::new(Duration::from_secs(10), retries_per_second.min(1000), share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_from_zero_to_the_ceiling() {
        let policy = RetryLayer::standard().policy;
        for (attempt, ceiling) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 20), (40, 20)] {
            let ceiling = Duration::from_secs(ceiling);
            let waits: Vec<_> = (0..400).map(|_| policy.jittered(attempt)).collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*most <= ceiling && *most > ceiling * 9 / 10, "{attempt}: {most:?}");
            assert!(*least < ceiling / 10, "{attempt}: {least:?}");
        }
    }

    #[test]
    fn any_budget_is_accepted_without_a_panic() {
        for number in [0, 1, 1000, u32::MAX] {
            drop(RetryLayer::standard().budget(number, number));
        }
    }
}
