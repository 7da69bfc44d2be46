//! The one error of a call to either service.
//!
//! `error_answer` reads it from an answer; [`TransportError`] is the error of a request that got none.

mod display;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sso_types::{AccountId, RoleName};

use crate::transport_error::find;
use crate::{BoxError, Endpoint, ServiceErrorKind, TransportError};

/// The error of a call to the SSO portal or to SSO OIDC.
///
/// Cheap to clone. It holds no secret: not the request's headers or body, and what it quotes of the
/// answer has been searched for the request's secrets.
#[derive(Clone)]
pub struct ServiceError(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    kind: ServiceErrorKind,
    operation: Option<&'static str>,
    endpoint: Option<Endpoint>,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    reason: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    account_id: Option<AccountId>,
    role_name: Option<RoleName>,
    transport: Option<TransportError>,
}

impl ServiceError {
    /// An error answer, as a mock of a service gives it: `ServiceError::service(401,
    /// "UnauthorizedException", "Session token not found or invalid")`. The kind follows from
    /// `code`, an exception's name or an OAuth code; where `code` is not known, from the status, as
    /// the portal means it.
    pub fn service(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        let code = code.into();
        let by_status =
            || ServiceErrorKind::from_status(crate::service_error_kind::Service::Portal, status);
        let kind = ServiceErrorKind::from_name(&code).unwrap_or_else(by_status);
        Self::of(kind).edit(|parts| {
            parts.status = Some(status);
            parts.code = Some(code).filter(|code| !code.is_empty());
            parts.message = Some(message.into()).filter(|message| !message.is_empty());
        })
    }

