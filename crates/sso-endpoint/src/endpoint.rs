//! The endpoint, from its options to its end.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sso_provider::{ConfigError, CredentialsCache, ProvideCredentials};
use sso_types::{Clock, SystemClock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::answer::with_sources;
use crate::connections;
use crate::credentials_service::CredentialsService;
use crate::token::AuthorizationToken;

/// The longest time before their expiry at which an SDK asks for new credentials (botocore).
const REFRESH_WINDOW: Duration = Duration::from_secs(15 * 60);
/// How often at least, and at most, the credentials in memory are looked at.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// A running container credentials endpoint. Dropping it closes the listener and all connections at
/// once; [`Self::shutdown`] lets running answers finish.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    service: Arc<CredentialsService>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    _renewals: JoinSet<()>,
}

impl Endpoint {
    /// Returns a builder of an endpoint that serves nothing yet.
    pub fn builder() -> EndpointBuilder {
        EndpointBuilder {
            providers: Vec::new(),
            authorization_token: None,
            allow_non_loopback: false,
            clock: Arc::new(SystemClock),
        }
    }

    /// The address that is listened on.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of a path: the value of `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The token that clients must send. Secret.
    pub fn authorization_token(&self) -> &AuthorizationToken {
        self.service.token()
    }

    /// Answers the request of a stream as if it had been sent to `local_address`.
    ///
    /// Not part of the crate's API: public for the fuzz target.
    #[doc(hidden)]
    pub async fn serve_stream(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        local_address: SocketAddr,
    ) {
        let service = Arc::clone(&self.service);
        connections::serve_stream(stream, local_address, service, Arc::default()).await;
    }

    /// Stops listening, waits up to 5 seconds for answers that clients wait for, and closes
    /// everything.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = (&mut self.server).await;
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Builds an [`Endpoint`]. Each setter is named after the option and documents its default.
#[derive(Debug)]
#[must_use]
pub struct EndpointBuilder {
    providers: Vec<(String, Arc<dyn ProvideCredentials>)>,
    authorization_token: Option<AuthorizationToken>,
    allow_non_loopback: bool,
    clock: Arc<dyn Clock>,
}

impl EndpointBuilder {
    /// Serves the credentials of `provider` at `path`, such as `/devsso`. Can be called more than once.
    ///
    /// The endpoint caches the credentials itself and renews them 15 minutes before their expiry, as
    /// early as any SDK asks. Pass the provider without a cache of its own, such as
    /// `SsoCredentialsProvider`.
    pub fn serve(mut self, path: impl Into<String>, provider: impl ProvideCredentials) -> Self {
        self.providers.push((path.into(), Arc::new(provider)));
        self
    }

    /// The token that clients must send: a random one of 64 hexadecimal digits by default.
    pub fn authorization_token(mut self, token: AuthorizationToken) -> Self {
        self.authorization_token = Some(token);
        self
    }

    /// Whether the endpoint may listen on an address that is not loopback, where other machines or
    /// containers may reach it. Requests and answers are not encrypted. Default: no.
    pub fn allow_non_loopback(mut self, allow: bool) -> Self {
        self.allow_non_loopback = allow;
        self
    }

    /// The clock by which credentials expire: the system's by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Listens on `address`; with port 0, on a port that is free. Gets the credentials first, since
    /// some SDKs wait only a second for an answer. If that fails the endpoint starts nevertheless:
    /// each request tries again and is told why.
    ///
    /// Needs a tokio runtime with I/O and time enabled, and spawns tasks on it that end with the
    /// endpoint.
    ///
    /// # Errors
    ///
    /// Fails if the address cannot be listened on or is not allowed, or if a path is unusable.
    pub async fn bind(self, address: impl Into<SocketAddr>) -> Result<Endpoint, BindError> {
        let address = address.into();
        if !self.allow_non_loopback && !address.ip().is_loopback() {
            return Err(BindError::NotLoopback { address });
        }
        let paths = self.paths()?;
        let token = match self.authorization_token {
            Some(token) => token,
            None => AuthorizationToken::random().ok_or(BindError::NoRandomness)?,
        };
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| BindError::Listen { address, source })?;
        let address =
            listener.local_addr().map_err(|source| BindError::Listen { address, source })?;

