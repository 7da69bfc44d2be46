//! TCP: names to addresses, addresses to connections.
//!
//! Not responsible for proxies and TLS.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use tower::Service;

/// hyper-util's connector: an IP address needs no resolver, several addresses are tried in turn.
pub(super) fn dialer(connect_timeout: Duration) -> HttpConnector<Resolver> {
    let mut http = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
    http.enforce_http(false);
    http.set_nodelay(true);
    // Shared out among the addresses of a host, so that a dead first one leaves time for the others.
    http.set_connect_timeout(Some(connect_timeout));
    http
}

/// The operating system's resolver, whose errors can be told from those of connecting.
#[derive(Clone)]
pub(super) struct Resolver(GaiResolver);

/// A name that was not resolved.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ResolveError(io::Error);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, ResolveError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        self.0.poll_ready(cx).map_err(ResolveError)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving = self.0.call(name);
        Box::pin(async move { resolving.await.map_err(ResolveError) })
    }
}
