//! Errors of the token provider, the credentials provider and their configuration.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sso_cache::{CacheFileError, LockError, NearMiss, NotRefreshable};
use sso_http::{EndpointError, ServiceError};
use sso_types::{AccountId, RoleName, StartUrl};

/// The error returned when no access token can be retrieved. Cheap to clone; all callers of one
/// refresh share it.
///
/// Every variant about an expired or rejected token names the command that logs in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The user must log in: there is no token, it cannot be used or refreshed, or the session has
    /// ended.
    #[error("a login is required; run: {command}")]
    #[non_exhaustive]
    LoginRequired {
        /// The command to run, quoted for a shell.
        command: String,
        /// The reason that the current login cannot be used.
        #[source]
        reason: LoginReason,
    },
    /// The token has expired or was rejected, and the request to refresh it failed.
    #[error("failed to refresh the access token; try again later, or run: {command}")]
    #[non_exhaustive]
    Refresh {
        /// The command that logs in.
        command: String,
        /// The service's error response, or the reason that there was no response.
        source: ServiceError,
    },
    /// The token has expired or was rejected, but was not refreshed because the new token could not
    /// be written. The refresh token has not been used, because losing the new token would end the
    /// login for every program that shares it.
    #[error(
        "the access token was not refreshed because nothing can be written to {}, and a refresh \
         that is not stored would end the login of every program that shares it; make room, make \
         the directory writable, use another cache directory, or set allow_unsaved_refresh \
         (--allow-unsaved-refresh), then try again or run: {command}",
        directory.display()
    )]
    #[non_exhaustive]
    NotWritable {
        /// The command that logs in.
        command: String,
        /// The directory of the token file.
        directory: PathBuf,
        /// The error of the attempt to write.
        source: Box<CacheFileError>,
    },
    /// The token file cannot be read, for example because of its permissions or a disk error.
    #[error("the token file cannot be read")]
    File(#[source] CacheFileError),
    /// The token has expired or was rejected, and the token file's lock could not be taken: another
    /// process held it for longer than the time limit, or too many files are open.
    #[error("failed to take the token file's lock; try again, or run: {command}")]
    #[non_exhaustive]
    Locked {
        /// The command that logs in.
        command: String,
        /// The lock error, with the lock file and the time waited.
        source: LockError,
    },
    /// The token has expired or was rejected, and refreshing it took longer than the time limit.
    #[error(
        "refreshing the access token took longer than {} seconds; try again, or run: {command}",
        limit.as_secs_f32()
    )]
    #[non_exhaustive]
    Timeout {
        /// The command that logs in.
        command: String,
        /// The limit.
        limit: Duration,
    },
    /// Three refreshes in a row ended without a usable token: the tokio runtime was shut down, the
    /// service for `CreateToken` panicked, or the machine slept until the new token had expired.
    #[error("refreshing the access token was interrupted; try again, or run: {command}")]
    #[non_exhaustive]
    Interrupted {
        /// The command that logs in.
        command: String,
    },
}

/// The reason that a login is required.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoginReason {
    /// There is no token file: the user has not logged in, or has logged out.
    #[error("there is no token file {}{}", path.display(), describe(near_miss.as_deref()))]
    #[non_exhaustive]
    NoToken {
        /// The path of the missing file.
        path: PathBuf,
        /// A token for the same start URL in another file.
        near_miss: Option<Box<NearMiss>>,
    },
    /// The token file does not contain a usable token.
    #[error(transparent)]
    Unusable(CacheFileError),
    /// The access token has expired and cannot be refreshed.
    #[error("the access token expired at {at:.0} and cannot be refreshed: {why}")]
    #[non_exhaustive]
    Expired {
        /// The time (UTC) at which it expired.
        at: Timestamp,
        /// The reason that it cannot be refreshed.
        why: CannotRefresh,
    },
    /// The service reported that the session has ended: it expired, an administrator ended it, or
    /// the user logged out.
    #[error("the session has ended")]
    SessionEnded(#[source] ServiceError),
}

/// The reason that a token cannot be refreshed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotRefresh {
    /// The token file lacks a value that a refresh needs.
    #[error(transparent)]
    Token(NotRefreshable),
    /// The token belongs to a legacy profile.
    #[error("legacy profiles, which name no sso-session, have no refresh token")]
    LegacyProfile,
    /// The token belongs to another sso-session.
    #[error("it belongs to another sso-session")]
    OtherSession,
    /// The provider was built without a service for `CreateToken`.
    #[error("this program only reads the token file")]
    NoService,
}

