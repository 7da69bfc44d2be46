//! The trusted certificate authorities: those of the platform's store, or of a bundle instead.
//!
//! rustls verifies certificates with the authorities that this module reads from the platform's
//! store. The alternative, rustls-platform-verifier, reads the same files on Linux. It is not
//! faster there, and it adds more crates.
//!
//! On most Linux distributions the store is a file and a directory with the same certificates. The
//! directory is read only if a certificate is not trusted by the authorities in the file. Then the
//! connection is tried once more, with the authorities of both. So a program that makes one request
//! usually does not read every certificate twice.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};

use super::pem;
use super::platform_roots;
use crate::TransportError;

/// The protocols that ALPN offers to the services, the preferred one first.
#[cfg(feature = "http2")]
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
#[cfg(not(feature = "http2"))]
const PROTOCOLS: &[&[u8]] = &[b"http/1.1"];

/// The remedy if the platform's store has no certificates.
#[cfg(not(any(windows, target_os = "macos")))]
const PLATFORM_REMEDY: &str =
    "install the package ca-certificates, or set SSL_CERT_FILE or AWS_CA_BUNDLE";
#[cfg(any(windows, target_os = "macos"))]
const PLATFORM_REMEDY: &str = "set SSL_CERT_FILE or AWS_CA_BUNDLE";

/// The source of the certificate authorities.
#[derive(Debug, Clone)]
pub(super) enum Roots {
    /// The file and the directories of `SSL_CERT_FILE` and `SSL_CERT_DIR`. If there are none, the
    /// platform's store.
    Store { file: Option<PathBuf>, directories: Vec<PathBuf> },
    /// Only this file. `origin` is the name of its setting, if known.
    Bundle { path: PathBuf, origin: Option<String> },
}

/// The TLS configuration, created on first use.
#[derive(Debug)]
pub(super) struct Trust {
    roots: Roots,
    /// Trusts only the authorities in the file, because the directories were not read.
    partial: OnceLock<Configs>,
    /// Trusts all authorities.
    complete: OnceLock<Configs>,
}

/// The configurations for the services and for an `https` proxy.
#[derive(Debug, Clone)]
pub(super) struct Configs {
    pub(super) service: Arc<ClientConfig>,
    /// Offers only HTTP/1.1, because `CONNECT` is sent with it.
    pub(super) proxy: Arc<ClientConfig>,
}

impl Roots {
    /// Describes the configured certificates and their setting. `None` for the platform's store.
    fn description(&self) -> Option<String> {
        let (name, origin) = match self {
            Self::Bundle { path, origin } => {
                (format!("the CA bundle {}", path.display()), origin.as_deref())
            }
            Self::Store { file: Some(file), .. } => {
                (format!("the certificates in {}", file.display()), Some("SSL_CERT_FILE"))
            }
            Self::Store { directories, .. } => (
                format!("the certificates in {}", directories.first()?.display()),
                Some("SSL_CERT_DIR"),
            ),
        };
        Some(origin.map_or_else(|| name.clone(), |origin| format!("{name} (set by {origin})")))
    }
}

impl Trust {
    pub(super) fn new(roots: Roots) -> Self {
        Self { roots, partial: OnceLock::new(), complete: OnceLock::new() }
    }

    /// Starts to read the certificates while the caller connects, unless they were already read. If
    /// reading fails, the next connection tries again.
    pub(super) fn begin(self: &Arc<Self>) -> Loading {
        if let Some(configs) = self.complete.get().or_else(|| self.partial.get()) {
            return Loading::Done(configs.clone());
        }
        let trust = Arc::clone(self);
        Loading::Begun(tokio::task::spawn_blocking(move || {
            let (roots, extent) = load(&trust.roots)?;
            let configs = configure(roots)?;
            let place = match extent {
                Extent::Partial => &trust.partial,
                Extent::Complete => &trust.complete,
            };
            Ok(place.get_or_init(|| configs).clone())
        }))
    }

    /// Describes the configured certificates and their setting. `None` for the platform's store.
    pub(super) fn description(&self) -> Option<String> {
        self.roots.description()
    }

    /// Returns `true` if all authorities have been read.
    pub(super) fn is_complete(&self) -> bool {
        self.complete.get().is_some()
    }

    /// Reads the directories if only the file was read. Returns `true` if all authorities are now
    /// trusted, and not only those in the file.
    pub(super) async fn load_rest(self: &Arc<Self>) -> bool {
        if self.partial.get().is_none() {
            return false;
        }
        if self.is_complete() {
            return true;
        }
        let trust = Arc::clone(self);
        let loaded = tokio::task::spawn_blocking(move || {
            let configs = configure(load_all(&trust.roots)?)?;
            trust.complete.get_or_init(|| configs);
            Ok::<_, TransportError>(())
        });
        matches!(loaded.await, Ok(Ok(())))
    }
}

