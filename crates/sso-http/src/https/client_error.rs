//! Why a client cannot be made.

use sso_types::EnvironmentError;

/// A client that cannot be made as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A proxy variable does not hold the URL of a proxy that can be used. The value is not shown,
    /// as it may hold a password.
    #[error("the proxy set by {variable} cannot be used: {reason}")]
    #[non_exhaustive]
    Proxy {
        /// The variable.
        variable: &'static str,
        /// The problem with its value.
        reason: &'static str,
    },
    /// A variable is not text.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The suffix for `User-Agent` holds a character that no header can carry.
    #[error("the User-Agent suffix holds a character that no header can carry")]
    UserAgent,
}
