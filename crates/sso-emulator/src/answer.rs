//! The answers of the two services: status, headers and body, and the errors of both services.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::Operation;

/// The errors of the SSO portal and of SSO OIDC, by their names in AWS's service models.
///
/// Both services have `InvalidRequestException`. The operation determines its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorName {
    /// `InvalidRequestException`, 400: a parameter is missing or wrong. OAuth: `invalid_request`.
    InvalidRequest,
    /// Portal: `UnauthorizedException`, 401: the access token is unknown, expired or revoked.
    Unauthorized,
    /// Portal: `ForbiddenException`, 403: the role is not assigned to the user. AWS does not list
    /// it in its model.
    Forbidden,
    /// Portal: `ResourceNotFoundException`, 404.
    ResourceNotFound,
    /// Portal: `TooManyRequestsException`, 429.
    TooManyRequests,
    /// OIDC: `AuthorizationPendingException`, 400. OAuth: `authorization_pending`.
    AuthorizationPending,
    /// OIDC: `SlowDownException`, 400. OAuth: `slow_down`.
    SlowDown,
    /// OIDC: `AccessDeniedException`, 400. OAuth: `access_denied`.
    AccessDenied,
    /// OIDC: `ExpiredTokenException`, 400. OAuth: `expired_token`.
    ExpiredToken,
    /// OIDC: `InvalidGrantException`, 400: the code or refresh token is unknown, used or of an
    /// ended session. OAuth: `invalid_grant`.
    InvalidGrant,
    /// OIDC: `InvalidScopeException`, 400. OAuth: `invalid_scope`.
    InvalidScope,
    /// OIDC: `UnauthorizedClientException`, 400. OAuth: `unauthorized_client`.
    UnauthorizedClient,
    /// OIDC: `UnsupportedGrantTypeException`, 400. OAuth: `unsupported_grant_type`.
    UnsupportedGrantType,
    /// OIDC: `InvalidClientMetadataException`, 400. OAuth: `invalid_client_metadata`.
    InvalidClientMetadata,
    /// OIDC: `InvalidRedirectUriException`, 400. OAuth: `invalid_redirect_uri`.
    InvalidRedirectUri,
    /// OIDC: `InvalidClientException`, 401: the client is unknown, its secret wrong or its
    /// registration expired. OAuth: `invalid_client`.
    InvalidClient,
    /// OIDC: `InternalServerException`, 500. OAuth: `server_error`.
    InternalServer,
}

impl ErrorName {
    /// Every error.
    pub const ALL: &[Self] = &[
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::ResourceNotFound,
        Self::TooManyRequests,
        Self::AuthorizationPending,
        Self::SlowDown,
        Self::AccessDenied,
        Self::ExpiredToken,
        Self::InvalidGrant,
        Self::InvalidScope,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidClientMetadata,
        Self::InvalidRedirectUri,
        Self::InvalidClient,
        Self::InternalServer,
    ];

    /// The name in the service model, such as `InvalidGrantException`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Returns the error with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.name() == name)
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        self.row().1
    }

    /// The OAuth error code in the body of an OIDC error.
    pub fn oauth_error(self) -> &'static str {
        self.row().2
    }

    /// The default message.
    pub(crate) fn default_message(self) -> &'static str {
        self.row().3
    }

    /// The name, the status, the OAuth code and the default message.
    fn row(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => {
                ("InvalidRequestException", 400, "invalid_request", "Invalid request")
            }
            Self::Unauthorized => {
                ("UnauthorizedException", 401, "unauthorized", "Session token not found or invalid")
            }
            Self::Forbidden => ("ForbiddenException", 403, "access_denied", "No access"),
            Self::ResourceNotFound => {
                ("ResourceNotFoundException", 404, "not_found", "Resource not found")
            }
            Self::TooManyRequests => {
                ("TooManyRequestsException", 429, "slow_down", "HTTP 429 Unknown Code")
            }
            Self::AuthorizationPending => (
                "AuthorizationPendingException",
                400,
                "authorization_pending",
                "Authorization is still pending",
            ),
            Self::SlowDown => ("SlowDownException", 400, "slow_down", "Slow down"),
            Self::AccessDenied => ("AccessDeniedException", 400, "access_denied", "Access denied"),
            Self::ExpiredToken => {
                ("ExpiredTokenException", 400, "expired_token", "Token issued is expired")
            }
            Self::InvalidGrant => {
                ("InvalidGrantException", 400, "invalid_grant", "Invalid grant provided")
            }
            Self::InvalidScope => {
                ("InvalidScopeException", 400, "invalid_scope", "Invalid scope provided")
            }
            Self::UnauthorizedClient => (
                "UnauthorizedClientException",
                400,
                "unauthorized_client",
                "Client is not authorized to request a token",
            ),
            Self::UnsupportedGrantType => (
                "UnsupportedGrantTypeException",
                400,
                "unsupported_grant_type",
                "Grant type is not supported",
            ),
            Self::InvalidClientMetadata => (
                "InvalidClientMetadataException",
                400,
                "invalid_client_metadata",
                "Invalid client metadata",
            ),
            Self::InvalidRedirectUri => {
                ("InvalidRedirectUriException", 400, "invalid_redirect_uri", "Invalid redirect URI")
            }
            Self::InvalidClient => {
                ("InvalidClientException", 401, "invalid_client", "Invalid client provided")
            }
            Self::InternalServer => {
                ("InternalServerException", 500, "server_error", "Internal server error")
            }
        }
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An answer. The header names and values are checked when it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Creates an answer with status 200 and a JSON body.
    pub(crate) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    /// Creates an answer with a JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Creates an answer with any body.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// Creates an answer with status 200 and no body.
    pub(crate) fn empty() -> Self {
        Self { status: 200, headers: Vec::new(), body: Bytes::new() }
    }

    /// Creates an error with its default message.
    pub(crate) fn error(operation: Operation, name: ErrorName) -> Self {
        Self::error_with(operation, name, None, None)
    }

    /// Creates an error in the form of the service of `operation`.
    pub(crate) fn error_with(
        operation: Operation,
        name: ErrorName,
        message: Option<&str>,
        reason: Option<&str>,
    ) -> Self {
        let message = message.unwrap_or_else(|| name.default_message());
        let (namespace, body) = if operation.is_portal() {
            let namespace = "com.amazonaws.switchboard.portal";
            let kind = format!("{namespace}#{}", name.name());
            (namespace, json!({"message": message, "__type": kind}))
        } else {
            let mut body = json!({"error": name.oauth_error(), "error_description": message});
            if let (Some(reason), Some(body)) = (reason, body.as_object_mut()) {
                body.insert("reason".to_owned(), json!(reason));
            }
            ("com.amazonaws.ssooidc", body)
        };
        let kind = format!("{}:http://internal.amazon.com/coral/{namespace}/", name.name());
        Self::json(name.status(), &body).header("x-amzn-ErrorType", &kind)
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// An answer that a fault sends instead of the real one. The request is then not processed: nothing
/// is issued and no refresh token is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedAnswer {
    kind: Kind,
    message: Option<String>,
    reason: Option<String>,
    headers: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Error(ErrorName),
    Raw { status: u16, content_type: String, body: Vec<u8> },
}

