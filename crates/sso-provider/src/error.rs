//! What can go wrong between a profile name and its credentials, and what to do about it.
//!
//! Not responsible for what goes wrong in files and on the wire: those errors are the sources of
//! these.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sso_cache::{LockError, NearMiss, NotRefreshable, StoreError};
use sso_http::{EndpointError, ServiceError};
use sso_types::{AccountId, RoleName, StartUrl};

/// Why there is no access token. Cheap enough to clone: waiters of one refresh share it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// A person has to log in: no token, one that cannot be used, an expired one that cannot be
    /// refreshed, or a session that the service ended. Nobody's fault; sessions end.
    #[error("a login is required; run: {command}")]
    LoginRequired {
        /// The command to run, quoted for a shell.
        command: String,
        /// What is wrong with the login that is there.
        #[source]
        reason: LoginReason,
    },
    /// SSO OIDC did not refresh the access token this time, and there is none that serves: it has
    /// expired, or the SSO portal refused it. Trying again helps when
    /// [`is_transient`](Self::is_transient) says so.
    #[error("the access token could not be refreshed")]
    Refresh(#[source] ServiceError),
    /// The token file is there and cannot be read: its permissions, or the disk.
    #[error("the token file cannot be read")]
    File(#[source] StoreError),
    /// Another process has been refreshing the same token for longer than the time limit. Try
    /// again; a process that hangs must be ended.
    #[error("another process holds the token file's lock")]
    Locked(#[source] LockError),
    /// The whole refresh took longer than its time limit. Try again.
    #[error("refreshing the access token took longer than {} seconds; try again", limit.as_secs_f32())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// The tokio runtime that the refresh ran on was shut down, the service for `CreateToken` panicked,
    /// or the machine slept until what the refresh brought had expired, and that more than once. Ask
    /// again.
    #[error("the refresh was interrupted; ask again")]
    Interrupted,
}

/// What is wrong with the login that is there.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoginReason {
    /// Nobody has logged in, or someone has logged out: there is no token file.
    #[error("there is no token file {}{}", path.display(), describe(near_miss.as_ref()))]
    NoToken {
        /// The file that was looked for.
        path: PathBuf,
        /// A token for the same start URL that is there under another session's name, or under
        /// the legacy form's.
        near_miss: Option<NearMiss>,
    },
    /// The token file holds no token that can be used.
    #[error(transparent)]
    Unusable(StoreError),
    /// The access token has expired and cannot be refreshed.
    #[error("the access token expired at {at:.0} and cannot be refreshed: {}", reason(why.as_ref()))]
    Expired {
        /// When it did, UTC.
        at: Timestamp,
        /// Why it cannot be refreshed; `None` for a legacy profile, whose tokens never are.
        why: Option<NotRefreshable>,
    },
    /// The service says that the session is over: it ran out, an administrator ended it, or
    /// someone logged out.
    #[error("the session has ended")]
    SessionEnded(#[source] ServiceError),
}

fn describe(near_miss: Option<&NearMiss>) -> String {
    near_miss.map_or_else(String::new, |found| format!("; {found}"))
}

fn reason(why: Option<&NotRefreshable>) -> String {
    why.map_or_else(
        || "legacy profiles, which name no sso-session, have no refresh token".to_owned(),
        ToString::to_string,
    )
}

impl TokenError {
    /// Returns this error and its causes as one line. `Display` shows this level alone.
    pub fn report(&self) -> String {
        report(self)
    }

    /// Whether a person has to log in before this can work. [`Self::login_command`] says how.
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::LoginRequired { .. })
    }

    /// Whether there is no token file at all.
    pub(crate) fn is_no_token(&self) -> bool {
        matches!(self, Self::LoginRequired { reason: LoginReason::NoToken { .. }, .. })
    }

    /// Whether the session is over as far as the service is concerned: nothing but another token
    /// file can help. What was wrong with the file itself is not meant: that may pass.
    pub(crate) fn is_end_of_session(&self) -> bool {
        let over = |reason: &_| {
            matches!(reason, LoginReason::SessionEnded(_) | LoginReason::Expired { .. })
        };
        matches!(self, Self::LoginRequired { reason, .. } if over(reason))
    }

    /// The command that logs in, where that is what is needed.
    pub fn login_command(&self) -> Option<&str> {
        match self {
            Self::LoginRequired { command, .. } => Some(command),
            _ => None,
        }
    }

    /// Whether the same call may well succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refresh(error) => error.is_transient(),
            Self::Locked(_) | Self::Timeout { .. } | Self::Interrupted => true,
            Self::LoginRequired { .. } | Self::File(_) => false,
        }
    }

    /// The service's answer behind this, where there was one, or what kept it from answering.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::Refresh(source)
            | Self::LoginRequired { reason: LoginReason::SessionEnded(source), .. } => Some(source),
            _ => None,
        }
    }
}