/// Certificates that are being read, or were read.
pub(super) enum Loading {
    Done(Configs),
    Begun(tokio::task::JoinHandle<Result<Configs, TransportError>>),
}

impl Loading {
    pub(super) async fn finish(self) -> Result<Configs, TransportError> {
        match self {
            Self::Done(configs) => Ok(configs),
            Self::Begun(task) => task
                .await
                .unwrap_or_else(|_| Err(trust_store_error("the runtime is shutting down"))),
        }
    }
}

fn configure(roots: RootCertStore) -> Result<Configs, TransportError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| trust_store_error("TLS 1.2 and 1.3 are not available"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let proxy = Arc::new(config.clone());
    config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Configs { service: Arc::new(config), proxy })
}

/// The part of the trust store that has been read.
enum Extent {
    Partial,
    Complete,
}

/// Reads the bundle. Of a store, reads only the file, if it contains certificates; otherwise the
/// whole store.
fn load(roots: &Roots) -> Result<(RootCertStore, Extent), TransportError> {
    let (file, directories) = match roots {
        Roots::Bundle { path, .. } => return Ok((load_bundle(roots, path)?, Extent::Complete)),
        Roots::Store { file, directories } => store_locations(file.as_deref(), directories),
    };
    match file.as_deref().and_then(load_file) {
        Some(store) if directories.is_empty() => Ok((store, Extent::Complete)),
        Some(store) => Ok((store, Extent::Partial)),
        None => Ok((load_store(roots, file.as_deref(), &directories)?, Extent::Complete)),
    }
}

/// Reads all authorities.
fn load_all(roots: &Roots) -> Result<RootCertStore, TransportError> {
    match roots {
        Roots::Bundle { path, .. } => load_bundle(roots, path),
        Roots::Store { file, directories } => {
            let (file, directories) = store_locations(file.as_deref(), directories);
            load_store(roots, file.as_deref(), &directories)
        }
    }
}

fn load_bundle(roots: &Roots, path: &Path) -> Result<RootCertStore, TransportError> {
    let mut store = RootCertStore::empty();
    let shown = || roots.description().unwrap_or_default();
    match pem::add_file(&mut store, path) {
        Ok(0) => {
            Err(trust_store_error(format!("{} holds no certificate; correct the path", shown())))
        }
        Ok(_) => Ok(store),
        Err(why) => {
            Err(trust_store_error(format!("{} cannot be read: {why}; correct the path", shown())))
        }
    }
}

/// Reads the file of a store. Returns `None` if it cannot be read or contains no certificates.
fn load_file(path: &Path) -> Option<RootCertStore> {
    let mut store = RootCertStore::empty();
    let added = pem::add_file(&mut store, path).unwrap_or(0);
    tracing::debug!(target: "ssocreds::http", added, file = %path.display(), "certificates read");
    (added > 0).then_some(store)
}

/// Reads a whole store: its file and its directories, or the store of a system that does not use
/// files.
fn load_store(
    roots: &Roots,
    file: Option<&Path>,
    directories: &[PathBuf],
) -> Result<RootCertStore, TransportError> {
    let mut store = RootCertStore::empty();
    let mut problem = file.and_then(|file| pem::add_file(&mut store, file).err());
    for directory in directories {
        let added = pem::add_directory(&mut store, directory);
        problem = problem.or(added.err());
    }
    if file.is_none() && directories.is_empty() {
        problem = platform_roots::add_from_system(&mut store);
    }
    tracing::debug!(target: "ssocreds::http", added = store.len(), problem, "all certificates read");
    if store.is_empty() {
        let problem = problem.unwrap_or_else(|| "no certificate was found".to_owned());
        return Err(trust_store_error(match roots.description() {
            Some(configured) => {
                format!("{configured} cannot be used ({problem}); correct the path")
            }
            None => format!(
                "the platform's certificate store cannot be used ({problem}); {PLATFORM_REMEDY}"
            ),
        }));
    }
    Ok(store)
}

/// Returns the configured file and directories. If there are none, those of the platform's store,
/// if it is in files.
fn store_locations(
    file: Option<&Path>,
    directories: &[PathBuf],
) -> (Option<PathBuf>, Vec<PathBuf>) {
    if file.is_some() || !directories.is_empty() {
        return (file.map(Path::to_owned), directories.to_vec());
    }
    platform_roots::in_files()
}

fn trust_store_error(reason: impl Into<String>) -> TransportError {
    TransportError::TrustStore { reason: reason.into() }
}
