//! The fixtures of the tests: an endpoint with credentials of the emulator, and a client.

use std::net::SocketAddr;

use jiff::SignedDuration;
use sso_emulator::{Emulator, EmulatorBuilder, Home, TokenState};
use sso_endpoint::Endpoint;
use sso_provider::{ProfileProviders, SsoCredentialsProvider};
use sso_types::ManualClock;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const PATH: &str = "/devsso";

pub(crate) struct Scene {
    pub(crate) clock: ManualClock,
    pub(crate) emulator: Emulator,
    pub(crate) home: Home,
    pub(crate) endpoint: Endpoint,
    _directory: TempDir,
}

impl Scene {
    pub(crate) async fn new(state: TokenState) -> Self {
        Self::with(Emulator::builder(), state).await
    }

    pub(crate) async fn with(emulator: EmulatorBuilder, state: TokenState) -> Self {
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let emulator = emulator.clock(clock.clone()).start().await.unwrap();
        let directory = TempDir::new().unwrap();
        let home = emulator.write_home(directory.path(), state).unwrap();
        let endpoint = Endpoint::builder()
            .provider(PATH, provider(&home, &clock))
            .clock(clock.clone())
            .bind(([127, 0, 0, 1], 0))
            .await
            .unwrap();
        Self { clock, emulator, home, endpoint, _directory: directory }
    }

    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    pub(crate) fn token(&self) -> &str {
        self.endpoint.authorization_token().expose_secret()
    }

    /// A valid request.
    pub(crate) fn request(&self) -> String {
        request("GET", PATH, &self.endpoint.local_address().to_string(), self.token())
    }

    pub(crate) async fn get(&self) -> Answer {
        send(self.endpoint.local_address(), self.request().as_bytes()).await
    }

    pub(crate) async fn send(&self, request: &str) -> Answer {
        send(self.endpoint.local_address(), request.as_bytes()).await
    }
}

pub(crate) fn provider(home: &Home, clock: &ManualClock) -> SsoCredentialsProvider {
    let providers = ProfileProviders::builder()
        .environment(home.environment.iter().cloned().collect())
        .profile(&home.profile)
        .clock(clock.clone())
        .build()
        .unwrap();
    providers.credentials_provider().unwrap()
}

pub(crate) fn request(method: &str, path: &str, host: &str, token: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n")
}

/// The bytes received until the connection closed. The status is `None` if there were none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Returns a string field of the JSON body.
    pub(crate) fn field(&self, name: &str) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
    }
}

pub(crate) async fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The endpoint may close the connection before it has read everything.
    let _ = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