/// The error returned by
/// [`SsoTokenProvider::call_with_token`](crate::SsoTokenProvider::call_with_token).
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// There is no access token that the service accepts.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The call failed for another reason.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

fn describe(near_miss: Option<&NearMiss>) -> String {
    near_miss.map_or_else(String::new, |found| format!("; {found}"))
}

impl TokenError {
    /// Returns this error and its causes in one line. `Display` shows only this error.
    pub fn report(&self) -> String {
        sso_types::error_chain(self)
    }

    /// Returns `true` if the user must log in. [`Self::login_command`] returns the command.
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::LoginRequired { .. })
    }

    /// Returns `true` if there is no token file.
    pub(crate) fn is_no_token(&self) -> bool {
        matches!(self, Self::LoginRequired { reason: LoginReason::NoToken { .. }, .. })
    }

    /// Returns `true` if another refresh of the same token would fail too: the session has ended, or
    /// the token cannot be refreshed.
    pub(crate) fn is_end_of_session(&self) -> bool {
        let ended = |reason: &LoginReason| {
            matches!(reason, LoginReason::SessionEnded(_) | LoginReason::Expired { .. })
        };
        matches!(self, Self::LoginRequired { reason, .. } if ended(reason))
    }

    /// Returns the command that logs in. If [`Self::needs_login`] is false, logging in is an
    /// alternative to trying again.
    pub fn login_command(&self) -> Option<&str> {
        match self {
            Self::LoginRequired { command, .. }
            | Self::Refresh { command, .. }
            | Self::NotWritable { command, .. }
            | Self::Locked { command, .. }
            | Self::Timeout { command, .. }
            | Self::Interrupted { command } => Some(command),
            Self::File(_) => None,
        }
    }

    /// Returns `true` if the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refresh { source, .. } => source.is_transient(),
            Self::Locked { .. } | Self::Timeout { .. } | Self::Interrupted { .. } => true,
            Self::LoginRequired { .. } | Self::NotWritable { .. } | Self::File(_) => false,
        }
    }

    /// Returns the error of the request to the service, if a request caused this error.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::Refresh { source, .. }
            | Self::LoginRequired { reason: LoginReason::SessionEnded(source), .. } => Some(source),
            _ => None,
        }
    }
}

/// The error returned when no credentials can be retrieved. Cheap to clone; all callers of one
/// request share it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// There is no valid access token (`InvalidTokenError` of the AWS SDK for Go).
    /// [`needs_login`](Self::needs_login) returns `true` if the user must log in.
    #[error(transparent)]
    InvalidToken(#[from] TokenError),
    /// The role is not assigned to the user, or the account is not in the organization (403).
    #[error(
        "access to the role {role_name} in the account {account_id}{} was denied{}; \
         ask the administrator of IAM Identity Center for the assignment, or correct the profile",
        at(start_url.as_ref()), hint(account_id)
    )]
    #[non_exhaustive]
    AccessDenied {
        /// The requested account.
        account_id: AccountId,
        /// The requested role.
        role_name: RoleName,
        /// The IAM Identity Center instance, if known.
        start_url: Option<StartUrl>,
        /// The service's error response.
        #[source]
        source: ServiceError,
    },
    /// The SSO portal returned no credentials for another reason.
    #[error(
        "the SSO portal gave no credentials for the role {role_name} in the account {account_id}{}",
        if source.status().is_some_and(|status| matches!(status, 400 | 404)) { hint(account_id) } else { "" }
    )]
    #[non_exhaustive]
    Portal {
        /// The requested account.
        account_id: AccountId,
        /// The requested role.
        role_name: RoleName,
        /// The service's error response, or the reason that there was no response.
        #[source]
        source: ServiceError,
    },
    /// The SSO portal returned credentials that have already expired, because its clock and this
    /// machine's clock differ. Correct this machine's clock.
    #[error(
        "the SSO portal gave credentials that expired at {at:.0}, but it is {now:.0} now; check this machine's clock"
    )]
    #[non_exhaustive]
    Expired {
        /// The time (UTC) at which they expired.
        at: Timestamp,
        /// This machine's time (UTC).
        now: Timestamp,
    },
    /// The retrieval took longer than its time limit. Try again.
    #[error("getting the credentials took longer than {} seconds; try again", limit.as_secs_f32())]
    #[non_exhaustive]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// Three attempts in a row ended without usable credentials: the tokio runtime was shut down,
    /// the service for `GetRoleCredentials` panicked, or the machine slept until the new
    /// credentials had expired. Try again.
    #[error("getting the credentials was interrupted; try again")]
    Interrupted,
    /// The shared config files, or the settings of the profile, cannot be used.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// An error of another implementation of [`ProvideCredentials`](crate::ProvideCredentials),
    /// created by [`other`](Self::other).
    #[error(transparent)]
    Other(Arc<dyn std::error::Error + Send + Sync>),
}

