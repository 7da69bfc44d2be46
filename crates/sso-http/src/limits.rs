//! A limit on how fast the portal is asked, for programs that fan out over many accounts and roles.
//!
//! Not responsible for retries. The limiting is tower's own.

use std::time::Duration;

use http::Request;
use tower::buffer::Buffer;
use tower::limit::rate::Rate;
use tower::limit::{ConcurrencyLimit, RateLimit};
use tower::{Layer, Service};

use crate::{BoxError, RequestBody};

/// Holds requests back so that the portal does not answer with 429: a [`tower::Layer`] for what
/// carries the requests, below [`Portal`](crate::Portal), so that all operations and all clones
/// share the limit.
///
/// The portal takes about 20 requests a second for a whole IAM Identity Center instance, which other
/// people use too. Requests are let go a few at a time, not a second's worth at once, so that no
/// second, wherever the portal begins to count one, holds more than was allowed. In the long run
/// that makes somewhat fewer: 16 a second where 20 are allowed.
///
/// ```no_run
/// # #[cfg(feature = "https")]
/// # async fn example(https: sso_http::HttpsClient) -> Result<(), sso_types::NameError> {
/// use sso_http::{Portal, PortalLimits};
/// use tower::Layer;
///
/// let portal = Portal::new(PortalLimits::default().layer(https), "eu-central-1".parse()?);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PortalLimits {
    requests_per_second: u64,
    concurrency: usize,
}

impl PortalLimits {
    /// At most so many requests are begun in any second, whenever it begins; 0 counts as 1.
    #[must_use]
    pub fn requests_per_second(mut self, requests_per_second: u32) -> Self {
        self.requests_per_second = requests_per_second.max(1).into();
        self
    }

    /// At most so many requests are under way; 0 counts as 1.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }
}

impl Default for PortalLimits {
    /// At most 20 requests in any second, 10 at a time.
    fn default() -> Self {
        Self { requests_per_second: 20, concurrency: 10 }
    }
}

impl<S> Layer<S> for PortalLimits
where
    S: Service<Request<RequestBody>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError> + Send + Sync,
{
    type Service = Buffer<
        Request<RequestBody>,
        <RateLimit<ConcurrencyLimit<S>> as Service<Request<RequestBody>>>::Future,
    >;

    /// Spawns tower's worker, which the clones share: needs a tokio runtime around it, and panics
    /// without one.
    fn layer(&self, https: S) -> Self::Service {
        let limited = ConcurrencyLimit::new(https, self.concurrency);
        Buffer::new(RateLimit::new(limited, self.rate()), 1024)
    }
}

impl PortalLimits {
    /// Shares of a fifth, each in a window of its own.
    ///
    /// tower counts from the first request after a pause: with windows of a second, the last moment
    /// of one and the first of the next can hold twice what was allowed. Any second touches at most
    /// one window more than fit into it, so with four to a second and a fifth in each it holds no
    /// more than the whole. A share of one request needs no such reserve: it is spaced evenly.
    fn rate(self) -> Rate {
        let share = (self.requests_per_second / 5).max(1);
        let windows = match share {
            1 => self.requests_per_second,
            _ => self.requests_per_second / share - 1,
        };
        // Rounded up, so that no window is too short.
        Rate::new(share, Duration::from_nanos(1_000_000_000_u64.div_ceil(windows)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_makes_a_rate_that_panics_or_stands_still() {
        for number in (0..100).chain([u32::MAX]) {
            let _ = PortalLimits::default().requests_per_second(number).rate();
        }
    }
}
