//! The reason why a command failed, and its exit code.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sso_config::{DocumentFileError, EditError};
use sso_http::{ServiceError, ServiceErrorKind, TransportError};
use sso_login::{LoginError, LogoutError};
use sso_provider::{CallError, ConfigError, CredentialsError, TokenError};

use crate::followed_profile::FollowError;
use crate::generated_profiles::GenerateError;
use crate::quote::Unprintable;

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the SSO portal did not list all {what}")]
    List {
        what: &'static str,
        #[source]
        source: ServiceError,
    },
    #[error("the list took longer than {} seconds and is incomplete", limit.as_secs_f64())]
    ListTimeout { limit: Duration },
    #[error("interrupted; the list is incomplete")]
    Interrupted,
    #[error(transparent)]
    Follow(#[from] FollowError),
    #[error("the environment variable {variable} cannot be used: {wrong}, or remove it")]
    Variable { variable: &'static str, wrong: &'static str },
    #[error("a legacy profile has no sso-session; choose one with --sso-session")]
    NoSession,
    #[error("no answer; use {option}")]
    NoAnswer { option: &'static str },
    #[error("{option} cannot be used: {reason}")]
    Answer { option: &'static str, reason: String },
    #[error("the {what} {name} is not assigned to you; choose another one")]
    NotAssigned { what: &'static str, name: String },
    #[error("no account or role is assigned to you; ask the administrator of IAM Identity Center")]
    NothingAssigned,
    #[error("interrupted before the last answer; the config file was not changed")]
    NotWritten,
    #[error("not confirmed; the config file was not changed")]
    NotConfirmed,
    #[error(
        "profile {name:?} is an SSO profile; credentials under the same name would hide it, even \
         after they have expired; choose another name"
    )]
    HidesProfile { name: String },
    #[error(
        "[{name}] of the credentials file was not written by `ssocreds export --write-profile`; \
         choose another name"
    )]
    UsersSection { name: String },
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error(transparent)]
    Edit(#[from] DocumentFileError),
    #[error(transparent)]
    Endpoint(#[from] sso_endpoint::BindError),
    #[error(transparent)]
    Login(Box<LoginError>),
    #[error(transparent)]
    Logout(#[from] LogoutError),
    #[error("the login was interrupted; nothing was stored")]
    LoginInterrupted,
    #[error(transparent)]
    Unprintable(#[from] Unprintable),
    #[error("{} cannot be run", program.display())]
    Run {
        program: OsString,
        #[source]
        source: io::Error,
    },
    #[error("no browser could be opened; open this link yourself, or set BROWSER: {link}")]
    Browser {
        link: String,
        #[source]
        source: io::Error,
    },
    #[error(
        "the start URL {start_url:?} is not opened, because it is not https; correct sso_start_url"
    )]
    NoWebPage { start_url: String },
    #[error("there is no command {name}; `ssocreds help` lists them")]
    NoSuchCommand { name: String },
    #[error("interrupted before the endpoint was ready")]
    EndpointInterrupted,
    #[error("cannot write {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot {doing}")]
    Io {
        doing: &'static str,
        #[source]
        source: io::Error,
    },
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Credentials(error) => credentials(error),
            Self::Token(error) => token(error),
            Self::Edit(error) | Self::Generate(GenerateError::File(error)) => edit(error),
            Self::Config(_)
            | Self::Follow(_)
            | Self::Variable { .. }
            | Self::NoSession
            | Self::NoWebPage { .. }
            | Self::HidesProfile { .. }
            | Self::UsersSection { .. }
            | Self::Generate(_) => 3,
            Self::List { source, .. } => service(source),
            Self::Login(error) => login(error),
            // The exit codes of POSIX shells.
            Self::Run { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Run { .. } => 126,
            Self::NoSuchCommand { .. } | Self::NoAnswer { .. } | Self::Answer { .. } => 2,
            Self::NotAssigned { .. } | Self::NothingAssigned => 5,
            Self::ListTimeout { .. } => 6,
            // The exit code of shells for SIGINT.
            Self::Interrupted
            | Self::LoginInterrupted
            | Self::EndpointInterrupted
            | Self::NotWritten => 130,
            Self::NotConfirmed
            | Self::Endpoint(_)
            | Self::Logout(_)
            | Self::Unprintable(_)
            | Self::Browser { .. }
            | Self::Write { .. }
            | Self::Io { .. } => 1,
        }
    }

    /// Returns the name of the exit code, which is the `kind` of JSON errors.
    pub(crate) fn kind(&self) -> &'static str {
        match self.exit_code() {
            2 => "usage",
            3 => "configuration",
            4 => "login_required",
            5 => "refused",
            6 => "unavailable",
            126 | 127 => "command",
            130 => "interrupted",
            _ => "other",
        }
    }

    /// Returns the command that logs in, if a login is needed.
    pub(crate) fn login_command(&self) -> Option<&str> {
        match self {
            Self::Credentials(error) if error.needs_login() => error.login_command(),
            Self::Token(error) if error.needs_login() => error.login_command(),
            _ => None,
        }
    }

    /// Returns the error of the configuration, if that is the cause.
    pub(crate) fn config_error(&self) -> Option<&ConfigError> {
        match self {
            Self::Config(error) | Self::Credentials(CredentialsError::Config(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns the error of the service, if that is the cause.
    pub(crate) fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::Credentials(error) => error.service_error(),
            Self::Token(error) => error.service_error(),
            Self::List { source, .. } => Some(source),
            Self::Login(error) => error.service_error(),
            _ => None,
        }
    }
}

impl Failure {
    /// Returns the failure of a list of `what`.
    pub(crate) fn list(what: &'static str, error: CallError) -> Self {
        match error {
            CallError::Token(error) => Self::Token(error),
            CallError::Service(source) => Self::List { what, source },
        }
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        Self::Login(Box::new(error))
    }
}

impl From<sso_config::SettingsError> for Failure {
    fn from(error: sso_config::SettingsError) -> Self {
        Self::Config(error.into())
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self::Edit(error.into())
    }
}

fn edit(error: &DocumentFileError) -> u8 {
    if matches!(error, DocumentFileError::File { .. }) { 1 } else { 3 }
}

fn login(error: &LoginError) -> u8 {
    match error {
        LoginError::Denied | LoginError::Authorization { .. } => 5,
        LoginError::Expired => 4,
        LoginError::OtherLogin { .. } | LoginError::StartUrlUnreachable { .. } => 6,
        LoginError::StartUrl { .. } => 3,
        LoginError::Service(error) => service(error),
        _ => 1,
    }
}

fn credentials(error: &CredentialsError) -> u8 {
    match error {
        CredentialsError::InvalidToken(error) => token(error),
        CredentialsError::AccessDenied { source, .. } | CredentialsError::Portal { source, .. } => {
            service(source)
        }
        CredentialsError::Config(_) => 3,
        CredentialsError::Timeout { .. } | CredentialsError::Interrupted => 6,
        _ => 1,
    }
}

fn token(error: &TokenError) -> u8 {
    match error {
        // Code 4 for every problem with the token file, even if a login may not help.
        TokenError::LoginRequired { .. } | TokenError::File(_) => 4,
        TokenError::Refresh { source, .. } => service(source),
        TokenError::Locked { .. } | TokenError::Timeout { .. } | TokenError::Interrupted { .. } => {
            6
        }
        _ => 1,
    }
}

fn service(error: &ServiceError) -> u8 {
    match error.transport() {
        // The configuration of the machine, such as a missing CA bundle.
        Some(TransportError::TrustStore { .. } | TransportError::Insecure { .. }) => return 3,
        Some(_) => return 6,
        None => {}
    }
    match error.kind() {
        // The token is not valid, or contains characters that are not allowed in a header.
        ServiceErrorKind::Unauthorized | ServiceErrorKind::NotSendable => 4,
        // The answer is not from the service, so the service has refused nothing.
        ServiceErrorKind::Unparseable
        | ServiceErrorKind::Malformed
        | ServiceErrorKind::Redirected => 6,
        _ if error.is_transient() => 6,
        _ if error.status().is_some_and(|status| (400..500).contains(&status)) => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_a_service_selects_the_exit_code() {
        for (status, code, exit) in [
            (400, "InvalidRequestException", 5),
            (403, "ForbiddenException", 5),
            (404, "ResourceNotFoundException", 5),
            (418, "", 5),
            (401, "UnauthorizedException", 4),
            (429, "TooManyRequestsException", 6),
            (400, "SlowDownException", 6),
            (500, "InternalServerException", 6),
            (501, "", 6),
            (503, "", 6),
        ] {
            let error = ServiceError::from_answer(status, code, "");
            assert_eq!(service(&error), exit, "{status} {code}");
        }
        assert_eq!(service(&ServiceError::malformed("no token")), 6);
        let foreign = ServiceError::from_boxed("the cable was cut".into());
        assert_eq!(service(&foreign), 6);
    }

    #[test]
    fn a_command_that_cannot_be_run_has_the_exit_codes_of_a_shell() {
        for (kind, exit) in [
            (io::ErrorKind::NotFound, 127),
            (io::ErrorKind::PermissionDenied, 126),
            (io::ErrorKind::InvalidInput, 126),
        ] {
            let failure = Failure::Run { program: "x".into(), source: kind.into() };
            assert_eq!((failure.exit_code(), failure.kind()), (exit, "command"));
        }
    }
}
