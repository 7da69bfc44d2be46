//! The kinds of errors of the two services, by the names that their models give them.

/// The kind of error that a call ended with.
///
/// The exceptions are those of the `sso` and `sso-oidc` service models, API version 2019-06-10; the
/// OAuth codes those of RFC 6749 section 5.2 and RFC 8628 section 3.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceErrorKind {
    /// `InvalidRequestException`, `invalid_request`: a parameter is missing or wrong. The fault of
    /// the configuration, mostly.
    InvalidRequest,
    /// `InvalidRequestRegionException`: the token or client belongs to another region; the message
    /// says which. Set `sso_region` to it.
    InvalidRequestRegion,
    /// `UnauthorizedException` of the portal (401): the access token is no longer good. Log in again.
    Unauthorized,
    /// `ForbiddenException` of the portal (403; not in the model, yet common): the role is not
    /// assigned to the user, or the account is not in the organization.
    Forbidden,
    /// `ResourceNotFoundException` of the portal (404): there is no such account or role for the user.
    /// The fault of the configuration.
    ResourceNotFound,
    /// `TooManyRequestsException` (429): more than about 20 requests a second for the whole
    /// instance. Transient.
    TooManyRequests,
    /// `AuthorizationPendingException`: the user has not yet said yes or no. Poll again.
    AuthorizationPending,
    /// `SlowDownException`: polling is too fast. Add five seconds to the interval. Transient.
    SlowDown,
    /// `AccessDeniedException` of OIDC: the user said no, or is not allowed. Log in again.
    AccessDenied,
    /// `ExpiredTokenException`: the refresh token or device code has run out. Log in again.
    ExpiredToken,
    /// `InvalidGrantException`: the refresh token, device code or authorization code is spent, or
    /// not this client's.
    InvalidGrant,
    /// `InvalidClientException`: the client registration is unknown or its secret wrong. Log in
    /// again, which registers anew.
    InvalidClient,
    /// `UnauthorizedClientException`: the client may not do this. Log in again.
    UnauthorizedClient,
    /// `InvalidScopeException`: a scope is unknown. The fault of `sso_registration_scopes`.
    InvalidScope,
    /// `UnsupportedGrantTypeException`: the service, or the registration of the client, does not allow
    /// the grant type. The fault of the program.
    UnsupportedGrantType,
    /// `InvalidClientMetadataException`: the registration was refused for what it says of the client.
    /// The fault of the program.
    InvalidClientMetadata,
    /// `InvalidRedirectUriException`: the redirect URI is not one that was registered, or may not be.
    /// The fault of the program.
    InvalidRedirectUri,
    /// `InternalServerException`, or another status from 500 to 599: the service's fault.
    InternalServer,
    /// An error answer that none of the above covers; name and status tell.
    Other,
    /// The answer was a redirect, which is never followed: a captive portal, or a wrong endpoint.
    Redirected,
    /// The answer is not JSON: a captive portal or proxy answered, most likely.
    Unparseable,
    /// The answer is of success, but what it must hold is missing or absurd. The fault of whatever
    /// answered.
    Malformed,
    /// No whole answer; the source, a [`TransportError`](crate::TransportError), says why.
    Transport,
    /// The request cannot be sent as it is (a token with a line feed in it). Nothing was sent.
    NotSendable,
}

/// Which of the two services answered: the same status does not mean the same from both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(unnameable_types, reason = "part of what seals Operation")]
pub enum Service {
    /// The SSO portal.
    Portal,
    /// SSO OIDC.
    Oidc,
}

/// The exception's name, the OAuth code for the same (empty where there is none), and what they are.
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
    /// By the exception's name or the OAuth code.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(exception, code, _)| *exception == name || (!code.is_empty() && *code == name))
            .map(|(_, _, kind)| *kind)
    }

    /// By the status alone, when the answer bears no name that is known.
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

    /// The remedy, where the kind alone tells it.
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
            Self::TooManyRequests => "ask less often, or try again later",
            Self::AuthorizationPending => "the user has not decided yet: ask again",
            Self::SlowDown => "ask less often",
            Self::InvalidScope => "check sso_registration_scopes",
            Self::InternalServer => "try again later",
            _ => "",
        }
    }
}
