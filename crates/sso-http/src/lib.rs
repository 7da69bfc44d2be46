//! The two services behind an AWS IAM Identity Center (AWS SSO) login, as [`tower`] services: the SSO
//! portal, which gives role credentials for an access token, and SSO OIDC, which gives access tokens.
//!
//! Each operation has a request type; all share one error ([`ServiceError`]). With the feature
//! `https` (on by default) there is an HTTPS client with proxies, CA bundles and timeouts.
//!
//! ```text
//! GetRoleCredentials, CreateToken, …        an operation is a request with everything in it
//!        │
//!   RetryLayer                              retries temporary failures
//!        │
//!   PacingLayer                             long lists only: keeps to the rate that the portal allows
//!        │
//!   Portal<S>, Oidc<S>                      operation ⇄ HTTP; error answers become ServiceError
//!        │  http::Request<RequestBody>
//!   HttpsClient, or your own service         connections, TLS, proxies, timeouts, size limits
//! ```
//!
//! It reads no token files and no configuration, and does not decide when to refresh or to log in
//! again: see `sso-cache`, `sso-config` and `sso-provider`. The only tasks that it spawns drive
//! connections.
//!
//! # Example
//!
//! ```no_run
//! # #[cfg(feature = "https")]
//! # mod example {
//! use sso_http::{GetRoleCredentials, HttpsClient, Portal, RetryLayer};
//! use sso_types::{AccessToken, Environment};
//! use tower::{Layer, ServiceExt};
//!
//! # async fn example(access_token: AccessToken) -> Result<(), Box<dyn std::error::Error>> {
//! let https = HttpsClient::from_environment(&Environment::from_process())?;
//! let portal = RetryLayer::standard().layer(Portal::new(https, "eu-central-1".parse()?));
//! let request =
//!     GetRoleCredentials::new(access_token, "123456789012".parse()?, "ReadOnly".parse()?);
//! let credentials = portal.oneshot(request).await?;
//! println!("good until {}", credentials.expires_at());
//! # Ok(()) }
//! # }
//! ```
//!
//! Any service of HTTP requests can replace `HttpsClient`; here, a function:
//!
//! ```
//! use sso_http::{CreateToken, Oidc, RequestBody, ResponseBody};
//! use sso_types::{ClientSecret, RefreshToken};
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let https = tower::service_fn(async |request: http::Request<RequestBody>| {
//!     assert_eq!(request.uri(), "https://oidc.eu-central-1.amazonaws.com/token");
//!     let body = br#"{"accessToken": "new", "expiresIn": 28800}"#;
//!     Ok::<_, std::convert::Infallible>(http::Response::new(ResponseBody::new(body.to_vec())))
//! });
//! let oidc = Oidc::new(https, "eu-central-1".parse()?);
//! let request =
//!     CreateToken::refresh_token("client", ClientSecret::new("s"), RefreshToken::new("r"));
//! let response = oidc.oneshot(request).await?;
//! assert_eq!(response.expires_in().as_secs(), 28_800);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A mock of a whole service is a function too: `tower::service_fn` of [`GetRoleCredentials`] that gives
//! `sso_types::Credentials` or a [`ServiceError`] made with [`ServiceError::service`].
//!
//! # Time
//!
//! `HttpsClient` limits connecting (3.1 s) and each attempt with its whole answer (10 s). A limit on
//! the call with all its attempts is `tower`'s timeout layer around the retry layer;
//! [`ServiceError::from_boxed`] makes of its error one of this crate's.
//!
//! # Features
//!
//! * `https` (default): `HttpsClient`.
//! * `http2`: HTTP/2 where a server picks it by ALPN. Off, since a login makes a handful of small
//!   requests, which gain nothing by it, and it brings seven more crates.
//!
//! # Secrets
//!
//! Tokens and client secrets are of types that do not show them; the bodies of requests and answers are
//! in memory that is cleared on drop; the access token's header is marked sensitive. No error holds a
//! header or a body of a request. An error quotes no answer of success, and of an error answer at most
//! a line without the secrets of its request: as they stand, and with other characters between their
//! letters and digits. Other encodings (percent, HTML entities) are not recognized. hyper and rustls do
//! not clear their buffers.
//!
//! # `tracing`
//!
//! At the target `ssocreds::http`, level `DEBUG`: a span `call` with `operation` and `host`, in it one
//! event at the end with `status`, `request_id` and `duration_ms`, or with the kind of error. At
//! `ssocreds::progress`, level `DEBUG`: an event before each further attempt, with `attempt`, `attempts`
//! and `wait_ms`, and one with `over` after it or where there is to be none. Account and role are in
//! none of them.

#![forbid(unsafe_code)]
// docs.rs says of each item which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod body;
mod call;
mod endpoint;
mod error_answer;
#[cfg(feature = "https")]
mod https;
mod json_text;
mod oidc;
mod operation;
mod operation_service;
mod pacing;
mod pages;
mod portal;
mod redact;
mod retry;
mod service_error;
mod service_error_kind;
mod timeouts;
mod transport_error;

pub use body::{RequestBody, ResponseBody};
pub use call::ServiceFuture;
pub use endpoint::{Endpoint, EndpointError, EndpointVariant};
#[cfg(feature = "https")]
pub use https::{ClientError, HttpsClient, HttpsClientBuilder, HttpsFuture};
pub use oidc::Oidc;
pub use oidc::create_token::{CreateToken, CreateTokenResponse};
pub use oidc::register_client::{RegisterClient, RegisterClientResponse};
pub use oidc::start_device_authorization::{
    StartDeviceAuthorization, StartDeviceAuthorizationResponse,
};
pub use operation::{OidcOperation, Operation, PortalOperation};
pub use operation_service::OperationService;
pub use pacing::{Paced, PacingLayer};
pub use pages::{PagedOperation, Pages};
pub use portal::Portal;
pub use portal::all_roles::{AllRoles, RolesEvent};
pub use portal::get_role_credentials::GetRoleCredentials;
pub use portal::list_account_roles::{ListAccountRoles, ListAccountRolesResponse, RoleInfo};
pub use portal::list_accounts::{AccountInfo, ListAccounts, ListAccountsResponse};
pub use portal::logout::Logout;
pub use retry::{RetryDelay, RetryLayer, RetryPolicy};
pub use service_error::ServiceError;
pub use service_error_kind::ServiceErrorKind;
pub use sso_types::{AuthorizationCode, CodeVerifier, DeviceCode, IdToken};
pub use timeouts::Timeouts;
pub use transport_error::{CertificateProblem, ProxyProblem, TimeoutPhase, TransportError};

/// Any error, boxed, as tower's layers pass it on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

// Its example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
