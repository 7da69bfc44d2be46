//! Being built: the module list is final, the front page is not.

#![forbid(unsafe_code)]

mod answer;
mod body;
mod call;
mod endpoint;
mod error_answer;
#[cfg(feature = "https")]
mod https;
#[cfg(feature = "limits")]
mod limits;
mod oidc;
mod operation;
mod pages;
mod portal;
mod redact;
mod retry;
mod secret;
mod service_error;
mod service_error_kind;
mod transport_error;

pub use body::{RequestBody, ResponseBody};
pub use call::ServiceFuture;
pub use endpoint::{Endpoint, EndpointError, EndpointVariant};
#[cfg(feature = "https")]
pub use https::{ClientError, HttpsClient, HttpsClientBuilder, HttpsFuture};
#[cfg(feature = "limits")]
pub use limits::PortalLimits;
pub use oidc::Oidc;
pub use oidc::create_token::{CreateToken, CreateTokenResponse};
pub use oidc::register_client::{RegisterClient, RegisterClientResponse};
pub use oidc::start_device_authorization::{
    StartDeviceAuthorization, StartDeviceAuthorizationResponse,
};
pub use operation::{OidcOperation, Operation, PortalOperation};
pub use pages::{PagedOperation, Pages};
pub use portal::Portal;
pub use portal::get_role_credentials::GetRoleCredentials;
pub use portal::list_account_roles::{ListAccountRoles, ListAccountRolesResponse, Role};
pub use portal::list_accounts::{Account, ListAccounts, ListAccountsResponse};
pub use portal::logout::Logout;
pub use retry::{RetryDelay, RetryLayer, RetryPolicy};
pub use secret::{AuthorizationCode, CodeVerifier, DeviceCode, IdToken};
pub use service_error::ServiceError;
pub use service_error_kind::ServiceErrorKind;
pub use transport_error::{CertificateProblem, ProxyProblem, TimeoutPhase, TransportError};

/// Any error, boxed, as tower's layers pass it on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
