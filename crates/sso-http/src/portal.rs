//! The SSO portal as a service.

pub(crate) mod all_roles;
pub(crate) mod get_role_credentials;
pub(crate) mod list_account_roles;
pub(crate) mod list_accounts;
pub(crate) mod logout;

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use sso_types::{AccessToken, AccountId, Region};
use tower::Service;

use crate::{
    BoxError, Endpoint, EndpointVariant, ListAccountRoles, ListAccounts, Pages, PortalOperation,
    RequestBody, ServiceError, ServiceFuture, call,
};

/// The SSO portal: a [`tower::Service`] of [`GetRoleCredentials`](crate::GetRoleCredentials),
/// [`ListAccounts`], [`ListAccountRoles`] and [`Logout`](crate::Logout).
///
/// `S` carries the requests: an `HttpsClient` (with the feature `https`), or any service of
/// `http::Request<RequestBody>`. It sends each request once; put a [`RetryLayer`](crate::RetryLayer)
/// around the portal, or your own layers.
///
/// Cheap to clone. It does not apply `S`'s readiness as back-pressure of its own: it is always
/// ready, and a call waits until `S` is.
#[derive(Debug, Clone)]
pub struct Portal<S> {
    https: S,
    endpoint: Endpoint,
}

impl<S> Portal<S> {
    /// The portal of a region, reached over `https`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "regions are cheap to clone, and it reads well"
    )]
    pub fn new(https: S, region: Region) -> Self {
        Self::with_endpoint(https, Endpoint::portal(&region, EndpointVariant::default()))
    }

    /// The portal at an endpoint.
    pub fn with_endpoint(https: S, endpoint: Endpoint) -> Self {
        Self { https, endpoint }
    }

    /// Where it is reached.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl<S: Clone> Portal<S> {
    /// All accounts that the user of the token is assigned, page by page. Of a portal with layers
    /// around it, [`PagedOperation::pages`](crate::PagedOperation::pages) gives the same.
    pub fn accounts(&self, access_token: AccessToken) -> Pages<Self, ListAccounts> {
        Pages::new(self.clone(), ListAccounts::new(access_token))
    }

    /// All roles that the user of the token is assigned in an account, page by page.
    pub fn account_roles(
        &self,
        access_token: AccessToken,
        account_id: AccountId,
    ) -> Pages<Self, ListAccountRoles> {
        Pages::new(self.clone(), ListAccountRoles::new(access_token, account_id))
    }
}

impl<S, B, Op> Service<Op> for Portal<S>
where
    Op: PortalOperation,
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Op::Response;
    type Error = ServiceError;
    type Future = ServiceFuture<Op::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ServiceError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: Op) -> Self::Future {
        call::call(self.https.clone(), self.endpoint.clone(), operation)
    }
}
