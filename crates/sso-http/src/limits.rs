//! A limit on how fast the portal is asked, for programs that fan out over many accounts and roles.
//!
//! Not responsible for retries. The limiting is tower's own.

use http::Request;
use std::time::Duration;

use tower::buffer::Buffer;
use tower::limit::{ConcurrencyLimit, RateLimit};
use tower::{Layer, Service};

use crate::{BoxError, RequestBody};

/// Holds requests back so that the portal does not answer with 429: a [`tower::Layer`] for what
/// carries the requests, below [`Portal`](crate::Portal), so that all operations and all clones
/// share the limit.
///
/// The portal takes about 20 requests a second for a whole IAM Identity Center instance, which other
/// people use too.
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
    /// At most so many requests are begun in any second; 0 counts as 1.
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
    /// 20 requests a second, 10 at a time.
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
        let limited = RateLimit::new(
            limited,
            tower::limit::rate::Rate::new(self.requests_per_second, Duration::from_secs(1)),
        );
        Buffer::new(limited, 1024)
    }
}
