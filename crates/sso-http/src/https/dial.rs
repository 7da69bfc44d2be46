//! Name resolution and TCP connections.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

/// Returns hyper-util's connector. It needs no resolver for an IP address, and tries the addresses
/// of a host one after the other.
pub(super) fn dialer(connect_timeout: Duration) -> HttpConnector<Resolver> {
    let mut http = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
    http.enforce_http(false);
    http.set_nodelay(true);
    // The connector divides this timeout among the addresses of a host. So if the first address
    // does not answer, there is still time to try the others.
    http.set_connect_timeout(Some(connect_timeout));
    http
}

/// The operating system's resolver, except that `localhost` is always this machine.
///
/// Plain `http` to `localhost` is allowed because it stays on this machine. A resolver or a hosts
/// file with another address for it would send the access token unencrypted over the network.
#[derive(Clone)]
pub(super) struct Resolver(GaiResolver);

/// A name that was not resolved.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ResolveError(io::Error);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ResolveError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        self.0.poll_ready(cx).map_err(ResolveError)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if is_localhost(name.as_str()) {
            // The connector sets the port.
            let address = |ip: IpAddr| SocketAddr::new(ip, 0);
            let addresses = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()].map(address);
            return Box::pin(std::future::ready(Ok(Vec::from(addresses).into_iter())));
        }
        let resolving = self.0.call(name);
        Box::pin(async move {
            let addresses = resolving.await.map_err(ResolveError)?;
            Ok(addresses.collect::<Vec<_>>().into_iter())
        })
    }
}

/// Returns `true` for `localhost` and its subdomains (RFC 6761), with or without a trailing dot.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_is_this_machine() {
        for name in ["localhost", "LOCALHOST", "localhost.", "sso.localhost"] {
            let addresses = Resolver(GaiResolver::new()).call(name.parse().unwrap());
            let addresses: Vec<_> =
                addresses.await.unwrap().map(|it| it.ip().to_string()).collect();
            assert_eq!(addresses, ["127.0.0.1", "::1"], "{name}");
        }
        assert!(!is_localhost("localhost.example.com") && !is_localhost("notlocalhost"));
    }
}
