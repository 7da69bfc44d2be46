//! A small HTTP server that records requests and sends scripted replies, including broken ones.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sso_http::{Endpoint, HttpsClient, Oidc, Portal};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A received request.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    /// The headers in their order, with the names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All secrets in the request. Each contains `MARK`.
    fn marks(&self) -> String {
        let token = self.header("x-amz-sso_bearer_token").unwrap_or_default();
        let body = String::from_utf8_lossy(&self.body);
        let words = body.split('"').chain([token]).filter(|word| word.contains("MARK"));
        words.collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A reply of the server to a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Sends these bytes and keeps the connection.
    Bytes(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Close(Vec<u8>),
    /// Sends these bytes and resets the connection.
    Reset(Vec<u8>),
    /// Sends these bytes and nothing more.
    Stall(Vec<u8>),
    /// Sends these bytes one at a time, with such a pause between them.
    Drip(Vec<u8>, Duration),
    /// Sends this text with every secret of the request in place of `SENT`, and closes.
    Quote(String),
    /// Sends an endless body.
    Endless,
}

/// An answer with a JSON body.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    answer(status, &[("content-type", "application/json")], body)
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    Reply::Bytes(raw(status, headers, body))
}

pub(crate) fn raw(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status} Reason\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(answer, "{name}: {value}\r\n").unwrap();
    }
    answer.push_str("\r\n");
    answer.push_str(body);
    answer.into_bytes()
}

pub(crate) const CREDENTIALS: &str = r#"{"roleCredentials":{"accessKeyId":"AKID",
    "secretAccessKey":"SECRET","sessionToken":"SESSION","expiration":1700000000000}}"#;

/// A server on loopback. It repeats the last reply.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Recorded>>>,
    connections: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(replies: impl Into<Vec<Reply>>) -> Self {
        Self::listen(replies.into(), None).await
    }

    pub(crate) async fn start_tls(replies: impl Into<Vec<Reply>>, tls: TlsAcceptor) -> Self {
        Self::listen(replies.into(), Some(tls)).await
    }

    async fn listen(replies: Vec<Reply>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            connections: Arc::default(),
            closed: Arc::default(),
        };
        let script = Script { replies: Arc::new(replies), requests: Arc::clone(&server.requests) };
        let (connections, closed) = (Arc::clone(&server.connections), Arc::clone(&server.closed));
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (script, tls, closed) = (script.clone(), tls.clone(), Arc::clone(&closed));
                tokio::spawn(async move {
                    // Dropping a stream closes it without a reset, except after `set_zero_linger`.
                    match tls {
                        None => script.serve(tcp).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(tcp).await {
                                script.serve(stream).await;
                            }
                        }
                    }
                    closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.url().parse::<Endpoint>().unwrap().with_origin("a test")
    }

    pub(crate) fn portal(&self) -> Portal<HttpsClient> {
        Portal::with_endpoint(HttpsClient::builder().build().unwrap(), self.endpoint())
    }

    pub(crate) fn oidc(&self) -> Oidc<HttpsClient> {
        Oidc::with_endpoint(HttpsClient::builder().build().unwrap(), self.endpoint())
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn closed(&self) -> usize {
        self.closed.load(Ordering::SeqCst)
    }
}

#[derive(Clone)]
struct Script {
    replies: Arc<Vec<Reply>>,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

/// A connection that can be reset.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin {
    fn reset(self);
}

impl Connection for TcpStream {
    fn reset(self) {
        self.set_zero_linger().unwrap();
    }
}

impl Connection for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(self) {
        self.into_inner().0.reset();
    }
}

impl Script {
    async fn serve(&self, mut stream: impl Connection) {
        while let Some(request) = read_request(&mut stream).await {
            let reply = {
                let mut requests = self.requests.lock().unwrap();
                requests.push(request.clone());
                let index = (requests.len() - 1).min(self.replies.len() - 1);
                self.replies[index].clone()
            };
            match reply {
                Reply::Bytes(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Reply::Close(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                    return;
                }
                Reply::Reset(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.flush().await;
                    return stream.reset();
                }
                Reply::Stall(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    // Waits until the client closes the connection.
                    let _ = stream.read(&mut [0; 1]).await;
                    return;
                }
                Reply::Drip(bytes, pause) => {
                    for byte in bytes {
                        if stream.write_all(&[byte]).await.is_err() {
                            return;
                        }
                        tokio::time::sleep(pause).await;
                    }
                }
                Reply::Quote(text) => {
                    let text = text.replace("SENT", &request.marks());
                    let _ = stream.write_all(text.as_bytes()).await;
                    return;
                }
                Reply::Endless => {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"a\":\"").await;
                    while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
                    return;
                }
            }
        }
    }
}

/// Reads a request; `None` at the end of the connection.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Recorded> {
    let head = read_head(stream).await?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut recorded = Recorded { method, target, headers, body: Vec::new() };
    let length = recorded.header("content-length").map_or(0, |length| length.parse().unwrap());
    recorded.body = vec![0; length];
    stream.read_exact(&mut recorded.body).await.ok()?;
    Some(recorded)
}

pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}
