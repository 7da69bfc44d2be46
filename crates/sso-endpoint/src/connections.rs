//! Accepts connections, limits their number, and closes the oldest unauthorized connection at the
//! limit.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::credentials_service::CredentialsService;

/// The maximum number of connections. It is below 1,024, the usual limit on the open files of a
/// process.
const MAX_CONNECTIONS: usize = 512;
/// The time from accepting a connection to the end of the request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit for a connection. Longer than 60 seconds, the default limit for one retrieval of
/// credentials.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);
/// The time that running requests have to finish after a shutdown starts.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADER_FIELDS: usize = 64;
/// The pause after a failed accept. The usual reason is too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The open connections, with the oldest first.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: VecDeque<Connection>,
}

struct Connection {
    task: AbortHandle,
    /// Set when the client has sent the token.
    is_authorized: Arc<AtomicBool>,
}

/// Serves until `stop` is sent or dropped, then waits for running requests to finish.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Arc<CredentialsService>,
    mut stop: oneshot::Receiver<()>,
) {
    let mut connections = Connections::default();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connections.open(stream, Arc::clone(&service)),
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a connection");
                    connections.close_oldest_unauthorized();
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.tasks.join_next() => {}
            _ = &mut stop => break,
        }
    }
    drop(listener);
    connections.finish().await;
}

impl Connections {
    fn open(&mut self, stream: TcpStream, service: Arc<CredentialsService>) {
        if self.open.len() >= MAX_CONNECTIONS {
            self.open.retain(|connection| !connection.task.is_finished());
        }
        if self.open.len() >= MAX_CONNECTIONS && !self.close_oldest_unauthorized() {
            tracing::warn!("refused a connection, because {MAX_CONNECTIONS} requests are running");
            return;
        }
        let is_authorized = Arc::new(AtomicBool::new(false));
        let task = self.tasks.spawn(serve_connection(stream, service, Arc::clone(&is_authorized)));
        self.open.push_back(Connection { task, is_authorized });
    }

    /// Closes the oldest connection that has not sent the token. Returns `false` if there is none.
    fn close_oldest_unauthorized(&mut self) -> bool {
        let is_unauthorized = |it: &Connection| !it.is_authorized.load(Ordering::Relaxed);
        let Some(place) = self.open.iter().position(is_unauthorized) else { return false };
        if let Some(connection) = self.open.remove(place) {
            connection.task.abort();
        }
        true
    }

    async fn finish(mut self) {
        while self.close_oldest_unauthorized() {}
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // Dropping the set aborts the remaining connections.
        let _ = timeout(SHUTDOWN_TIMEOUT, all).await;
    }
}

/// Serves one client connection.
async fn serve_connection(
    stream: TcpStream,
    service: Arc<CredentialsService>,
    is_authorized: Arc<AtomicBool>,
) {
    let Ok(local_address) = stream.local_addr() else { return };
    // Send the small response without delay.
    let _ = stream.set_nodelay(true);
    serve_stream(stream, local_address, service, is_authorized).await;
}

/// Responds to one request, then closes the connection. SDKs rarely send a request, so an open
/// connection would only count against the limit.
pub(crate) async fn serve_stream(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    local_address: SocketAddr,
    service: Arc<CredentialsService>,
    is_authorized: Arc<AtomicBool>,
) {
    let answer = service_fn(move |request| {
        let (service, is_authorized) = (Arc::clone(&service), Arc::clone(&is_authorized));
        async move {
            let on_authorized = || is_authorized.store(true, Ordering::Relaxed);
            Ok::<_, Infallible>(service.answer(&request, local_address, on_authorized).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADER_FIELDS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer);
    match timeout(CONNECTION_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::debug!("a connection took too long"),
    }
}
