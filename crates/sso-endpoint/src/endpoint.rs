//! The endpoint and its builder.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sso_provider::{ConfigError, CredentialsCache, ProvideCredentials};
use sso_types::{Clock, SystemClock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::connections;
use crate::credentials_service::CredentialsService;
use crate::token::AuthorizationToken;

/// Credentials are renewed this long before their expiry. No SDK requests new credentials earlier;
/// botocore does so at this time.
const REFRESH_WINDOW: Duration = Duration::from_secs(15 * 60);
/// The minimum and maximum pause between two checks of the credentials in memory.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A running container credentials endpoint. Dropping it closes the listener and all connections at
/// once. [`Self::shutdown`] lets running requests finish first.
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

    /// Returns the address that the endpoint listens on.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of a path, which is the value for `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    ///
    /// If the endpoint listens on all addresses (`0.0.0.0` or `::`), the URL has the loopback address.
    /// For clients on other machines, replace it by the address that they connect to. The endpoint
    /// refuses other values of the `Host` header.
    pub fn url(&self, path: &str) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}{path}", SocketAddr::new(ip, self.address.port()))
    }

    /// Returns the token that clients must send, which is secret.
    pub fn authorization_token(&self) -> &AuthorizationToken {
        self.service.token()
    }

    /// Responds to the request in a stream as if it had arrived at `local_address`.
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

    /// Stops listening, waits at most 5 seconds for running requests to finish, and closes all
    /// connections.
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

/// Builds an [`Endpoint`].
#[derive(Debug)]
#[must_use]
pub struct EndpointBuilder {
    providers: Vec<(String, Arc<dyn ProvideCredentials>)>,
    authorization_token: Option<AuthorizationToken>,
    allow_non_loopback: bool,
    clock: Arc<dyn Clock>,
}

impl EndpointBuilder {
    /// Serves the credentials of `provider` at `path`, such as `/devsso`. Call it once for each
    /// path.
    ///
    /// The endpoint caches the credentials itself and renews them 15 minutes before their expiry. If
    /// they are valid for less than 30 minutes, it renews them after half of that time.
    /// Pass a provider that has no cache in memory, such as `SsoCredentialsProvider`.
    pub fn provider(mut self, path: impl Into<String>, provider: impl ProvideCredentials) -> Self {
        self.providers.push((path.into(), Arc::new(provider)));
        self
    }

    /// Sets the token that clients must send. The default is a random token of 64 hexadecimal
    /// digits.
    pub fn authorization_token(mut self, token: AuthorizationToken) -> Self {
        self.authorization_token = Some(token);
        self
    }

    /// Sets whether the endpoint may listen on an address that is not loopback. Other machines or
    /// containers may then reach it, and requests and responses are not encrypted. The default is
    /// false.
    pub fn allow_non_loopback(mut self, allow: bool) -> Self {
        self.allow_non_loopback = allow;
        self
    }

    /// Sets the clock that decides when credentials expire. The default is the system clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts the endpoint on `address`. Port 0 selects a free port.
    ///
    /// Retrieves all credentials first, because some SDKs wait only a second for a response. If
    /// that fails, the endpoint starts nevertheless. Each request then tries again, and the
    /// response contains the error if it fails.
    ///
    /// Needs a tokio runtime with I/O and time enabled. Spawns tasks on it, which end with the
    /// endpoint.
    ///
    /// # Errors
    ///
    /// Fails if the endpoint cannot listen on the address, if the address is not allowed, if a path
    /// is invalid or served twice, or if there is nothing to serve.
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
            if !is_valid_path(path) {
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

/// The error returned when an endpoint cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// No provider was given.
    #[error("the endpoint serves nothing; call `provider` with a path and a provider")]
    NothingToServe,
    /// Not every client would request the path unchanged.
    #[error(
        "the path {path:?} cannot be served; use / and then ASCII letters, digits, percent-encoded \
         bytes, and -._~/, without a segment . or .."
    )]
    #[non_exhaustive]
    InvalidPath {
        /// The path.
        path: String,
    },
    /// Two providers have the same path.
    #[error("the path {path:?} is served twice; give each provider its own path")]
    #[non_exhaustive]
    PathServedTwice {
        /// The path.
        path: String,
    },
    /// The address is not a loopback address, and [`EndpointBuilder::allow_non_loopback`] was not
    /// set.
    #[error(
        "{address} is not a loopback address, so other machines could get the credentials; listen on \
         127.0.0.1, or set allow_non_loopback (--allow-non-loopback)"
    )]
    #[non_exhaustive]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The endpoint cannot listen on the address.
    #[error("failed to listen on {address}; choose another address or port")]
    #[non_exhaustive]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The operating system returned no random bytes for a token.
    #[error(
        "failed to get random bytes for the authorization token from the operating system; try again"
    )]
    NoRandomness,
    /// The cache over a provider could not be built.
    #[error(transparent)]
    Cache(#[from] ConfigError),
}

/// Returns `true` if every client sends the path unchanged. `/` alone is not allowed, because some
/// SDKs remove it. The segments `.` and `..` are not allowed, because clients resolve them.
fn is_valid_path(path: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    let is_encoded_byte =
        |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let is_dots = |segment: &str| {
        matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    };
    path.len() > 1
        && path.starts_with('/')
        && path.bytes().all(is_allowed)
        && path.split('%').skip(1).all(is_encoded_byte)
        && !path.split('/').any(is_dots)
}

/// Retrieves the credentials regularly, so that the cache renews them before a client requests
/// them.
async fn keep_fresh(path: String, credentials: CredentialsCache, clock: Arc<dyn Clock>) {
    let mut is_failing = false;
    loop {
        let pause = match credentials.retrieve().await {
            Ok(credentials) => {
                is_failing = false;
                let left = credentials.expires_at().duration_since(clock.now());
                // Only a part of the lifetime, because timers stop while the machine sleeps.
                Duration::try_from(left / 20).unwrap_or_default()
            }
            Err(error) => {
                if !is_failing {
                    tracing::warn!("no credentials for {path}: {}", error.report());
                }
                is_failing = true;
                MAX_PAUSE
            }
        };
        sleep(pause.clamp(MIN_PAUSE, MAX_PAUSE)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_clients_send_unchanged_are_valid() {
        for path in ["/a", "/a/b", "/dev-sso_1.x~", "/a%20b", "/...", "/.a", "/%C3%A4"] {
            assert!(is_valid_path(path), "{path}");
        }
        for path in ["", "/", "a", "a/b", "/a b", "/a?b", "/a#b", "/ä", "/a\n"] {
            assert!(!is_valid_path(path), "{path}");
        }
        for dots in ["/.", "/..", "/a/../b", "/./a", "/a/.", "/%2e", "/a/.%2E"] {
            assert!(!is_valid_path(dots), "{dots}");
        }
        for encoding in ["/a%", "/a%2", "/a%zz", "/%2%20", "/a%%20"] {
            assert!(!is_valid_path(encoding), "{encoding}");
        }
    }
}
