//! Connects to the host of a URL: TCP, the proxy if one is set, and TLS. One timeout limits all of
//! them together.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower::Service;

use super::classify;
use super::dial::{Resolver, dialer};
use super::proxy::{Proxies, Proxy};
use super::trust::Trust;
use super::tunnel;
use crate::{BoxError, ProxyProblem, TimeoutPhase, TransportError};

/// A connection to the service or to its proxy. It uses TLS if it leads to an `https` proxy.
type Hop = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection to a service, which uses TLS for an `https` URL.
type Stream = MaybeHttpsStream<Hop>;

/// Opens connections for hyper's pool.
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

    /// Returns the same connector with another timeout. They share the certificates that were read.
    pub(super) fn with_connect_timeout(&self, limit: Duration) -> Self {
        Self { dialer: dialer(limit), limit, ..self.clone() }
    }

    async fn connect(mut self, uri: Uri) -> Result<Stream, TransportError> {
        let was_complete = self.trust.is_complete();
        match self.attempt(uri.clone()).await {
            // The certificate is not trusted, but not all authorities were read. No part of a
            // request was sent, so the connection can be tried again.
            Err(error)
                if is_untrusted_certificate(&error)
                    && !was_complete
                    && self.trust.load_rest().await =>
            {
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
        let Some(loading) = loading else { return Ok(MaybeHttpsStream::Http(hop)) };
        let config = loading.finish().await?.service;
        self.service_handshake(hop, config, &uri).await
    }

    async fn through(&mut self, proxy: &Proxy, uri: Uri) -> Result<Stream, TransportError> {
        let loading = self.trust.begin();
        let tcp = self.dialer.call(proxy.uri.clone()).await.map_err(|error| {
            proxy.error(&uri, ProxyProblem::Unreachable, None, Some(Box::new(error)))
        })?;
        let configs = loading.finish().await?;
        let hop = if is_https(&proxy.uri) {
            handshake(tcp, configs.proxy, &proxy.uri).await.map_err(|error| {
                let problem = classify::proxy_handshake(error.as_ref());
                proxy.error(&uri, problem, None, Some(error))
            })?
        } else {
            MaybeHttpsStream::Http(tcp)
        };
        let hop = tunnel::open(hop, &uri, proxy.authorization.as_ref())
            .await
            .map_err(|error| classify::tunnel(error, proxy, &uri))?;
        self.service_handshake(hop, configs.service, &uri).await
    }

    async fn service_handshake(
        &self,
        hop: Hop,
        config: Arc<ClientConfig>,
        uri: &Uri,
    ) -> Result<Stream, TransportError> {
        handshake(hop, config, uri)
            .await
            .map_err(|error| classify::handshake(error, uri, self.trust.description()))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // hyper-util's connector is always ready, but tower requires this call.
        self.dialer.poll_ready(cx).map_err(|error| TransportError::foreign(Box::new(error)))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        let limit = self.limit;
        Box::pin(async move {
            let proxy = connector.proxies.of(&uri).map(|proxy| proxy.to_string());
            let timed_out = |_| Err(TransportError::timed_out(TimeoutPhase::Connect, limit, proxy));
            tokio::time::timeout(limit, connector.connect(uri)).await.unwrap_or_else(timed_out)
        })
    }
}

/// Returns `true` if the certificate of the service or of a proxy is not trusted.
fn is_untrusted_certificate(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::Certificate { .. }
            | TransportError::Proxy { problem: ProxyProblem::Untrusted, .. }
    )
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

/// Performs the TLS handshake over an open connection, with the server name of `uri`.
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

/// A connector that returns one open connection.
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
