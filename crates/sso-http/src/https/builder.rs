//! The options of an [`HttpsClient`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use sso_types::Environment;

use super::build_error::BuildError;
use super::client::HttpsClient;
use super::connector::Connector;
use super::pool::Pool;
use super::proxy::Proxies;
use super::trust::{Roots, Trust};

/// Configures an [`HttpsClient`].
#[derive(Debug)]
pub struct HttpsClientBuilder {
    proxies: Result<Proxies, BuildError>,
    roots: Roots,
    connect_timeout: Duration,
    attempt_timeout: Duration,
    user_agent_suffix: String,
}

impl HttpsClient {
    /// Returns a builder. By default the client uses no proxy, the platform's certificate store,
    /// and the default timeouts.
    pub fn builder() -> HttpsClientBuilder {
        HttpsClientBuilder::default()
    }

    /// Creates a client with the proxies and certificates of these environment variables: the proxy
    /// variables (see [`HttpsClient`]), `AWS_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    ///
    /// Reads no file and opens no connection. Fails if a proxy variable is invalid.
    pub fn from_environment(environment: &Environment) -> Result<Self, BuildError> {
        Self::builder().proxies_from(environment).certificates_from(environment).build()
    }
}

impl Default for HttpsClientBuilder {
    fn default() -> Self {
        Self {
            proxies: Ok(Proxies::default()),
            roots: Roots::Store { file: None, directories: Vec::new() },
            connect_timeout: Duration::from_millis(3100),
            attempt_timeout: Duration::from_secs(10),
            user_agent_suffix: String::new(),
        }
    }
}

impl HttpsClientBuilder {
    /// Trusts the certificate authorities of this PEM file **instead of** the platform's store, as
    /// other AWS tools do for `AWS_CA_BUNDLE`. The file is read on first use.
    #[must_use]
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Roots::Bundle { path: path.into(), origin: None };
        self
    }

    /// Sets the name of the setting that holds the path of the CA bundle. Errors then contain "set
    /// by ORIGIN". Has no effect without a CA bundle.
    #[must_use]
    pub fn ca_bundle_origin(mut self, set_by: impl Into<String>) -> Self {
        if let Roots::Bundle { origin, .. } = &mut self.roots {
            *origin = Some(set_by.into());
        }
        self
    }

    /// Trusts the certificate authorities of `AWS_CA_BUNDLE`, as in
    /// [`HttpsClientBuilder::ca_bundle`]. If it is not set, those of `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`, as in OpenSSL. If none is set, those of the platform's store. Reads the
    /// variables from `environment`, not from the process.
    #[must_use]
    pub fn certificates_from(mut self, environment: &Environment) -> Self {
        let path = |name| environment.var_os(name).map(PathBuf::from);
        self.roots = if let Some(bundle) = path("AWS_CA_BUNDLE") {
            Roots::Bundle { path: bundle, origin: Some("AWS_CA_BUNDLE".to_owned()) }
        } else {
            let list = environment.var_os("SSL_CERT_DIR").unwrap_or_default();
            let directories = std::env::split_paths(list);
            let directories = directories.filter(|it| !it.as_os_str().is_empty()).collect();
            Roots::Store { file: path("SSL_CERT_FILE"), directories }
        };
        self
    }

    /// Uses the proxy of the proxy variables; see [`HttpsClient`]. If it is invalid,
    /// [`HttpsClientBuilder::build`] fails.
    #[must_use]
    pub fn proxies_from(mut self, environment: &Environment) -> Self {
        self.proxies = Proxies::from_environment(environment);
        self
    }

    /// Limits connecting: name resolution, TCP, the proxy and TLS together. The default is 3.1 s.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Limits one attempt, from connecting to the last byte of the answer. The default is 10 s.
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

    /// Creates the client. Fails if a proxy variable or the `User-Agent` suffix is invalid.
    ///
    /// Reads no file and opens no connection. If the CA bundle does not exist, the first call
    /// fails.
    pub fn build(self) -> Result<HttpsClient, BuildError> {
        let user_agent = concat!("ssocreds/", env!("CARGO_PKG_VERSION"));
        let user_agent = format!("{user_agent} {}", self.user_agent_suffix);
        let user_agent =
            HeaderValue::from_str(user_agent.trim_end()).map_err(|_| BuildError::UserAgent)?;
        let proxies = Arc::new(self.proxies?);
        let trust = Arc::new(Trust::new(self.roots));
        let connector = Connector::new(Arc::clone(&proxies), trust, self.connect_timeout);
        let pool = Arc::new(Pool::new(connector));
        Ok(HttpsClient { pool, proxies, user_agent, attempt_timeout: self.attempt_timeout })
    }
}