    /// An answer of success that lacks what it must hold; `what` says what, without a value of it.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self::of(ServiceErrorKind::Malformed).edit(|parts| parts.message = Some(what.into()))
    }

    /// Makes the most of an error that came through other people's layers: a `ServiceError` or a
    /// [`TransportError`] anywhere in its chain is taken as it is; tower's elapsed timeout is a
    /// timeout of the call; anything else is [`TransportError::Other`].
    pub fn from_boxed(error: BoxError) -> Self {
        if let Some(found) = find::<Self>(error.as_ref()) {
            return found.clone();
        }
        match find::<TransportError>(error.as_ref()) {
            Some(found) => found.clone().into(),
            None => TransportError::foreign(error).into(),
        }
    }

    pub(crate) fn of(kind: ServiceErrorKind) -> Self {
        Self(Arc::new(Parts {
            kind,
            operation: None,
            endpoint: None,
            status: None,
            code: None,
            message: None,
            error: None,
            error_description: None,
            reason: None,
            request_id: None,
            retry_after: None,
            account_id: None,
            role_name: None,
            transport: None,
        }))
    }

    /// The same error of that operation.
    #[must_use]
    pub fn with_operation(self, operation: &'static str) -> Self {
        self.edit(|parts| parts.operation = Some(operation))
    }

    /// The same error, with the status of the answer.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        self.edit(|parts| parts.status = Some(status))
    }

    /// The same error, with a message.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        self.edit(|parts| parts.message = Some(message.into()))
    }

    /// The same error, with an OAuth code (RFC 6749 section 5.2, `error`).
    #[must_use]
    pub fn with_error(self, error: impl Into<String>) -> Self {
        self.edit(|parts| parts.error = Some(error.into()))
    }

    /// The same error, with an `error_description`.
    #[must_use]
    pub fn with_error_description(self, error_description: impl Into<String>) -> Self {
        self.edit(|parts| parts.error_description = Some(error_description.into()))
    }

    /// The same error, with a `reason`.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<String>) -> Self {
        self.edit(|parts| parts.reason = Some(reason.into()))
    }

    /// The same error, with the service's request id.
    #[must_use]
    pub fn with_request_id(self, request_id: impl Into<String>) -> Self {
        self.edit(|parts| parts.request_id = Some(request_id.into()))
    }

    /// The same error, with the time that the service wants to be left alone for.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        self.edit(|parts| parts.retry_after = Some(retry_after))
    }

    /// The same error, of a call that was about that account and, where one was named, that role.
    #[must_use]
    pub fn with_subject(self, account_id: AccountId, role_name: Option<RoleName>) -> Self {
        self.edit(|parts| {
            parts.account_id = Some(account_id);
            parts.role_name = role_name;
        })
    }

    /// The same error, of a call to that endpoint.
    #[must_use]
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        self.edit(|parts| parts.endpoint = Some(endpoint))
    }

    /// The kind.
    pub fn kind(&self) -> ServiceErrorKind {
        self.0.kind
    }

    /// The operation, in the service model's spelling: `GetRoleCredentials`.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The endpoint that was called.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.0.endpoint.as_ref()
    }

    /// The HTTP status of the answer; `None` when there was none.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The error's name as the service gave it: `UnauthorizedException`, or an OAuth code where it
    /// gave nothing else.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What the service, or this crate, has to say about it; never a secret.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref().or(self.0.error_description.as_deref())
    }

    /// The OAuth code of an OIDC error (RFC 6749 section 5.2): `invalid_grant`.
    pub fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// The OAuth `error_description` of an OIDC error.
    pub fn error_description(&self) -> Option<&str> {
        self.0.error_description.as_deref()
    }

    /// The `reason` of an OIDC error, such as `KMS_AccessDeniedException`.
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The request ID, which AWS support needs (`x-amzn-RequestId`).
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The time to wait before the next request, from the service (`Retry-After`, `x-amz-retry-after`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The account that the call was about.
    pub fn account_id(&self) -> Option<&AccountId> {
        self.0.account_id.as_ref()
    }

    /// The role that the call was about.
    pub fn role_name(&self) -> Option<&RoleName> {
        self.0.role_name.as_ref()
    }

    /// Why there was no answer, for [`ServiceErrorKind::Transport`].
    pub fn transport(&self) -> Option<&TransportError> {
        self.0.transport.as_ref()
    }

    /// Returns whether another attempt can go better: no connection or none to the end, a time limit,
    /// throttling, and the statuses 500, 502, 503 and 504.
    pub fn is_transient(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_transient)
            || self.is_throttled()
            // Not by the kind: a 501 is of the same, and nothing that passes.
            || self.code() == Some("InternalServerException")
            || matches!(self.0.status, Some(500 | 502 | 503 | 504))
    }

    /// Returns whether the service wants fewer requests: 429, `TooManyRequestsException`,
    /// `SlowDownException`.
    pub fn is_throttled(&self) -> bool {
        self.0.status == Some(429)
            || matches!(self.0.kind, ServiceErrorKind::TooManyRequests | ServiceErrorKind::SlowDown)
    }

    /// Returns whether the portal rejected the access token (401).
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == ServiceErrorKind::Unauthorized
    }

    /// Returns whether the portal refuses this account or role to the user (403). OIDC's
    /// `AccessDeniedException` is another matter: see [`ServiceError::is_login_required`].
    pub fn is_access_denied(&self) -> bool {
        self.0.kind == ServiceErrorKind::Forbidden
    }

    /// Returns whether the grant of a `CreateToken` is spent or not known: `InvalidGrantException`.
    pub fn is_invalid_grant(&self) -> bool {
        self.0.kind == ServiceErrorKind::InvalidGrant
    }

    /// Returns whether OIDC said that only a new login helps: `InvalidClientException`,
    /// `UnauthorizedClientException`, `ExpiredTokenException`, `AccessDeniedException`.
    pub fn is_login_required(&self) -> bool {
        matches!(
            self.0.kind,
            ServiceErrorKind::InvalidClient
                | ServiceErrorKind::UnauthorizedClient
                | ServiceErrorKind::ExpiredToken
                | ServiceErrorKind::AccessDenied
        )
    }

    /// Returns whether a timeout was exceeded.
    pub fn is_timeout(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_timeout)
    }

    /// Returns whether connecting took longer than the connect timeout.
    pub fn is_connect_timeout(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_connect_timeout)
    }

    /// Returns whether the request may have reached a service. When this is `false` nothing of it was sent.
    pub fn may_have_been_sent(&self) -> bool {
        match &self.0.transport {
            Some(transport) => transport.may_have_been_sent(),
            None => self.0.kind != ServiceErrorKind::NotSendable,
        }
    }

    /// Returns whether it is unknown if the request was carried out: it may have been sent and there was no
    /// whole answer, or a gateway answered in the service's place (502, 504), or what answered
    /// cannot be understood. To send it again can spend a refresh token twice.
    pub fn is_outcome_unknown(&self) -> bool {
        match &self.0.transport {
            Some(transport) => transport.may_have_been_sent(),
            None => {
                matches!(self.0.status, Some(502 | 504))
                    || matches!(
                        self.0.kind,
                        ServiceErrorKind::Malformed | ServiceErrorKind::Unparseable
                    )
            }
        }
    }

    pub(crate) fn with_code(self, code: Option<String>) -> Self {
        self.edit(|parts| parts.code = code)
    }

    fn edit(mut self, edit: impl FnOnce(&mut Parts)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        f.debug_struct("ServiceError")
            .field("kind", &parts.kind)
            .field("operation", &parts.operation)
            .field("status", &parts.status)
            .field("code", &parts.code)
            .field("message", &parts.message)
            .field("error", &parts.error)
            .field("error_description", &parts.error_description)
            .field("reason", &parts.reason)
            .field("request_id", &parts.request_id)
            .field("retry_after", &parts.retry_after)
            .field("endpoint", &parts.endpoint)
            .field("account_id", &parts.account_id)
            .field("role_name", &parts.role_name)
            .field("transport", &parts.transport)
            .finish()
    }
}

impl Error for ServiceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.transport.as_ref().map(|transport| transport as _)
    }
}

impl From<TransportError> for ServiceError {
    fn from(transport: TransportError) -> Self {
        Self::of(ServiceErrorKind::Transport).edit(|parts| parts.transport = Some(transport))
    }
}
