//! Errors of creating a client.

use sso_types::EnvironmentError;

/// A client that cannot be created because its configuration is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A proxy variable does not contain the URL of a supported proxy. The message does not contain
    /// the value, which may contain a password.
    #[error("the proxy set by {variable} cannot be used: {reason}")]
    #[non_exhaustive]
    Proxy {
        /// The variable.
        variable: &'static str,
        /// The problem with its value.
        reason: &'static str,
    },
    /// A variable is not UTF-8.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The suffix for `User-Agent` contains a character that is not allowed in a header.
    #[error("the User-Agent suffix contains a character that is not allowed in a header")]
    UserAgent,
}
