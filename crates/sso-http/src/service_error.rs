//! The error type of calls to both services.
//!
//! The module `error_answer` reads it from an error answer. [`TransportError`] is the error of a
//! request that got no answer.

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
/// Cheap to clone. It contains no headers and no body of the request. The secrets of the request
/// are removed from what it quotes of the answer.
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
    oauth_code: Option<String>,
    error_description: Option<String>,
    reason: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    account_id: Option<AccountId>,
    role_name: Option<RoleName>,
    transport: Option<TransportError>,
}

impl ServiceError {
    /// Creates the error of an error answer, for a mock of a service: `ServiceError::from_answer(401,
    /// "UnauthorizedException", "Session token not found or invalid")`.
    ///
    /// `code` is the name of an exception or an OAuth code, and determines the kind. If `code` is
    /// not known, the kind is derived from the status, as for an answer of the portal.
    pub fn from_answer(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
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

    /// Creates the error for a successful answer that is not usable. `what` is the reason, and must
    /// not contain a value of the answer.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self::of(ServiceErrorKind::Malformed).edit(|parts| parts.message = Some(what.into()))
    }

    /// Converts an error that a layer has boxed.
    ///
    /// Returns a `ServiceError` or a [`TransportError`] in its chain of sources. The error of
    /// tower's timeout layer becomes a timeout of the call. An [`io::Error`](std::io::Error) in the
    /// chain is converted by its kind. Any other error becomes [`TransportError::Other`].
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
            oauth_code: None,
            error_description: None,
            reason: None,
            request_id: None,
            retry_after: None,
            account_id: None,
            role_name: None,
            transport: None,
        }))
    }

    /// Sets the operation.
    #[must_use]
    pub fn with_operation(self, operation: &'static str) -> Self {
        self.edit(|parts| parts.operation = Some(operation))
    }

    /// Sets the HTTP status of the answer.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        self.edit(|parts| parts.status = Some(status))
    }

    /// Sets the message.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        self.edit(|parts| parts.message = Some(message.into()))
    }

    /// Sets the OAuth error code (RFC 6749 section 5.2, `error`).
    #[must_use]
    pub fn with_oauth_code(self, oauth_code: impl Into<String>) -> Self {
        self.edit(|parts| parts.oauth_code = Some(oauth_code.into()))
    }

    /// Sets the OAuth `error_description`.
    #[must_use]
    pub fn with_error_description(self, error_description: impl Into<String>) -> Self {
        self.edit(|parts| parts.error_description = Some(error_description.into()))
    }

    /// Sets the `reason`.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<String>) -> Self {
        self.edit(|parts| parts.reason = Some(reason.into()))
    }

    /// Sets the service's request ID.
    #[must_use]
    pub fn with_request_id(self, request_id: impl Into<String>) -> Self {
        self.edit(|parts| parts.request_id = Some(request_id.into()))
    }

    /// Sets the time to wait before the next request.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        self.edit(|parts| parts.retry_after = Some(retry_after))
    }

    /// Sets the account and the role that the call concerned.
    #[must_use]
    pub fn with_subject(self, account_id: AccountId, role_name: Option<RoleName>) -> Self {
        self.edit(|parts| {
            parts.account_id = Some(account_id);
            parts.role_name = role_name;
        })
    }

    /// Sets the endpoint.
    #[must_use]
    pub fn with_endpoint(self, endpoint: Endpoint) -> Self {
        self.edit(|parts| parts.endpoint = Some(endpoint))
    }

    /// The kind of the error.
    pub fn kind(&self) -> ServiceErrorKind {
        self.0.kind
    }

    /// The operation, as the service's model names it: `GetRoleCredentials`.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The endpoint that was called.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.0.endpoint.as_ref()
    }

    /// The HTTP status of the answer; `None` if there was no answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The name of the error in the answer, such as `UnauthorizedException`; or the OAuth code, if
    /// the answer has no name.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The message of the service or of this crate. Never a secret.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref().or(self.0.error_description.as_deref())
    }

    /// The OAuth error code of an OIDC error (RFC 6749 section 5.2, `error`): `invalid_grant`.
    pub fn oauth_code(&self) -> Option<&str> {
        self.0.oauth_code.as_deref()
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

    /// The time to wait before the next request, from the service (`Retry-After`,
    /// `x-amz-retry-after`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The account that the call concerned.
    pub fn account_id(&self) -> Option<&AccountId> {
        self.0.account_id.as_ref()
    }

    /// The role that the call concerned.
    pub fn role_name(&self) -> Option<&RoleName> {
        self.0.role_name.as_ref()
    }

    /// The reason why there was no answer, for [`ServiceErrorKind::Transport`].
    pub fn transport(&self) -> Option<&TransportError> {
        self.0.transport.as_ref()
    }

    /// Returns `true` if another attempt may succeed: after a failed or closed connection, a
    /// timeout of one attempt, throttling, `InternalServerException`, or one of the statuses 500,
    /// 502, 503 and 504.
    pub fn is_transient(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_transient)
            || self.is_throttled()
            // Do not use the kind: a 501 is also `InternalServer`, but it is not transient.
            || self.code() == Some("InternalServerException")
            || matches!(self.0.status, Some(500 | 502 | 503 | 504))
    }

    /// Returns `true` if the service throttled the request: 429, `TooManyRequestsException`,
    /// `SlowDownException`.
    pub fn is_throttled(&self) -> bool {
        self.0.status == Some(429)
            || matches!(self.0.kind, ServiceErrorKind::TooManyRequests | ServiceErrorKind::SlowDown)
    }

    /// Returns `true` if the portal rejected the access token (401).
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == ServiceErrorKind::Unauthorized
    }

    /// Returns `true` if the portal denied the user access to the account or role (403). For
    /// `AccessDeniedException` of OIDC see [`ServiceError::is_login_required`].
    pub fn is_forbidden(&self) -> bool {
        self.0.kind == ServiceErrorKind::Forbidden
    }

    /// Returns `true` if the grant of a `CreateToken` is spent or unknown: `InvalidGrantException`.
    pub fn is_invalid_grant(&self) -> bool {
        self.0.kind == ServiceErrorKind::InvalidGrant
    }

    /// Returns `true` for an error of OIDC after which only a new login helps:
    /// `InvalidClientException`, `UnauthorizedClientException`, `ExpiredTokenException`,
    /// `AccessDeniedException`.
    pub fn is_login_required(&self) -> bool {
        matches!(
            self.0.kind,
            ServiceErrorKind::InvalidClient
                | ServiceErrorKind::UnauthorizedClient
                | ServiceErrorKind::ExpiredToken
                | ServiceErrorKind::AccessDenied
        )
    }

    /// Returns `true` if a timeout was exceeded.
    pub fn is_timeout(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_timeout)
    }

    /// Returns `true` if the connect timeout was exceeded.
    pub fn is_connect_timeout(&self) -> bool {
        self.0.transport.as_ref().is_some_and(TransportError::is_connect_timeout)
    }

    /// Returns `true` if the request may have reached the service. If `false`, no part of it was
    /// sent.
    pub fn may_have_been_sent(&self) -> bool {
        match &self.0.transport {
            Some(transport) => transport.may_have_been_sent(),
            None => self.0.kind != ServiceErrorKind::NotSendable,
        }
    }

    /// Returns `true` if the service may or may not have processed the request.
    ///
    /// This is so if the request may have been sent but got no complete answer, if a gateway
    /// answered instead of the service (502, 504), or if the answer cannot be decoded. Sending the
    /// request again may use a refresh token twice.
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
            .field("oauth_code", &parts.oauth_code)
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
