//! The certificate authorities that TLS trusts: the platform's store, or a bundle in its place.
//!
//! The platform's store is read as plain roots that rustls itself verifies with. The alternative,
//! rustls-platform-verifier, reads the same files on Linux, so it starts no faster there, and brings
//! more crates.
//!
//! Where the store is a file and a directory (most Linux distributions have both, with the same
//! certificates in them), the directory is read only when a certificate was not accepted with the
//! file alone: then the connection is made once more. What is trusted is the same, and a program
//! that makes one request does not read every certificate twice.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};

use super::pem;
use crate::TransportError;

/// What is offered to the services by ALPN, best first.
#[cfg(feature = "http2")]
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
#[cfg(not(feature = "http2"))]
const PROTOCOLS: &[&[u8]] = &[b"http/1.1"];

/// Where certificate authorities come from.
#[derive(Debug, Clone)]
pub(super) enum Roots {
    /// The platform's store; or the file and the directories of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    Platform { file: Option<PathBuf>, directories: Vec<PathBuf> },
    /// This file alone; what set it, where that is known.
    Bundle { path: PathBuf, origin: Option<String> },
}

/// The configuration of TLS, made on first use.
#[derive(Debug)]
pub(super) struct Trust {
    roots: Roots,
    /// With the file of certificates alone, where the directories were put off.
    narrow: OnceLock<Configs>,
    /// With all that is trusted.
    wide: OnceLock<Configs>,
}

/// One configuration for the services, one for a proxy that is itself reached over TLS.
#[derive(Debug, Clone)]
pub(super) struct Configs {
    pub(super) service: Arc<ClientConfig>,
    /// A `CONNECT` is written in HTTP/1.1.
    pub(super) proxy: Arc<ClientConfig>,
}

impl Roots {
    /// The setting that decides what is trusted; `None` for the platform's own store.
    fn in_force(&self) -> Option<String> {
        let (name, origin) = match self {
            Self::Bundle { path, origin } => {
                (format!("the CA bundle {}", path.display()), origin.as_deref())
            }
            Self::Platform { file: Some(file), .. } => {
                (format!("the certificates in {}", file.display()), Some("SSL_CERT_FILE"))
            }
            Self::Platform { directories, .. } => (
                format!("the certificates in {}", directories.first()?.display()),
                Some("SSL_CERT_DIR"),
            ),
        };
        Some(origin.map_or_else(|| name.clone(), |origin| format!("{name} (set by {origin})")))
    }
}

impl Trust {
    pub(super) fn new(roots: Roots) -> Self {
        Self { roots, narrow: OnceLock::new(), wide: OnceLock::new() }
    }

    /// Starts to read the certificates, unless they were read, while the caller connects. A failure
    /// is not remembered: the next connection tries again.
    pub(super) fn begin(self: &Arc<Self>) -> Loading {
        if let Some(configs) = self.wide.get().or_else(|| self.narrow.get()) {
            return Loading::Done(configs.clone());
        }
        let trust = Arc::clone(self);
        Loading::Begun(tokio::task::spawn_blocking(move || {
            let (roots, extent) = load(&trust.roots)?;
            let configs = configure(roots)?;
            let place = match extent {
                Extent::Narrow => &trust.narrow,
                Extent::Wide => &trust.wide,
            };
            Ok(place.get_or_init(|| configs).clone())
        }))
    }

    /// The setting that decides what is trusted; `None` for the platform's own store.
    pub(super) fn in_force(&self) -> Option<String> {
        self.roots.in_force()
    }

    /// Returns whether all that is trusted has been read.
    pub(super) fn is_wide(&self) -> bool {
        self.wide.get().is_some()
    }

