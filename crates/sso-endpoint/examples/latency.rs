//! Measures the response time of the endpoint and of a minimal hyper server.
//!
//! Run it with `cargo run --release -p sso-endpoint --example latency`. One client sends requests
//! to both in turn, each on a new connection, as SDKs do.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sso_endpoint::Endpoint;
use sso_provider::types::{Credentials, SecretAccessKey, SessionToken};
use sso_provider::{CredentialsFuture, ProvideCredentials};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const WARM_UP: usize = 500;
const REQUESTS: usize = 5000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = Endpoint::builder().provider("/devsso", Fixed).bind(([127, 0, 0, 1], 0)).await?;
    let token = endpoint.authorization_token().expose_secret();
    let hello = hello_server().await?;
    let for_credentials = request("/devsso", endpoint.local_address(), token);
    let for_hello = request("/", hello, "none");

    let (mut credentials_times, mut hello_times) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + REQUESTS {
        let credentials =
            exchange(endpoint.local_address(), &for_credentials, "ASIAEXAMPLE").await?;
        let greeting = exchange(hello, &for_hello, "hello").await?;
        if round >= WARM_UP {
            credentials_times.push(credentials);
            hello_times.push(greeting);
        }
    }
    let (credentials, hello) = (median(credentials_times), median(hello_times));
    let ratio = credentials.as_secs_f64() / hello.as_secs_f64();
    println!("median: credentials {credentials:.1?}, hello {hello:.1?}, ratio {ratio:.2}");
    endpoint.shutdown().await;
    Ok(())
}

#[derive(Debug)]
struct Fixed;

impl ProvideCredentials for Fixed {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            let secret = SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
            // About as long as the tokens of the service.
            let token = SessionToken::new("x".repeat(800));
            let expires_at = "2100-01-01T00:00:00Z".parse().unwrap_or_default();
            Ok(Credentials::new("ASIAEXAMPLE", secret, token, expires_at))
        })
    }
}

async fn hello_server() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let hello = service_fn(|_| async {
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), hello).await;
            });
        }
    });
    Ok(address)
}

fn request(path: &str, address: SocketAddr, token: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\n\
         Connection: close\r\n\r\n"
    )
}

/// Returns the time from connecting to the end of the answer.
async fn exchange(address: SocketAddr, request: &str, expected: &str) -> io::Result<Duration> {
    let started = Instant::now();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let took = started.elapsed();
    if answer.starts_with("HTTP/1.1 200") && answer.contains(expected) {
        return Ok(took);
    }
    Err(io::Error::other(format!("an unexpected answer: {answer}")))
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}
