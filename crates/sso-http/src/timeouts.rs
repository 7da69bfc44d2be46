//! Time limits for one call, in place of the client's own.

use std::time::Duration;

/// Time limits for the attempts of one call, in place of those of the client.
///
/// A request carries them as an extension, which `HttpsClient` honours. Another HTTP client may
/// read them from [`http::Request::extensions`], or ignore them.
///
/// A refresh ahead of expiry, say, must fail fast while the token is still valid:
///
/// ```
/// use std::time::Duration;
/// use sso_http::{CreateToken, Timeouts};
/// # fn refresh(request: CreateToken) -> CreateToken {
/// let timeouts =
///     Timeouts::default().connect(Duration::from_secs(1)).attempt(Duration::from_secs(11));
/// request.timeouts(timeouts)
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    connect: Option<Duration>,
    attempt: Option<Duration>,
}

impl Timeouts {
    /// Limits name resolution, TCP, the proxy and TLS, taken together. The call then uses a new
    /// connection, never one that was kept open.
    #[must_use]
    pub fn connect(mut self, timeout: Duration) -> Self {
        self.connect = Some(timeout);
        self
    }

    /// Limits one attempt, from connecting to the last byte of the answer.
    #[must_use]
    pub fn attempt(mut self, timeout: Duration) -> Self {
        self.attempt = Some(timeout);
        self
    }

    /// The limit for connecting, if it differs from the client's.
    pub fn connect_timeout(&self) -> Option<Duration> {
        self.connect
    }

    /// The limit for one attempt, if it differs from the client's.
    pub fn attempt_timeout(&self) -> Option<Duration> {
        self.attempt
    }
}
