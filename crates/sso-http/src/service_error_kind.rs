//! The kinds of errors of the two services, and their names in the services' models.

/// The kind of a [`ServiceError`](crate::ServiceError).
///
/// The exceptions are defined by the `sso` and `sso-oidc` service models, API version 2019-06-10.
/// The OAuth codes are defined by RFC 6749 section 5.2 and RFC 8628 section 3.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceErrorKind {
    /// `InvalidRequestException`, `invalid_request`: a parameter is missing or invalid, usually
    /// because of the configuration.
    InvalidRequest,
    /// `InvalidRequestRegionException`: the token or client belongs to another region. Set
    /// `sso_region` to the region in the message.
    InvalidRequestRegion,
    /// `UnauthorizedException` of the portal (401): the access token is no longer valid. Log in
    /// again.
    Unauthorized,
    /// `ForbiddenException` of the portal (403; common, though not in the model): the role is not
    /// assigned to the user, or the account is not in the organization.
    Forbidden,
    /// `ResourceNotFoundException` of the portal (404): the user has no such account or role.
    /// Correct the configuration.
    ResourceNotFound,
    /// `TooManyRequestsException` (429): more than about 20 requests a second for the whole
    /// instance. Transient.
    TooManyRequests,
    /// `AuthorizationPendingException`: the user has not yet allowed or denied the request. Poll
    /// again.
    AuthorizationPending,
    /// `SlowDownException`: polling is too fast. Add five seconds to the interval. Transient.
    SlowDown,
    /// `AccessDeniedException` of OIDC: the user denied the request, or is not allowed to log in.
    /// Log in again.
    AccessDenied,
    /// `ExpiredTokenException`: the refresh token or device code has expired. Log in again.
    ExpiredToken,
    /// `InvalidGrantException`: the refresh token, device code or authorization code is spent, or
    /// belongs to another client.
    InvalidGrant,
    /// `InvalidClientException`: the client registration is unknown or its secret is wrong. Log in
    /// again, which registers a new client.
    InvalidClient,
    /// `UnauthorizedClientException`: the client is not allowed to do this. Log in again.
    UnauthorizedClient,
    /// `InvalidScopeException`: a scope is unknown. Correct `sso_registration_scopes`.
    InvalidScope,
    /// `UnsupportedGrantTypeException`: the service, or the registration of the client, does not
    /// allow the grant type. This is an error of the program.
    UnsupportedGrantType,
    /// `InvalidClientMetadataException`: a property of the registered client is invalid. This is an
    /// error of the program.
    InvalidClientMetadata,
    /// `InvalidRedirectUriException`: the redirect URI was not registered, or is not allowed. This
    /// is an error of the program.
    InvalidRedirectUri,
    /// `InternalServerException`, or another error with a status from 500 to 599: an error of the
    /// service.
    InternalServer,
    /// An error answer of none of the kinds above. See its name and status.
    Other,
    /// The answer was a redirect, for instance of a captive portal or because of a wrong endpoint.
    /// Redirects are never followed.
    Redirected,
    /// The answer is not JSON. It is probably from a captive portal or a proxy.
    Unparseable,
    /// The answer has a successful status, but a required field is missing or invalid.
    Malformed,
    /// There was no complete answer. The source is a [`TransportError`](crate::TransportError).
    Transport,
    /// The request cannot be encoded, for instance because the token contains a line feed. Nothing
    /// was sent.
    NotSendable,
}

/// One of the two services. Some statuses have a different meaning in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(unnameable_types, reason = "part of what seals Operation")]
pub enum Service {
    /// The SSO portal.
    Portal,
    /// SSO OIDC.
    Oidc,
}

/// The name of each exception, the equivalent OAuth code (empty if there is none), and their kind.
const NAMES: &[(&str, &str, ServiceErrorKind)] = &[
    ("InvalidRequestException", "invalid_request", ServiceErrorKind::InvalidRequest),
    ("InvalidRequestRegionException", "", ServiceErrorKind::InvalidRequestRegion),
    ("UnauthorizedException", "", ServiceErrorKind::Unauthorized),
    ("ForbiddenException", "", ServiceErrorKind::Forbidden),
    ("ResourceNotFoundException", "", ServiceErrorKind::ResourceNotFound),
    ("TooManyRequestsException", "", ServiceErrorKind::TooManyRequests),
    (
        "AuthorizationPendingException",
        "authorization_pending",
        ServiceErrorKind::AuthorizationPending,
    ),
    ("SlowDownException", "slow_down", ServiceErrorKind::SlowDown),
    ("AccessDeniedException", "access_denied", ServiceErrorKind::AccessDenied),
    ("ExpiredTokenException", "expired_token", ServiceErrorKind::ExpiredToken),
    ("InvalidGrantException", "invalid_grant", ServiceErrorKind::InvalidGrant),
    ("InvalidClientException", "invalid_client", ServiceErrorKind::InvalidClient),
    ("UnauthorizedClientException", "unauthorized_client", ServiceErrorKind::UnauthorizedClient),
    ("InvalidScopeException", "invalid_scope", ServiceErrorKind::InvalidScope),
    (
        "UnsupportedGrantTypeException",
        "unsupported_grant_type",
        ServiceErrorKind::UnsupportedGrantType,
    ),
    (
        "InvalidClientMetadataException",
        "invalid_client_metadata",
        ServiceErrorKind::InvalidClientMetadata,
    ),
    ("InvalidRedirectUriException", "invalid_redirect_uri", ServiceErrorKind::InvalidRedirectUri),
    ("InternalServerException", "server_error", ServiceErrorKind::InternalServer),
];

impl ServiceErrorKind {
    /// Looks up the kind by the exception's name or the OAuth code.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(exception, code, _)| *exception == name || (!code.is_empty() && *code == name))
            .map(|(_, _, kind)| *kind)
    }

    /// Derives the kind from the status, for an answer without a known name.
    pub(crate) fn from_status(service: Service, status: u16) -> Self {
        match (service, status) {
            (_, 429) => Self::TooManyRequests,
            (_, 500..=599) => Self::InternalServer,
            (_, 400) => Self::InvalidRequest,
            (Service::Portal, 401) => Self::Unauthorized,
            (Service::Portal, 403) => Self::Forbidden,
            (Service::Portal, 404) => Self::ResourceNotFound,
            (Service::Oidc, 401) => Self::InvalidClient,
            _ => Self::Other,
        }
    }

    /// The remedy for all errors of the kind; empty if there is none.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Unauthorized
            | Self::AccessDenied
            | Self::ExpiredToken
            | Self::InvalidGrant
            | Self::InvalidClient
            | Self::UnauthorizedClient => "log in again",
            Self::InvalidRequestRegion => "check sso_region",
            Self::ResourceNotFound => "check the account and the role",
            Self::TooManyRequests => "send fewer requests, or try again later",
            Self::AuthorizationPending => "the user has not answered yet; poll again",
            Self::SlowDown => "poll less often",
            Self::InvalidScope => "check sso_registration_scopes",
            Self::InternalServer => "try again later",
            _ => "",
        }
    }
}
