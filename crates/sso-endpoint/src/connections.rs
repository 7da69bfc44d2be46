//! Connections: accepts them, limits them, and closes silent ones when there are too many.

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

/// Fewer than the 1,024 files that a process may usually open.
const MAX_CONNECTIONS: usize = 512;
/// From the connection to the end of the request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than a retrieval of credentials may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);
/// How long running answers may take after the endpoint was stopped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADER_FIELDS: usize = 64;
/// A pause after a failed accept, which mostly means that no file can be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The open connections, the oldest first.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: VecDeque<Connection>,
}

struct Connection {
    task: AbortHandle,
    /// Set once the client has shown the token.
    is_authorized: Arc<AtomicBool>,
}

/// Serves until `stop` is sent or dropped, then lets running answers finish.
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
            tracing::warn!("refused a connection: {MAX_CONNECTIONS} requests are being answered");
            return;
        }
        let is_authorized = Arc::new(AtomicBool::new(false));
        let task = self.tasks.spawn(serve_connection(stream, service, Arc::clone(&is_authorized)));
        self.open.push_back(Connection { task, is_authorized });
    }

    /// Closes the connection that has been open the longest without showing the token. Returns
    /// whether there was one.
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
        // What is left is aborted when the set is dropped.
        let _ = timeout(SHUTDOWN_TIMEOUT, all).await;
    }
}

/// Serves a connection of a client.
async fn serve_connection(
    stream: TcpStream,
    service: Arc<CredentialsService>,
    is_authorized: Arc<AtomicBool>,
) {
    let Ok(local_address) = stream.local_addr() else { return };
    // A small answer that is waited for.
    let _ = stream.set_nodelay(true);
    serve_stream(stream, local_address, service, is_authorized).await;
}

/// Answers one request. An SDK asks rarely: a connection that is kept open would only use up one.
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
    match timeout(ANSWER_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::debug!("a connection took too long"),
    }
}
