//! The error of a login.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use sso_cache::{CacheFileError, LockError};
use sso_http::{BoxError, ServiceError, ServiceErrorKind};

/// The error returned when a login fails. Cheap to clone.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The user, or an administrator, refused the login.
    #[error("the login was denied; start it again and allow it")]
    Denied,
    /// The user did not finish the login in time.
    #[error("the login expired before it was allowed; start it again")]
    Expired,
    /// Another login for the same token file did not finish in time.
    #[error(
        "another login for this session is still running after {} s; finish it, or end its process",
        waited.as_secs()
    )]
    #[non_exhaustive]
    OtherLogin {
        /// The time that this login waited for the other.
        waited: Duration,
    },
    /// The login cannot listen on the port for the browser's redirect.
    #[error(
        "failed to listen on 127.0.0.1, port {port}; choose another port, or log in with a device code"
    )]
    #[non_exhaustive]
    Listen {
        /// The requested port, or 0 for any port.
        port: u16,
        /// The operating system's error.
        source: Arc<io::Error>,
    },
    /// The authorization page ended with an OAuth error other than a denial.
    #[error("the authorization page reported {code}; start the login again")]
    #[non_exhaustive]
    Authorization {
        /// The OAuth error code (RFC 6749 section 4.1.2.1): letters, digits, `_` and `-`.
        code: String,
    },
    /// SSO OIDC refused a request or could not be reached. The source is the reason.
    #[error("the login failed at {}", .0.operation().unwrap_or("a request"))]
    Service(#[source] ServiceError),
    /// The start URL is not a URL, or is on a custom domain and does not redirect to an AWS access
    /// portal.
    #[error(
        "the start URL {start_url} does not lead to an AWS access portal: {reason}; check sso_start_url"
    )]
    #[non_exhaustive]
    StartUrl {
        /// The start URL as configured.
        start_url: String,
        /// The reason, as a clause.
        reason: &'static str,
    },
    /// The custom domain of the start URL could not be reached.
    #[error(
        "failed to reach the custom domain of the start URL {start_url}; check sso_start_url and the network"
    )]
    #[non_exhaustive]
    StartUrlUnreachable {
        /// The start URL as configured.
        start_url: String,
        /// The error of the request.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The token file cannot be written. The login checks this before it exchanges the code, so
    /// that usually the code is not spent.
    #[error("failed to store the new token")]
    Store(#[source] CacheFileError),
    /// The token file's lock or the login lock cannot be taken.
    #[error("failed to lock the token file for the login")]
    Lock(#[source] LockError),
    /// The operating system returned no random numbers.
    #[error("failed to get random numbers from the operating system; try again")]
    Random,
}

// Errors are immutable.
impl UnwindSafe for LoginError {}
impl RefUnwindSafe for LoginError {}

impl LoginError {
    /// Returns `true` if the user or an administrator refused the login.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied)
    }

    /// Returns `true` if the login was not finished in time.
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Expired | Self::OtherLogin { .. })
    }

    /// Returns the error of the request to SSO OIDC, if a request caused this error.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error) => Some(error),
            _ => None,
        }
    }

    /// Converts the error of a login request. A denial and an expired code become separate
    /// variants.
    pub(crate) fn from_service(error: ServiceError) -> Self {
        match error.kind() {
            ServiceErrorKind::AccessDenied => Self::Denied,
            ServiceErrorKind::ExpiredToken => Self::Expired,
            _ => Self::Service(error),
        }
    }

    pub(crate) fn unreachable(start_url: &str, source: BoxError) -> Self {
        Self::StartUrlUnreachable { start_url: start_url.to_owned(), source: source.into() }
    }
}