        let mut first = JoinSet::new();
        for credentials in paths.values() {
            let credentials = credentials.clone();
            first.spawn(async move { credentials.retrieve().await.map(drop) });
        }
        while first.join_next().await.is_some() {}
        let mut renewals = JoinSet::new();
        for (path, credentials) in &paths {
            let keep = keep_fresh(path.clone(), credentials.clone(), Arc::clone(&self.clock));
            renewals.spawn(keep);
        }
        let service = Arc::new(CredentialsService::new(token, paths));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(connections::serve(listener, Arc::clone(&service), stopped));
        Ok(Endpoint { address, service, stop: Some(stop), server, _renewals: renewals })
    }

    fn paths(&self) -> Result<BTreeMap<String, CredentialsCache>, BindError> {
        let mut paths = BTreeMap::new();
        for (path, provider) in &self.providers {
            if !is_path(path) {
                return Err(BindError::InvalidPath { path: path.clone() });
            }
            let cache = CredentialsCache::builder(Arc::clone(provider))
                .clock(Arc::clone(&self.clock))
                .refresh_window(REFRESH_WINDOW)
                .jitter(0.0)
                .build()?;
            if paths.insert(path.clone(), cache).is_some() {
                return Err(BindError::PathServedTwice { path: path.clone() });
            }
        }
        if paths.is_empty() {
            return Err(BindError::NothingToServe);
        }
        Ok(paths)
    }
}

/// Why an endpoint did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// No provider was given.
    #[error("the endpoint serves nothing; call `serve` with a path and a provider")]
    NothingToServe,
    /// Clients could not ask for the path.
    #[error(
        "the path {path:?} cannot be served; it must start with / and go on with letters, digits, \
         percent-encoded bytes and -._~/ only"
    )]
    #[non_exhaustive]
    InvalidPath {
        /// The path that was given.
        path: String,
    },
    /// Two providers were given for one path.
    #[error("the path {path:?} is served twice; give each provider a path of its own")]
    #[non_exhaustive]
    PathServedTwice {
        /// The path that was given.
        path: String,
    },
    /// Other machines could reach the address, and that was not allowed.
    #[error(
        "{address} is not a loopback address, and others could ask for the credentials there; listen \
         on 127.0.0.1, or allow it explicitly"
    )]
    #[non_exhaustive]
    NotLoopback {
        /// The address that was given.
        address: SocketAddr,
    },
    /// The system did not let the process listen on the address.
    #[error("failed to listen on {address}; choose another address or port")]
    #[non_exhaustive]
    Listen {
        /// The address that was given.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The system gave no random bytes for a token.
    #[error("the system gave no random bytes for the authorization token")]
    NoRandomness,
    /// The cache in front of a provider could not be built.
    #[error(transparent)]
    Cache(#[from] ConfigError),
}

/// Whether every client sends the path unchanged. `/` alone is not one: some SDKs drop it.
fn is_path(path: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    path.len() > 1 && path.starts_with('/') && path.bytes().all(is_allowed)
}

/// Retrieves the credentials ahead of any request. The cache decides whether that is due.
async fn keep_fresh(path: String, credentials: CredentialsCache, clock: Arc<dyn Clock>) {
    let mut is_failing = false;
    loop {
        let pause = match credentials.retrieve().await {
            Ok(credentials) => {
                is_failing = false;
                let left = credentials.expires_at().duration_since(clock.now());
                // A part of it, since timers stand still while a machine sleeps.
                Duration::try_from(left / 20).unwrap_or_default()
            }
            Err(error) => {
                if !is_failing {
                    tracing::warn!("no credentials for {path}: {}", with_sources(&error));
                }
                is_failing = true;
                LONGEST_PAUSE
            }
        };
        sleep(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_that_every_client_sends_unchanged() {
        for path in ["/a", "/a/b", "/dev-sso_1.x~", "/a%20b"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "/", "a", "a/b", "/a b", "/a?b", "/a#b", "/ä", "/a\n"] {
            assert!(!is_path(path), "{path}");
        }
    }
}
