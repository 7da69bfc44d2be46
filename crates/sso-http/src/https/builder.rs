//! The options of an [`HttpsClient`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use sso_types::Environment;

use super::client::HttpsClient;
use super::client_error::ClientError;
use super::connector::Connector;
use super::pool::Pool;
use super::proxy::Proxies;
use super::trust::{Roots, Trust};

/// Configures an [`HttpsClient`].
#[derive(Debug)]
pub struct HttpsClientBuilder {
    proxies: Result<Proxies, ClientError>,
    roots: Roots,
    connect_timeout: Duration,
    attempt_timeout: Duration,
    user_agent_suffix: String,
}

impl HttpsClient {
    /// A client to be configured: no proxy, the platform's certificate store, the usual limits.
    pub fn builder() -> HttpsClientBuilder {
        HttpsClientBuilder::default()
    }

    /// A client with proxies and certificates as the environment says: the variables above,
    /// `AWS_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR`. Reads no file and opens no connection. Fails
    /// when a proxy variable cannot be used.
    pub fn from_environment(environment: &Environment) -> Result<Self, ClientError> {
        Self::builder().proxies_from(environment).certificates_from(environment).build()
    }
}

impl Default for HttpsClientBuilder {
    fn default() -> Self {
        Self {
            proxies: Ok(Proxies::default()),
            roots: Roots::Platform { file: None, directories: Vec::new() },
            connect_timeout: Duration::from_millis(3100),
            attempt_timeout: Duration::from_secs(10),
            user_agent_suffix: String::new(),
        }
    }
}

impl HttpsClientBuilder {
    /// Trusts the certificate authorities of this file (PEM) **instead of** the platform's store, as
    /// `AWS_CA_BUNDLE` does everywhere. The file is read on first use.
    #[must_use]
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Roots::Bundle { path: path.into(), origin: None };
        self
    }

    /// Says what set the CA bundle, for errors: they name it as "set by ORIGIN". Without a CA bundle
    /// it has no effect.
    #[must_use]
    pub fn ca_bundle_origin(mut self, set_by: impl Into<String>) -> Self {
        if let Roots::Bundle { origin, .. } = &mut self.roots {
            *origin = Some(set_by.into());
        }
        self
    }

    /// Takes the certificate authorities from where the environment says: `AWS_CA_BUNDLE` as
    /// [`HttpsClientBuilder::ca_bundle`], else `SSL_CERT_FILE` and `SSL_CERT_DIR` as OpenSSL does, else
    /// the platform's store.
    ///
    /// The libraries that find the platform's store (openssl-probe, rustls-native-certs) also look at
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` of the process. So an `environment` without them does not
    /// hide those of the process; set [`HttpsClientBuilder::ca_bundle`] where that matters.
    #[must_use]
    pub fn certificates_from(mut self, environment: &Environment) -> Self {
        let path = |name| environment.var_os(name).map(PathBuf::from);
        self.roots = if let Some(bundle) = path("AWS_CA_BUNDLE") {
            Roots::Bundle { path: bundle, origin: Some("AWS_CA_BUNDLE".to_owned()) }
        } else {
            let list = environment.var_os("SSL_CERT_DIR").unwrap_or_default();
            let directories = std::env::split_paths(list);
            let directories = directories.filter(|it| !it.as_os_str().is_empty()).collect();
            Roots::Platform { file: path("SSL_CERT_FILE"), directories }
        };
        self
    }

    /// Takes the proxy from the environment; see [`HttpsClient`]. [`HttpsClientBuilder::build`] fails
    /// if it cannot be used.
    #[must_use]
    pub fn proxies_from(mut self, environment: &Environment) -> Self {
        self.proxies = Proxies::from_environment(environment);
        self
    }

    /// Limits connecting: name resolution, TCP, the proxy and TLS together. 3.1 s unless set.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Limits one attempt, from connecting to the last byte of the answer. 10 s unless set.
    #[must_use]
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Appends the name and version of the program to `ssocreds/VERSION` in `User-Agent`.
    #[must_use]
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = suffix.into();
        self
    }

    /// Makes the client. Reads no file and opens no connection: a CA bundle that is not there is an error of
    /// the first call. Fails when a proxy variable or the `User-Agent` suffix cannot be used.
    pub fn build(self) -> Result<HttpsClient, ClientError> {
        let user_agent = concat!("ssocreds/", env!("CARGO_PKG_VERSION"));
        let user_agent = format!("{user_agent} {}", self.user_agent_suffix);
        let user_agent =
            HeaderValue::from_str(user_agent.trim_end()).map_err(|_| ClientError::UserAgent)?;
        let proxies = Arc::new(self.proxies?);
        let trust = Arc::new(Trust::new(self.roots));
        let connector = Connector::new(Arc::clone(&proxies), trust, self.connect_timeout);
        let pool = Arc::new(Pool::new(connector));
        Ok(HttpsClient { pool, proxies, user_agent, attempt_timeout: self.attempt_timeout })
    }
}