    /// Reads what was put off, if anything was. Whether more is trusted now than the file alone.
    pub(super) async fn widen(self: &Arc<Self>) -> bool {
        if self.narrow.get().is_none() {
            return false;
        }
        if self.is_wide() {
            return true;
        }
        let trust = Arc::clone(self);
        let widened = tokio::task::spawn_blocking(move || {
            let configs = configure(load_all(&trust.roots)?)?;
            trust.wide.get_or_init(|| configs);
            Ok::<_, TransportError>(())
        });
        matches!(widened.await, Ok(Ok(())))
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

/// The part of the trust store that has been read.
enum Extent {
    Narrow,
    Wide,
}

/// The bundle; or the file, where there is one that holds certificates; else all there is.
fn load(roots: &Roots) -> Result<(RootCertStore, Extent), TransportError> {
    let (file, directories) = match roots {
        Roots::Bundle { path, .. } => return Ok((load_bundle(roots, path)?, Extent::Wide)),
        Roots::Platform { file, directories } => places(file.as_deref(), directories),
    };
    match file.as_deref().and_then(load_file) {
        Some(store) if directories.is_empty() => Ok((store, Extent::Wide)),
        Some(store) => Ok((store, Extent::Narrow)),
        None => Ok((load_store(file.as_deref(), &directories)?, Extent::Wide)),
    }
}

/// All that is trusted.
fn load_all(roots: &Roots) -> Result<RootCertStore, TransportError> {
    match roots {
        Roots::Bundle { path, .. } => load_bundle(roots, path),
        Roots::Platform { file, directories } => {
            let (file, directories) = places(file.as_deref(), directories);
            load_store(file.as_deref(), &directories)
        }
    }
}

fn load_bundle(roots: &Roots, path: &Path) -> Result<RootCertStore, TransportError> {
    let mut store = RootCertStore::empty();
    let shown = || roots.in_force().unwrap_or_default();
    match pem::add_file(&mut store, path) {
        Ok(0) => Err(none(format!("{} holds no certificate; correct the path", shown()))),
        Ok(_) => Ok(store),
        Err(why) => Err(none(format!("{} cannot be read: {why}; correct the path", shown()))),
    }
}

/// The file of a store, when it holds certificates.
fn load_file(path: &Path) -> Option<RootCertStore> {
    let mut store = RootCertStore::empty();
    let added = pem::add_file(&mut store, path).unwrap_or(0);
    tracing::debug!(target: "ssocreds::http", added, file = %path.display(), "certificates read");
    (added > 0).then_some(store)
}

/// The whole of a store: its file and its directories, or what the system keeps elsewhere.
fn load_store(
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
        problem = add_from_system(&mut store);
    }
    tracing::debug!(target: "ssocreds::http", added = store.len(), problem, "all certificates read");
    if store.is_empty() {
        let problem = problem.unwrap_or_else(|| "nothing is in it".to_owned());
        return Err(none(format!(
            "the platform's certificate store could not be used ({problem}); install the \
             package ca-certificates, or set SSL_CERT_FILE or AWS_CA_BUNDLE"
        )));
    }
    Ok(store)
}

/// The file and the directories: the ones that were set, else the platform's own, where it keeps its
/// store in files.
fn places(file: Option<&Path>, directories: &[PathBuf]) -> (Option<PathBuf>, Vec<PathBuf>) {
    if file.is_some() || !directories.is_empty() {
        return (file.map(Path::to_owned), directories.to_vec());
    }
    in_files()
}

/// Where this platform keeps its store in files.
#[cfg(all(unix, not(target_os = "macos")))]
fn in_files() -> (Option<PathBuf>, Vec<PathBuf>) {
    let found = openssl_probe::probe();
    (found.cert_file, found.cert_dir)
}

/// Where this platform keeps its store in files: nowhere.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn in_files() -> (Option<PathBuf>, Vec<PathBuf>) {
    (None, Vec::new())
}

/// Adds what the system keeps elsewhere than in files, and says what first could not be read.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn add_from_system(store: &mut RootCertStore) -> Option<String> {
    let found = rustls_native_certs::load_native_certs();
    store.add_parsable_certificates(found.certs);
    found.errors.first().map(ToString::to_string)
}

/// Adds what the system keeps elsewhere than in files: nothing.
#[cfg(all(unix, not(target_os = "macos")))]
fn add_from_system(_: &mut RootCertStore) -> Option<String> {
    None
}

fn none(reason: impl Into<String>) -> TransportError {
    TransportError::TrustStore { reason: reason.into() }
}