/// Why there are no credentials. Cheap enough to clone: waiters of one flight share it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// There is no valid access token (`InvalidTokenError` of the AWS SDK for Go).
    /// [`needs_login`](Self::needs_login) says whether only a login helps.
    #[error(transparent)]
    InvalidToken(#[from] TokenError),
    /// The role is not assigned to the user, or the account is not in the organization (403).
    #[error(
        "access to the role {role_name} in the account {account_id}{} was denied{}; \
         ask the administrator of IAM Identity Center for the assignment, or correct the profile",
        at(start_url.as_ref()), hint(account_id)
    )]
    AccessDenied {
        /// The account that was asked for.
        account_id: AccountId,
        /// The role that was asked for.
        role_name: RoleName,
        /// The IAM Identity Center instance, where known.
        start_url: Option<StartUrl>,
        /// The service's answer.
        #[source]
        source: ServiceError,
    },
    /// The SSO portal did not give credentials for another reason.
    #[error(
        "the SSO portal gave no credentials for the role {role_name} in the account {account_id}{}",
        if source.status().is_some_and(|status| matches!(status, 400 | 404)) { hint(account_id) } else { "" }
    )]
    Portal {
        /// The account that was asked for.
        account_id: AccountId,
        /// The role that was asked for.
        role_name: RoleName,
        /// The service's answer, or what kept it from answering.
        #[source]
        source: ServiceError,
    },
    /// The SSO portal gave credentials that had expired already: its clock and this machine's
    /// differ. Set this machine's clock.
    #[error(
        "the SSO portal gave credentials that expired at {at:.0}, before now ({now:.0}); check this machine's clock"
    )]
    Expired {
        /// When they expired, UTC.
        at: Timestamp,
        /// This machine's time, UTC.
        now: Timestamp,
    },
    /// The whole retrieval took longer than its time limit. Try again.
    #[error("getting the credentials took longer than {} seconds; try again", limit.as_secs_f32())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// The tokio runtime that the retrieval ran on was shut down, the service for `GetRoleCredentials`
    /// panicked, or the machine slept until what the retrieval brought had expired, and that more than
    /// once. Ask again.
    #[error("the retrieval was interrupted; ask again")]
    Interrupted,
    /// The shared config files, or what a profile in them asks for, cannot be used.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The error of another implementation of [`ProvideCredentials`](crate::ProvideCredentials).
    /// See [`other`](Self::other).
    #[error(transparent)]
    Other(Arc<dyn std::error::Error + Send + Sync>),
}

/// What is wrong with the configuration: something for the person who wrote it to mend.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A config file cannot be read or breaks the dialect.
    #[error(transparent)]
    File(#[from] sso_config::LoadError),
    /// The profile does not say, or contradicts itself about, what is needed.
    #[error(transparent)]
    Settings(#[from] sso_config::SettingsError),
    /// There is no cache directory to look in.
    #[error(transparent)]
    Cache(#[from] StoreError),
    /// An endpoint cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The HTTPS client cannot be set up: a proxy variable, or the suffix for `User-Agent`.
    #[cfg(feature = "https")]
    #[error(transparent)]
    Client(#[from] sso_http::ClientError),
    /// Credentials were asked of a profile that names no account and role: it only gives access
    /// tokens.
    #[error(
        "the profile {profile:?} names no sso_account_id and sso_role_name; add them to get \
         credentials, or ask it for an access token only"
    )]
    TokenOnly {
        /// The profile.
        profile: String,
    },
    /// A builder was given neither a token provider nor what makes one.
    #[error(
        "say where the access token comes from: token_provider, start_url or cached_token_filepath"
    )]
    NoTokenSource,
    /// An option's value is out of range.
    #[error("{option} must be {must_be}")]
    Option {
        /// The builder's setter.
        option: &'static str,
        /// What is accepted.
        must_be: &'static str,
    },
}

/// Joins the texts of an error and its causes with ": ".
fn report(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

fn at(start_url: Option<&StartUrl>) -> String {
    start_url.map_or_else(String::new, |url| format!(" at {url}"))
}

fn hint(account_id: &AccountId) -> &'static str {
    if account_id.has_twelve_digits() {
        ""
    } else {
        " (an account id has 12 digits; leading zeros count)"
    }
}

impl CredentialsError {
    /// Returns this error and its causes as one line. `Display` shows this level alone.
    pub fn report(&self) -> String {
        report(self)
    }

    /// Wraps the error of a user's own [`ProvideCredentials`](crate::ProvideCredentials).
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into().into())
    }

    /// Whether a person has to log in before this can work. [`Self::login_command`] says how.
    pub fn needs_login(&self) -> bool {
        self.token_error().is_some_and(TokenError::needs_login)
    }

    /// The command that logs in, where that is what is needed.
    pub fn login_command(&self) -> Option<&str> {
        self.token_error()?.login_command()
    }

    /// Whether the role or account is not one that the user is assigned.
    pub fn is_access_denied(&self) -> bool {
        matches!(self, Self::AccessDenied { .. })
    }

    /// Whether the configuration, or a builder's options, must be mended.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Config(_))
    }

    /// Whether the same call may well succeed a little later.
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

    /// The service's answer behind this, where there was one, or what kept it from answering.
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
