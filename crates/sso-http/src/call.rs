//! A call: encodes the operation, sends the request, and reads the answer.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tower::Service;
use tracing::Instrument;

use crate::body::{ANSWER_LIMIT, ReadError, read};
use crate::error_answer::{self, Head};
use crate::operation::{DecodeError, Operation};
use crate::redact::Redactor;
use crate::transport_error::is_elapsed;
use crate::{
    BoxError, Endpoint, RequestBody, ServiceError, ServiceErrorKind, TimeoutPhase, TransportError,
};

/// The future of a call. Dropping it before the answer was read cancels the call, and closes its
/// connection if that is HTTP/1.1.
#[must_use = "a call that is not awaited does nothing"]
pub struct ServiceFuture<T>(Pin<Box<dyn Future<Output = Result<T, ServiceError>> + Send>>);

impl<T> ServiceFuture<T> {
    pub(crate) fn new(
        call: impl Future<Output = Result<T, ServiceError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(call))
    }
}

impl<T> Future for ServiceFuture<T> {
    type Output = Result<T, ServiceError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for ServiceFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceFuture")
    }
}

/// Sends `operation` to `endpoint` over `https`.
pub(crate) fn call<S, B, Op>(
    https: S,
    endpoint: Endpoint,
    operation: Op,
) -> ServiceFuture<Op::Response>
where
    Op: Operation,
    S: Service<Request<RequestBody>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let span = tracing::debug_span!(
        target: "ssocreds::http",
        "call",
        operation = Op::NAME,
        host = endpoint.host()
    );
    let call = async move {
        let started = Instant::now();
        // `exchange` does not borrow `operation`, so that the future is `Send` without `Op: Sync`.
        let outcome = match operation.encode(&endpoint) {
            Ok(mut request) => {
                if let Some(timeouts) = operation.timeouts() {
                    request.extensions_mut().insert(timeouts);
                }
                match exchange(https, request).await {
                    Ok((head, body)) => interpret(&operation, &head, &body),
                    Err(error) => Err(error),
                }
            }
            Err(why) => Err(ServiceError::of(ServiceErrorKind::NotSendable).with_message(why.0)),
        };
        let outcome = outcome.map_err(|error| complete(error, &operation, endpoint));
        report(&outcome, started);
        outcome.map(|answered| answered.response)
    };
    ServiceFuture::new(call.instrument(span))
}

/// Sends the request and reads the whole answer.
async fn exchange<S, B>(
    mut https: S,
    request: Request<RequestBody>,
) -> Result<(Head, zeroize::Zeroizing<Vec<u8>>), ServiceError>
where
    S: Service<Request<RequestBody>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
{
    poll_fn(|cx| https.poll_ready(cx)).await.map_err(boxed)?;
    let response = https.call(request).await.map_err(boxed)?;
    let (parts, body) = response.into_parts();
    let head = Head { status: parts.status, headers: parts.headers };
    match read(body).await {
        Ok(body) => Ok((head, body)),
        Err(ReadError::TooLarge) => Err(TransportError::TooLarge { limit: ANSWER_LIMIT }.into()),
        Err(ReadError::Broken(error)) => Err(boxed(error)),
    }
}

/// Converts an error of the HTTP client. A timeout layer around the client limits one attempt, not
/// the whole call.
fn boxed(error: impl Into<BoxError>) -> ServiceError {
    let error = error.into();
    if is_elapsed(error.as_ref()) {
        return TransportError::timeout(TimeoutPhase::Attempt).into();
    }
    ServiceError::from_boxed(error)
}

/// The response of a call, and the details of the answer for `tracing`.
struct Answered<T> {
    response: T,
    status: u16,
    request_id: Option<String>,
}

fn interpret<Op: Operation>(
    operation: &Op,
    head: &Head,
    body: &[u8],
) -> Result<Answered<Op::Response>, ServiceError> {
    let redactor = Redactor::new(operation.secrets());
    if !head.status.is_success() {
        return Err(error_answer::read(Op::SERVICE, head, body, &redactor));
    }
    let error = match operation.decode(body) {
        Ok(response) => {
            let status = head.status.as_u16();
            let request_id = head.request_id().map(|id| redactor.line(id));
            return Ok(Answered { response, status, request_id });
        }
        Err(DecodeError::NotJson) => error_answer::unparseable(head, body, &redactor),
        Err(DecodeError::Malformed(what)) => ServiceError::malformed(what),
    };
    Err(head.annotate(error, &redactor))
}

/// Adds the details of the call that the answer does not contain.
fn complete<Op: Operation>(
    error: ServiceError,
    operation: &Op,
    endpoint: Endpoint,
) -> ServiceError {
    let error = error.with_operation(Op::NAME).with_endpoint(endpoint);
    match operation.subject() {
        Some((account_id, role_name)) => error.with_subject(account_id, role_name),
        None => error,
    }
}

/// Logs the outcome. The event contains no value of the request, not even the account and the role.
fn report<T>(outcome: &Result<Answered<T>, ServiceError>, started: Instant) {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(answered) => tracing::debug!(
            target: "ssocreds::http",
            status = answered.status,
            request_id = answered.request_id,
            duration_ms,
            "answered"
        ),
        Err(error) => tracing::debug!(
            target: "ssocreds::http",
            status = error.status(),
            request_id = error.request_id(),
            kind = ?error.kind(),
            code = error.code(),
            duration_ms,
            "failed"
        ),
    }
}
