//! A minimal HTTP/1.1 client, so that the emulator is not tested with the library that it uses. It
//! sends one request on each connection.

use std::io;
use std::sync::Arc;

use serde_json::Value;
use sso_emulator::Emulator;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The status, and the name of the error in the header.
    pub(crate) fn error(&self) -> (u16, &str) {
        let kind = self.header("x-amzn-ErrorType").unwrap_or("none");
        (self.status, kind.split(':').next().unwrap())
    }
}

/// Sends a GET request with an access token.
pub(crate) async fn portal(emulator: &Emulator, path: &str, token: &str) -> Reply {
    let headers = [("x-amz-sso_bearer_token", token)];
    send(emulator, "GET", path, &headers, "").await.unwrap()
}

/// Sends a POST request with a JSON body.
pub(crate) async fn post(emulator: &Emulator, path: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json")];
    send(emulator, "POST", path, &headers, &body.to_string()).await.unwrap()
}

/// Sends any request. Fails if there is no complete answer.
pub(crate) async fn send(
    emulator: &Emulator,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Reply> {
    let url = emulator.portal_url();
    let request = request(&url, method, path, headers, body);
    let bytes = exchange(&url, emulator.ca_pem(), request.as_bytes()).await?;
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, show(&bytes)))
}

/// Returns the text of a request. A `Host` in `headers` replaces the address in `url`.
pub(crate) fn request(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> String {
    let host = ("Host", address(url));
    let other_host = headers.iter().any(|(name, _)| *name == "Host");
    let host = if other_host { None } else { Some(&host) };
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in host.into_iter().chain(headers) {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request + "\r\n" + body
}

pub(crate) fn address(url: &str) -> &str {
    url.split_once("://").unwrap().1
}

/// Returns everything received until the server closes the connection.
async fn exchange(url: &str, ca_pem: Option<&str>, request: &[u8]) -> io::Result<Vec<u8>> {
    let stream = TcpStream::connect(address(url)).await?;
    match ca_pem {
        Some(pem) => talk(connector(pem).connect(name(), stream).await?, request).await,
        None => talk(stream, request).await,
    }
}

async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
) -> io::Result<Vec<u8>> {
    stream.write_all(request).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

fn connector(pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

fn name() -> ServerName<'static> {
    ServerName::try_from("127.0.0.1").unwrap()
}

/// Returns `None` if the head is not HTTP, or the body is shorter than its Content-Length.
fn parse(bytes: &[u8]) -> Option<Reply> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
    let reply = Reply { status, head: head.to_owned(), body: body.to_owned() };
    let length: usize = reply.header("content-length").map_or(Some(0), |n| n.parse().ok())?;
    (length == body.len()).then_some(reply)
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
