//! Type-erased tower services for one operation.

use sso_http::ServiceError;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

/// A type-erased service for one operation, so that the providers need no type parameter.
pub(crate) type BoxedService<Request, Response> =
    BoxCloneSyncService<Request, Response, ServiceError>;

pub(crate) fn erase<S, Request, Response>(service: S) -> BoxedService<Request, Response>
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    Request: Send + 'static,
    Response: 'static,
{
    BoxCloneSyncService::new(
        service.map_err(|error: S::Error| ServiceError::from_boxed(error.into())),
    )
}

/// Waits until the service is ready, then for its response.
pub(crate) async fn call<Request, Response>(
    service: &BoxedService<Request, Response>,
    request: Request,
) -> Result<Response, ServiceError> {
    service.clone().oneshot(request).await
}
