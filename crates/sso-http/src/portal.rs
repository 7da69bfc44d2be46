//! The SSO portal as a tower service.

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
/// `S` sends the requests. It is an `HttpsClient` (with the feature `https`), or any service of
/// `http::Request<RequestBody>`. Each request is sent once; for retries, put a
/// [`RetryLayer`](crate::RetryLayer) or your own layer around the portal.
///
/// Cheap to clone. The portal is always ready, and a call waits until `S` is ready. So the portal
/// does not pass on back-pressure of `S`.
#[derive(Debug, Clone)]
pub struct Portal<S> {
    https: S,
    endpoint: Endpoint,
}

impl<S> Portal<S> {
    /// Creates a client of the portal in a region. It sends requests with `https`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "regions are cheap to clone, and it reads well"
    )]
    pub fn new(https: S, region: Region) -> Self {
        Self::with_endpoint(https, Endpoint::portal(&region, EndpointVariant::default()))
    }

    /// Creates a client of the portal at an endpoint.
    pub fn with_endpoint(https: S, endpoint: Endpoint) -> Self {
        Self { https, endpoint }
    }

    /// The endpoint of the portal.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl<S: Clone> Portal<S> {
    /// Lists all accounts that are assigned to the user of the token, page by page. For a portal
    /// with layers around it, use [`PagedOperation::pages`](crate::PagedOperation::pages).
    pub fn accounts(&self, access_token: AccessToken) -> Pages<Self, ListAccounts> {
        Pages::new(self.clone(), ListAccounts::new(access_token))
    }

    /// Lists all roles in an account that are assigned to the user of the token, page by page.
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
