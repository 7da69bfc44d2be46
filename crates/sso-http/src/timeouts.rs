//! Timeouts of one call that replace those of the client.

use std::time::Duration;

/// Timeouts for the attempts of one call, which replace those of the client.
///
/// A request carries them as an extension. `HttpsClient` applies them. Another HTTP client may read
/// them from [`http::Request::extensions`], or ignore them.
///
/// For example, a refresh ahead of expiry should fail fast, since the token is still valid:
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
    /// Limits connecting: name resolution, TCP, the proxy and TLS together. The call then opens a
    /// new connection instead of using a pooled one.
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
