//! Whom TLS trusts: the platform's certificate store, or a bundle in its place.
//!
//! Not responsible for connecting.
//!
//! The platform's store is read by rustls-native-certs, which yields plain roots that rustls itself
//! verifies with. The alternative, rustls-platform-verifier, reads the same files through the same
//! crate on Linux: the first connection of a process took the same time with either (release build,
//! a store of 144 certificates). With either it took six to seven times as long as with an empty
//! store, so nothing is read before it is needed, and then it is read while TCP connects. On macOS
//! and Windows, where the alternative asks the operating system for each certificate, nothing was
//! measured; it brings more crates there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::TransportError;

/// What is offered to the services by ALPN, best first.
#[cfg(feature = "http2")]
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
#[cfg(not(feature = "http2"))]
const PROTOCOLS: &[&[u8]] = &[b"http/1.1"];

/// Where certificate authorities come from.
#[derive(Debug, Clone)]
pub(super) enum Roots {
    /// The platform's store; or the file and the directory of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    Platform { file: Option<PathBuf>, directory: Option<PathBuf> },
    /// This file alone.
    Bundle(PathBuf),
}

/// The configuration of TLS, made on first use.
#[derive(Debug)]
pub(super) struct Trust {
    roots: Roots,
    configs: OnceLock<Configs>,
}

/// One configuration for the services, one for a proxy that is itself reached over TLS.
#[derive(Debug, Clone)]
pub(super) struct Configs {
    pub(super) service: Arc<ClientConfig>,
    /// A `CONNECT` is written in HTTP/1.1.
    pub(super) proxy: Arc<ClientConfig>,
}

impl Trust {
    pub(super) fn new(roots: Roots) -> Self {
        Self { roots, configs: OnceLock::new() }
    }

    /// Begins to read the certificates, if nobody has, while the caller goes on connecting. A failure
    /// is not remembered: the next connection tries again.
    pub(super) fn begin(self: &Arc<Self>) -> Loading {
        if let Some(configs) = self.configs.get() {
            return Loading::Done(configs.clone());
        }
        let trust = Arc::clone(self);
        Loading::Begun(tokio::task::spawn_blocking(move || {
            let configs = configure(load(&trust.roots)?)?;
            Ok(trust.configs.get_or_init(|| configs).clone())
        }))
    }
}

/// Certificates on their way.
pub(super) enum Loading {
    Done(Configs),
    Begun(tokio::task::JoinHandle<Result<Configs, TransportError>>),
}

impl Loading {
    pub(super) async fn finish(self) -> Result<Configs, TransportError> {
        match self {
            Self::Done(configs) => Ok(configs),
            Self::Begun(task) => {
                task.await.unwrap_or_else(|_| Err(none("the runtime is shutting down")))
            }
        }
    }
}

fn configure(roots: RootCertStore) -> Result<Configs, TransportError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| none("TLS 1.2 and 1.3 are not available"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let proxy = Arc::new(config.clone());
    config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Configs { service: Arc::new(config), proxy })
}

fn load(roots: &Roots) -> Result<RootCertStore, TransportError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::Bundle(path) => {
            let (added, _) = store.add_parsable_certificates(read_bundle(path)?);
            if added == 0 {
                return Err(none(format!("the CA bundle {} holds no certificate", path.display())));
            }
        }
        Roots::Platform { file, directory } => {
            let found = if file.is_some() || directory.is_some() {
                rustls_native_certs::load_certs_from_paths(file.as_deref(), directory.as_deref())
            } else {
                rustls_native_certs::load_native_certs()
            };
            let problem = found.errors.first().map(ToString::to_string);
            let (added, ignored) = store.add_parsable_certificates(found.certs);
            tracing::debug!(target: "ssocreds::http", added, ignored, problem, "certificates read");
            if added == 0 {
                let problem = problem.unwrap_or_else(|| "nothing is in it".to_owned());
                return Err(none(format!(
                    "the platform's certificate store could not be used ({problem}); install the \
                     package ca-certificates, or set SSL_CERT_FILE or AWS_CA_BUNDLE"
                )));
            }
        }
    }
    Ok(store)
}

fn read_bundle(path: &Path) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let broken = |problem: String| {
        none(format!("the CA bundle {} cannot be read: {problem}", path.display()))
    };
    CertificateDer::pem_file_iter(path)
        .map_err(|error| broken(error.to_string()))?
        .collect::<Result<_, _>>()
        .map_err(|error| broken(error.to_string()))
}

fn none(reason: impl Into<String>) -> TransportError {
    TransportError::TrustStore { reason: reason.into() }
}
