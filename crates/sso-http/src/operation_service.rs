//! A trait alias for a service that performs an operation.

use tower::Service;

use crate::{BoxError, Operation};

/// A cloneable [`tower::Service`] that performs the operation `Op`: a [`Portal`](crate::Portal), an
/// [`Oidc`](crate::Oidc), either with layers around it, or a mock.
///
/// Implemented for every such service. It is a shorter bound than the one on [`tower::Service`]:
///
/// ```
/// use sso_http::{GetRoleCredentials, OperationService};
///
/// fn keep_fresh(portal: impl OperationService<GetRoleCredentials>) { /* … */ }
/// ```
pub trait OperationService<Op: Operation>:
    Service<Op, Response = Op::Response, Error: Into<BoxError>, Future: Send> + Clone + Send + 'static
{
}

impl<Op, S> OperationService<Op> for S
where
    Op: Operation,
    S: Service<Op, Response = Op::Response, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
{
}
