//! The loopback listener that receives the browser's redirect.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use crate::LoginError;
use crate::callback::{Answer, CALLBACK_PATH, read_callback};
use crate::page::Page;

/// The time within which a client must send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of connections. Another connection closes the oldest, so that idle
/// connections cannot block the browser.
const MAX_CONNECTIONS: usize = 256;
/// The maximum length of a request's head, in bytes. A longer head gets an error response.
const MAX_HEAD: usize = 16 * 1024;
/// The time limit for sending the last page to the browser.
const LAST_PAGE_TIMEOUT: Duration = Duration::from_secs(2);

/// A listener on 127.0.0.1. Dropping it closes the port and all connections.
pub(crate) struct CallbackListener {
    listener: TcpListener,
    port: u16,
    connections: JoinSet<()>,
}

/// The connection of the browser that sent the answer and waits for a page.
pub(crate) struct WaitingBrowser {
    page: oneshot::Sender<Page>,
    /// Notified when the page has been sent.
    sent: Arc<Notify>,
}

/// Sends the answer to the login, with a channel on which the login returns the browser's page.
type AnswerSender = oneshot::Sender<(Answer, oneshot::Sender<Page>)>;

/// The state that all connections share.
struct Shared {
    state: String,
    answered: Mutex<Option<AnswerSender>>,
    sent: Arc<Notify>,
}

impl CallbackListener {
    /// Listens on `port`, or on any free port if it is `None`.
    pub(crate) async fn bind(port: Option<u16>) -> Result<Self, LoginError> {
        let port = port.unwrap_or(0);
        let failed = |source: io::Error| LoginError::Listen { port, source: Arc::new(source) };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port, connections: JoinSet::new() })
    }

    /// Returns the redirect URI (RFC 8252 section 7.3).
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{CALLBACK_PATH}", self.port)
    }

    /// Waits for the request that answers the login with this `state`. Responds to all other
    /// requests with a 4xx page.
    pub(crate) async fn answer(&mut self, state: &str) -> (Answer, WaitingBrowser) {
        let (sender, mut receiver) = oneshot::channel();
        let sent = Arc::new(Notify::new());
        let shared = Arc::new(Shared {
            state: state.to_owned(),
            answered: Mutex::new(Some(sender)),
            sent: Arc::clone(&sent),
        });
        let mut oldest_first = VecDeque::new();
        loop {
            tokio::select! {
                Ok((answer, page)) = &mut receiver => {
                    return (answer, WaitingBrowser { page, sent });
                }
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        if oldest_first.len() >= MAX_CONNECTIONS
                            && let Some(oldest) = oldest_first.pop_front()
                        {
                            AbortHandle::abort(&oldest);
                        }
                        let connection = serve(stream, Arc::clone(&shared));
                        oldest_first.push_back(self.connections.spawn(connection));
                    }
                    // A temporary failure, such as too many open files.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = self.connections.join_next(), if !self.connections.is_empty() => {
                    oldest_first.retain(|connection| !connection.is_finished());
                }
            }
        }
    }

    /// Sends the last page to the browser, and closes the listener.
    pub(crate) async fn finish(self, browser: WaitingBrowser, page: Page) {
        let sent = browser.sent.notified();
        // Sending fails if the browser has closed the connection.
        if browser.page.send(page).is_ok() {
            let _ = tokio::time::timeout(LAST_PAGE_TIMEOUT, sent).await;
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let answers = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request| {
        let (shared, answers) = (Arc::clone(&shared), Arc::clone(&answers));
        async move { Ok::<_, Infallible>(respond(&shared, &answers, &request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the login's port ended early");
    }
    if answers.load(Ordering::SeqCst) {
        shared.sent.notify_one();
    }
}

async fn respond(
    shared: &Shared,
    answers: &AtomicBool,
    request: &Request<Incoming>,
) -> Response<Full<Bytes>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let target = request.uri().to_string();
    let read = read_callback(request.method().as_str(), host, &target, &shared.state);
    let answer = match read {
        Ok(answer) => answer,
        Err(rejection) => {
            tracing::debug!(?rejection, "a request to the login's port was rejected");
            return Page::rejected(rejection).response();
        }
    };
    let sender = shared.answered.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(sender) = sender else { return Page::already_answered().response() };
    let (page_sender, page) = oneshot::channel();
    if sender.send((answer, page_sender)).is_err() {
        return Page::already_answered().response();
    }
    answers.store(true, Ordering::SeqCst);
    match page.await {
        Ok(page) => page.response(),
        Err(_) => Page::already_answered().response(),
    }
}
