//! SSO OIDC as a tower service.

pub(crate) mod create_token;
pub(crate) mod register_client;
pub(crate) mod start_device_authorization;

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use sso_types::Region;
use tower::Service;

use crate::{
    BoxError, Endpoint, EndpointVariant, OidcOperation, RequestBody, ServiceError, ServiceFuture,
    call,
};

/// SSO OIDC: a [`tower::Service`] of [`CreateToken`](crate::CreateToken),
/// [`RegisterClient`](crate::RegisterClient) and
/// [`StartDeviceAuthorization`](crate::StartDeviceAuthorization).
///
/// It works like [`Portal`](crate::Portal). Be careful with a retry layer around it: if the answer
/// to a request is lost, the request may have used the refresh token. See
/// [`RetryLayer::retry_ambiguous`](crate::RetryLayer::retry_ambiguous).
#[derive(Debug, Clone)]
pub struct Oidc<S> {
    https: S,
    endpoint: Endpoint,
}

impl<S> Oidc<S> {
    /// Creates a client of SSO OIDC in a region. It sends requests with `https`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "regions are cheap to clone, and it reads well"
    )]
    pub fn new(https: S, region: Region) -> Self {
        Self::with_endpoint(https, Endpoint::oidc(&region, EndpointVariant::default()))
    }

    /// Creates a client of SSO OIDC at an endpoint.
    pub fn with_endpoint(https: S, endpoint: Endpoint) -> Self {
        Self { https, endpoint }
    }

    /// The endpoint of SSO OIDC.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl<S, B, Op> Service<Op> for Oidc<S>
where
    Op: OidcOperation,
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