// Errors are immutable.
impl UnwindSafe for CredentialsError {}
impl RefUnwindSafe for CredentialsError {}

/// An error in the configuration, which the user or the program must correct.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A config file cannot be read.
    #[error(transparent)]
    File(#[from] sso_config::LoadError),
    /// A setting of the profile is missing, contradictory or invalid.
    #[error(transparent)]
    Settings(#[from] sso_config::SettingsError),
    /// The cache directory cannot be determined.
    #[error(transparent)]
    Cache(#[from] CacheFileError),
    /// The URL of an endpoint cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The HTTPS client cannot be built, because a proxy variable or the `User-Agent` suffix is
    /// invalid.
    #[cfg(feature = "https")]
    #[error(transparent)]
    Client(#[from] sso_http::BuildError),
    /// Credentials were requested for a profile without account and role. Such a profile provides
    /// only access tokens.
    #[error(
        "{profile:?} provides only access tokens, because it has no sso_account_id and no \
         sso_role_name; for credentials, use a profile that has both"
    )]
    #[non_exhaustive]
    TokenOnly {
        /// The profile.
        profile: String,
    },
    /// A builder has no token provider, no token file and no start URL.
    #[error(
        "no source of the access token is set; set token_provider, start_url or cached_token_filepath"
    )]
    NoTokenSource,
    /// An option's value is out of range.
    #[error("{option} must be {must_be}")]
    #[non_exhaustive]
    Option {
        /// The name of the builder's method.
        option: &'static str,
        /// The accepted range.
        must_be: &'static str,
    },
}

impl ConfigError {
    /// Returns the error for a profile or sso-session without account and role.
    pub fn token_only(profile: impl Into<String>) -> Self {
        Self::TokenOnly { profile: profile.into() }
    }
}

fn at(start_url: Option<&StartUrl>) -> String {
    start_url.map_or_else(String::new, |url| format!(" at {url}"))
}

fn hint(account_id: &AccountId) -> &'static str {
    if account_id.has_twelve_digits() {
        ""
    } else {
        " (an account id has 12 digits, including leading zeros)"
    }
}

impl CredentialsError {
    /// Returns this error and its causes in one line. `Display` shows only this error.
    pub fn report(&self) -> String {
        sso_types::error_chain(self)
    }

    /// Wraps an error of another implementation of
    /// [`ProvideCredentials`](crate::ProvideCredentials).
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into().into())
    }

    /// Returns `true` if the user must log in. [`Self::login_command`] returns the command.
    pub fn needs_login(&self) -> bool {
        self.token_error().is_some_and(TokenError::needs_login)
    }

    /// Returns the command that logs in. If [`Self::needs_login`] is false, logging in is an
    /// alternative to trying again.
    pub fn login_command(&self) -> Option<&str> {
        self.token_error()?.login_command()
    }

    /// Returns `true` if the role is not assigned to the user.
    pub fn is_access_denied(&self) -> bool {
        matches!(self, Self::AccessDenied { .. })
    }

    /// Returns `true` if the configuration, or an option of a builder, must be corrected.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Config(_))
    }

    /// Returns `true` if the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::InvalidToken(error) => error.is_transient(),
            Self::Portal { source, .. } => source.is_transient(),
            Self::Timeout { .. } | Self::Interrupted => true,
            Self::AccessDenied { .. } | Self::Expired { .. } | Self::Config(_) | Self::Other(_) => {
                false
            }
        }
    }

    /// Returns the error of the request to the service, if a request caused this error.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::AccessDenied { source, .. } | Self::Portal { source, .. } => Some(source),
            _ => self.token_error()?.service_error(),
        }
    }

    fn token_error(&self) -> Option<&TokenError> {
        match self {
            Self::InvalidToken(error) => Some(error),
            _ => None,
        }
    }
}
