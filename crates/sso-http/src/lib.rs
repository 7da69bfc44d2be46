//! The two services of AWS IAM Identity Center (AWS SSO) as [`tower`] services: the SSO portal,
//! which returns role credentials for an access token, and SSO OIDC, which issues access tokens.
//!
//! Each operation has a request type. All operations share one error type, [`ServiceError`]. The
//! feature `https` (on by default) adds an HTTPS client with proxies, CA bundles and timeouts.
//!
//! ```text
//! GetRoleCredentials, CreateToken, …        an operation, with all its parameters
//!        │
//!   RetryLayer                              retries temporary failures
//!        │
//!   PacingLayer                             long lists only: limits the rate of requests
//!        │
//!   Portal<S>, Oidc<S>                      encodes the operation, decodes the answer or error
//!        │  http::Request<RequestBody>
//!   HttpsClient, or your own service         connections, TLS, proxies, timeouts, size limits
//! ```
//!
//! This crate reads no token files and no configuration, and does not decide when to refresh or to
//! log in again. See `sso-cache`, `sso-config` and `sso-provider` for these. It spawns async tasks
//! only to drive connections, and blocking tasks to resolve host names and to read certificates.
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
//! println!("valid until {}", credentials.expires_at());
//! # Ok(()) }
//! # }
//! ```
//!
//! Any service of HTTP requests can replace `HttpsClient`. Here it is a function:
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
//! A mock of a whole service can also be a function: a `tower::service_fn` that takes
//! [`GetRoleCredentials`], and returns `sso_types::Credentials` or a [`ServiceError`] made with
//! [`ServiceError::from_answer`].
//!
//! # Timeouts
//!
//! `HttpsClient` limits connecting to 3.1 s, and each attempt, including the whole answer, to 10 s.
//! To limit a call with all its attempts, put `tower`'s timeout layer around the retry layer.
//! [`ServiceError::from_boxed`] converts the error of that layer.
//!
//! # Features
//!
//! * `https` (default): `HttpsClient`.
//! * `http2`: HTTP/2, if the server selects it by ALPN. It is off by default, because it gains
//!   nothing for the few small requests of a login, and adds seven crates.
//!
//! # Secrets
//!
//! Tokens and client secrets have types that do not display them. The bodies of requests and
//! answers are in memory that is cleared on drop. The header with the access token is marked as
//! sensitive. hyper and rustls do not clear their buffers.
//!
//! No error contains a header or a body of a request, or quotes a successful answer. An error
//! quotes fields of an error answer, each as one line of at most 200 characters, without the secrets
//! of the request. A secret is also recognized if other characters are inserted between its letters
//! and digits, but not in other encodings, such as percent encoding or HTML entities.
//!
//! # `tracing`
//!
//! Each call is a span `call` with `operation` and `host` (target `ssocreds::http`, level `DEBUG`).
//! When the call ends, one event in it has `status`, `request_id` and `duration_ms`, and the kind
//! of error if it failed. No event contains the account or the role.
//!
//! Retries and throttling are reported to a [`sso_types::ProgressObserver`].

#![forbid(unsafe_code)]
// On docs.rs, each item shows the feature that it needs.
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
pub use https::{BuildError, HttpsClient, HttpsClientBuilder, HttpsFuture};
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

/// A boxed error, as tower's layers return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

// Compiles the README's example as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
