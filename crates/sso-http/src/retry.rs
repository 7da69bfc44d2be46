//! Trying again: which errors, how often, after how long, and when to stop for everybody's sake.
//!
//! Not responsible for a limit on the whole call: that is a timeout layer around this one.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::Layer;
use tower::retry::budget::{Budget, TpsBudget};
use tower::retry::{Policy, Retry};

use crate::transport_error::find;
use crate::{
    BoxError, CreateToken, Operation, RegisterClient, ServiceError, StartDeviceAuthorization,
    TransportError,
};

/// Tries again what failed for a passing reason: a [`tower::Layer`] for any service whose requests
/// can be cloned and whose error is a [`ServiceError`], a [`TransportError`] or a [`BoxError`] with
/// one of them in its chain. Other errors are passed on as they are.
///
/// What is tried again: what [`ServiceError::is_transient`] or [`TransportError::is_transient`]
/// says. How: AWS's standard mode. The wait is random between zero and a ceiling of 1 s, 2 s, 4 s …
/// 20 s ("full jitter"); where the service says how long to wait, that, up to the same 20 s.
///
/// Clones of a layer, and all services made by them, share one budget of retries: when everything
/// fails, each caller soon gets its error after one attempt, and the outage is not made worse.
///
/// Before each wait there is an event for `tracing` at the target `ssocreds::progress`, level
/// `DEBUG`, with `attempt`, `attempts` and `wait_ms`; when the further attempt is over, however it
/// ends, one with `over`, as where the budget allows none.
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
#[derive(Debug, Clone)]
pub struct RetryLayer {
    policy: RetryPolicy,
}

/// The policy that [`RetryLayer`] gives to [`tower::retry::Retry`]; one call's, from its first attempt
/// to its last.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    max_attempts: u32,
    retry_ambiguous: bool,
    base: Duration,
    ceiling: Duration,
    budget: Arc<TpsBudget>,
    /// The attempt that is under way, from 1.
    attempt: u32,
    /// The last attempt that was announced, until it is over. A clone's attempts are its own: layers
    /// and services, which are cloned, have announced none.
    announced: Option<Arc<Announced>>,
}

/// A further attempt that was announced, also where it is dropped half way.
#[derive(Debug)]
struct Announced;

/// The wait before a further attempt.
pub struct RetryDelay(Pin<Box<tokio::time::Sleep>>);

impl RetryLayer {
    /// AWS's standard mode: three attempts in all, waits up to 1 s and 2 s, and a budget of two
    /// retries a second, averaged over ten seconds, plus one for every five calls that succeed.
    pub fn standard() -> Self {
        Self {
            policy: RetryPolicy {
                max_attempts: 3,
                retry_ambiguous: true,
                base: Duration::from_secs(1),
                ceiling: Duration::from_secs(20),
                budget: budget(2, 20),
                attempt: 1,
                announced: None,
            },
        }
    }

    /// How many attempts are made in all, the first one included; 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.policy.max_attempts = max_attempts.max(1);
        self
    }

    /// Whether to try again when nobody knows whether the request was carried out
    /// ([`ServiceError::is_outcome_unknown`]). Say `false` for a `CreateToken` with a refresh token:
    /// the token may be spent, and whoever holds it should first look whether a new one is there.
    #[must_use]
    pub fn retry_ambiguous(mut self, retry_ambiguous: bool) -> Self {
        self.policy.retry_ambiguous = retry_ambiguous;
        self
    }

    /// The policy of one call, for who has something to do between the attempts and makes them in a loop
    /// of their own; with the budget that all of the layer's calls share.
    pub fn policy(&self) -> RetryPolicy {
        self.policy.clone()
    }

    /// The ceiling of the first wait, and the one that no wait exceeds.
    #[must_use]
    pub fn backoff(mut self, base: Duration, ceiling: Duration) -> Self {
        self.policy.base = base;
        self.policy.ceiling = ceiling;
        self
    }

    /// The budget: so many retries a second (averaged over ten), plus so many for a hundred calls
    /// that succeed. More than 1000 of either counts as 1000. Layers cloned before this keep theirs.
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
    Req: Clone,
    E: 'static,
{
    type Future = RetryDelay;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, E>) -> Option<RetryDelay> {
        self.next_wait(result)
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

impl RetryPolicy {
    /// What an attempt came to: the wait before a further one, or `None` where there is to be none.
    /// Counts the attempt, announces the further one, and takes it out of the budget.
    pub fn next_wait<Res, E: 'static>(&mut self, result: &Result<Res, E>) -> Option<RetryDelay> {
        self.announced = None;
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
        if self.attempt >= self.max_attempts {
            return None;
        }
        if !self.budget.withdraw() {
            tracing::debug!(
                target: "ssocreds::progress",
                attempt = self.attempt,
                over = true,
                "{}; not trying again, as too much has failed lately",
                error.headline()
            );
            return None;
        }
        let wait = match error.retry_after() {
            Some(wait) => wait.min(self.ceiling),
            None => self.jittered(),
        };
        tracing::debug!(
            target: "ssocreds::progress",
            attempt = self.attempt,
            attempts = self.max_attempts,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            "{}; trying again",
            error.headline()
        );
        self.announced = Some(Arc::new(Announced));
        self.attempt += 1;
        Some(RetryDelay(Box::pin(tokio::time::sleep(wait))))
    }

    /// Anything from zero to the ceiling of this attempt.
    fn jittered(&self) -> Duration {
        let doublings = 2u32.saturating_pow(self.attempt - 1);
        self.base.saturating_mul(doublings).min(self.ceiling).mul_f64(random_fraction())
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        tracing::debug!(target: "ssocreds::progress", over = true, "the further attempt is over");
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

/// An error that can be judged.
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

    /// What happened, for someone who waits at a terminal.
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

/// From the standard library's hash keys, which it draws from the operating system once a thread and
/// changes at each call; good enough to spread retries, and no further crate.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(bits).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_fill_the_whole_range_and_no_more() {
        let mut policy = RetryLayer::standard().policy;
        for (attempt, ceiling) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 20), (40, 20)] {
            policy.attempt = attempt;
            let ceiling = Duration::from_secs(ceiling);
            let waits: Vec<_> = (0..400).map(|_| policy.jittered()).collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*most <= ceiling && *most > ceiling * 9 / 10, "{attempt}: {most:?}");
            assert!(*least < ceiling / 10, "{attempt}: {least:?}");
        }
    }

    #[test]
    fn no_budget_panics() {
        for number in [0, 1, 1000, u32::MAX] {
            drop(RetryLayer::standard().budget(number, number));
        }
    }
}
