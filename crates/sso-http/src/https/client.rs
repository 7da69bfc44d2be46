//! The client: a tower service of HTTP requests.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Request, Response, header};
use tower::Service;

use super::classify;
use super::pool::{HyperClient, Pool};
use super::proxy::Proxies;
use crate::body::{ANSWER_LIMIT, ReadError, read};
use crate::endpoint::is_loopback;
use crate::{RequestBody, ResponseBody, TimeoutPhase, Timeouts, TransportError};

/// An HTTPS client for the two services. It has pooled connections, TLS 1.2 and 1.3, the platform's
/// certificate store or a CA bundle, proxies, timeouts, and a size limit.
///
/// Cheap to clone; clones share connections. A call needs a tokio runtime, but creating the client
/// does not. A blocking task reads the certificate store when the first `https` connection is
/// opened. The client keeps what it has read, so later changes of the store need a new client.
///
/// The client follows no redirects, neither offers nor decodes compression, and sends plain `http`
/// only to this machine. It returns an answer after reading the whole body, which may have up to
/// 1 MiB.
///
/// # Proxies
///
/// `https` requests use the proxy of `HTTPS_PROXY`, else that of `ALL_PROXY`, unless `NO_PROXY`
/// matches the host. `NO_PROXY` is a list of host names, IP addresses, CIDR blocks, and `*`. Each
/// except a CIDR block can be followed by a port (`example.com:443`, `[::1]:443`). A host name also
/// matches its subdomains. A lower-case variable takes precedence over the upper-case one, as in
/// curl and Python.
///
/// The URL of a proxy is `http` or `https`, and may contain a user name and a password for Basic
/// authentication. SOCKS is not supported.
///
/// Plain `http` requests never use a proxy, so `HTTP_PROXY` has no effect. `https` requests to a
/// loopback address use a proxy only if the proxy has a loopback address too, since a proxy on
/// another machine would connect to its own loopback address.
///
/// # Panics
///
/// A call panics if its future is polled without a tokio runtime that has I/O and timer enabled.
///
/// # Secrets
///
/// Requests and answers are in memory that is cleared on drop. hyper and rustls copy headers with
/// the access token, and answers, to their own buffers, which are not cleared.
#[derive(Clone)]
pub struct HttpsClient {
    pub(super) pool: Arc<Pool>,
    pub(super) proxies: Arc<Proxies>,
    pub(super) user_agent: HeaderValue,
    pub(super) attempt_timeout: Duration,
}

/// The future of a request. Dropping it before the answer was read closes its connection if that is
/// HTTP/1.1.
#[must_use = "a request that is not awaited does nothing"]
pub struct HttpsFuture(
    Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, TransportError>> + Send>>,
);

impl HttpsClient {
    /// Refuses plain `http` to other machines, and adds `User-Agent`.
    fn prepare(&self, request: &mut Request<RequestBody>) -> Result<(), TransportError> {
        let uri = request.uri();
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("https") && !is_loopback(host) {
            return Err(TransportError::Insecure { host: host.to_owned() });
        }
        let headers = request.headers_mut();
        headers.entry(header::USER_AGENT).or_insert_with(|| self.user_agent.clone());
        Ok(())
    }
}

impl Service<Request<RequestBody>> for HttpsClient {
    type Response = Response<ResponseBody>;
    type Error = TransportError;
    type Future = HttpsFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> HttpsFuture {
        let client = self.clone();
        HttpsFuture(Box::pin(async move {
            client.prepare(&mut request)?;
            let timeouts = request.extensions().get::<Timeouts>().copied().unwrap_or_default();
            let connections = match timeouts.connect_timeout() {
                Some(timeout) => client.pool.new_client(timeout),
                None => client.pool.client(),
            };
            let timeout = timeouts.attempt_timeout().unwrap_or(client.attempt_timeout);
            // Reading the body is part of `send`, so that the timeout includes it.
            let proxy = client.proxies.of(request.uri()).map(|proxy| proxy.to_string());
            let timed_out =
                |_| Err(TransportError::timed_out(TimeoutPhase::Attempt, timeout, proxy));
            tokio::time::timeout(timeout, send(connections, request))
                .await
                .unwrap_or_else(timed_out)
        }))
    }
}

async fn send(
    connections: HyperClient,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, TransportError> {
    let response = connections.request(request).await.map_err(classify::exchange)?;
    let (head, body) = response.into_parts();
    match read(body).await {
        Ok(body) => Ok(Response::from_parts(head, ResponseBody::secret(body))),
        Err(ReadError::TooLarge) => Err(TransportError::TooLarge { limit: ANSWER_LIMIT }),
        Err(ReadError::Broken(error)) => Err(classify::exchange(error)),
    }
}

impl Future for HttpsFuture {
    type Output = Result<Response<ResponseBody>, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

// A panic cannot leave the client in an inconsistent state.
impl UnwindSafe for HttpsClient {}
impl RefUnwindSafe for HttpsClient {}

impl fmt::Debug for HttpsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsClient")
            .field("user_agent", &self.user_agent)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpsFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpsFuture")
    }
}
