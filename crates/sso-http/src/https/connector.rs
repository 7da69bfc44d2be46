//! From a URL to a connection: TCP, a proxy where one is set, TLS, within one limit of time.
//!
//! Not responsible for which proxy, nor for which certificates are trusted.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use rustls::ClientConfig;
use tower::Service;

use super::classify;
use super::dial::{Resolver, dialer};
use super::overheard::{Overheard, Status};
use super::proxy::{Proxies, Proxy};
use super::stream::{Hop, Stream};
use super::trust::{Loading, Trust};
use crate::{BoxError, ProxyProblem, TimeoutPhase, TransportError};

/// What hyper's pool opens connections with.
#[derive(Clone)]
pub(super) struct Connector {
    dialer: HttpConnector<Resolver>,
    proxies: Arc<Proxies>,
    trust: Arc<Trust>,
    limit: Duration,
}

impl Connector {
    pub(super) fn new(proxies: Arc<Proxies>, trust: Arc<Trust>, limit: Duration) -> Self {
        Self { dialer: dialer(limit), proxies, trust, limit }
    }

    /// The same connector with another limit; what it has read of the trust store is shared.
    pub(super) fn with_connect_timeout(&self, limit: Duration) -> Self {
        Self { dialer: dialer(limit), limit, ..self.clone() }
    }

    async fn connect(mut self, uri: Uri) -> Result<Stream, TransportError> {
        let all_was_read = self.trust.is_wide();
        match self.attempt(uri.clone()).await {
            // Not trusted by what was read so far; nothing of a request was sent.
            Err(error) if is_distrust(&error) && !all_was_read && self.trust.widen().await => {
                self.attempt(uri).await
            }
            connected => connected,
        }
    }

    async fn attempt(&mut self, uri: Uri) -> Result<Stream, TransportError> {
        match self.proxies.of(&uri) {
            None => self.direct(uri).await,
            Some(proxy) => self.through(&proxy, uri).await,
        }
    }

    async fn direct(&mut self, uri: Uri) -> Result<Stream, TransportError> {
        let loading = is_https(&uri).then(|| self.trust.begin());
        let tcp = self
            .dialer
            .call(uri.clone())
            .await
            .map_err(|error| classify::connect(Box::new(error), &uri, self.limit))?;
        let hop = MaybeHttpsStream::Http(tcp);
        let Some(loading) = loading else { return Ok(Stream::new(MaybeHttpsStream::Http(hop))) };
        let config = loading.finish().await?.service;
        let io =
            handshake(hop, config, &uri).await.map_err(|error| classify::handshake(error, &uri))?;
        Ok(Stream::new(io))
    }

    async fn through(&mut self, proxy: &Proxy, uri: Uri) -> Result<Stream, TransportError> {
        let loading = (is_https(&uri) || is_https(&proxy.uri)).then(|| self.trust.begin());
        let tcp = self
            .dialer
            .call(proxy.uri.clone())
            .await
            .map_err(|error| proxy.error(ProxyProblem::Unreachable, Some(Box::new(error))))?;
        let configs = match loading.map(Loading::finish) {
            Some(loading) => Some(loading.await?),
            None => None,
        };
        let hop: Hop = match &configs {
            Some(configs) if is_https(&proxy.uri) => {
                handshake(tcp, Arc::clone(&configs.proxy), &proxy.uri).await.map_err(|error| {
                    let problem = classify::proxy_handshake(error.as_ref());
                    proxy.error(problem, Some(error))
                })?
            }
            _ => MaybeHttpsStream::Http(tcp),
        };
        let Some(configs) = configs.filter(|_| is_https(&uri)) else {
            return Ok(Stream::forwarded(hop));
        };
        let status = Status::default();
        let hop = Overheard::new(hop, status.clone());
        let mut tunnel = Tunnel::new(proxy.uri.clone(), Open(Some(hop)));
        if let Some(authorization) = &proxy.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let hop = tunnel.call(uri.clone()).await.map_err(|error| {
            let problem = classify::tunnel(&error, status.get());
            proxy.error(problem, Some(Box::new(error)))
        })?;
        let io = handshake(hop.into_inner(), configs.service, &uri)
            .await
            .map_err(|error| classify::handshake(error, &uri))?;
        Ok(Stream::new(io))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // hyper-util's dialer is always ready; asked all the same, as the contract says.
        self.dialer.poll_ready(cx).map_err(|error| TransportError::foreign(Box::new(error)))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        let limit = self.limit;
        Box::pin(async move {
            tokio::time::timeout(limit, connector.connect(uri))
                .await
                .unwrap_or_else(|_| Err(TransportError::timeout(TimeoutPhase::Connect, limit)))
        })
    }
}

/// Whether it was a certificate that was refused, the service's or a proxy's.
fn is_distrust(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::Certificate { .. }
            | TransportError::Proxy { problem: ProxyProblem::Untrusted, .. }
    )
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// TLS over a connection that is there already, with the server name of `uri`.
async fn handshake<T>(
    connection: T,
    config: Arc<ClientConfig>,
    uri: &Uri,
) -> Result<MaybeHttpsStream<T>, BoxError>
where
    T: hyper_util::client::legacy::connect::Connection
        + hyper::rt::Read
        + hyper::rt::Write
        + Send
        + Unpin
        + 'static,
{
    HttpsConnector::from((Open(Some(connection)), config)).call(uri.clone()).await
}

/// A connector with one connection, which is open.
struct Open<T>(Option<T>);

impl<T> Service<Uri> for Open<T> {
    type Response = T;
    type Error = BoxError;
    type Future = Ready<Result<T, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| "the connection was taken".into()))
    }
}