impl ScriptedAnswer {
    /// Creates an error with the status, the headers and the body that AWS sends.
    pub fn error(name: ErrorName) -> Self {
        Self::of(Kind::Error(name))
    }

    /// Creates an answer with a status and no error type, like that of a load balancer. The JSON
    /// body contains only a message. A number that is not an HTTP status (100 to 999) becomes 500.
    pub fn status(status: u16) -> Self {
        let body = format!("{{\"message\":\"HTTP {status} Unknown Code\"}}");
        Self::raw(status, "application/json", body)
    }

    /// Creates an answer with any status, content type and body, such as the page of a captive
    /// portal or a part of a JSON object.
    pub fn raw(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::of(Kind::Raw { status, content_type: content_type.to_owned(), body: body.into() })
    }

    /// Creates a redirect (302) to `location`.
    pub fn redirect(location: &str) -> Self {
        Self::raw(302, "text/html", "").header("Location", location)
    }

    /// Sets the message. Only for [`error`](Self::error).
    #[must_use]
    pub fn message(mut self, message: &str) -> Self {
        self.message = Some(message.to_owned());
        self
    }

    /// Sets the `reason` that some OIDC errors have. Only for [`error`](Self::error).
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    /// Adds a header. A header that HTTP does not allow is omitted when the answer is sent.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a `Retry-After` header in whole seconds. Fractions are truncated.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.header("Retry-After", &wait.as_secs().to_string())
    }

    pub(crate) fn answer(&self, operation: Option<Operation>) -> Answer {
        // An unknown operation gets the portal's form.
        let operation = operation.unwrap_or(Operation::GetRoleCredentials);
        let mut answer = match &self.kind {
            Kind::Error(name) => Answer::error_with(
                operation,
                *name,
                self.message.as_deref(),
                self.reason.as_deref(),
            ),
            Kind::Raw { status, content_type, body } => {
                Answer::new(*status, content_type, body.clone())
            }
        };
        answer.headers.extend(self.headers.iter().cloned());
        answer
    }

    fn of(kind: Kind) -> Self {
        Self { kind, message: None, reason: None, headers: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_found_by_its_name() {
        for &error in ErrorName::ALL {
            assert_eq!(ErrorName::from_name(error.name()), Some(error));
            assert!(error.name().ends_with("Exception"));
        }
    }

    #[test]
    fn errors_of_the_portal_and_oidc_have_different_forms() {
        let portal = Answer::error(Operation::ListAccounts, ErrorName::InvalidRequest);
        assert_eq!(
            portal.body,
            r#"{"__type":"com.amazonaws.switchboard.portal#InvalidRequestException","message":"Invalid request"}"#
        );
        let oidc = ScriptedAnswer::error(ErrorName::InvalidRequest)
            .message("m")
            .reason("r")
            .answer(Some(Operation::CreateToken));
        assert_eq!(
            oidc.body,
            r#"{"error":"invalid_request","error_description":"m","reason":"r"}"#
        );
        assert_eq!((portal.status, oidc.status), (400, 400));
    }
}
