//! Errors of requests that got no complete HTTP answer.

use std::error::Error;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::BoxError;

/// The source of a transport error. It is shared, so that the error can be cloned.
type Source = Arc<dyn Error + Send + Sync>;

/// The error of a request that got no complete answer.
///
/// It contains no secret: no header, body, path or query of the request.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The host name was not resolved. There is no network or no DNS, or the region or endpoint
    /// does not exist.
    #[error(
        "the name {host} could not be resolved; check the network, the region and the endpoint"
    )]
    #[non_exhaustive]
    Dns {
        /// The host.
        host: String,
        /// The error of the resolver.
        source: Source,
    },
    /// There was no connection: it was refused, there was no route, or it was closed during the TLS
    /// handshake.
    #[error("failed to connect to {host}; check the network, and HTTPS_PROXY if you need a proxy")]
    #[non_exhaustive]
    Connect {
        /// The host, and the port if the URL has one.
        host: String,
        /// The error of the operating system.
        source: Source,
    },
    /// The server's certificate is not trusted. Another machine may have answered, so nothing was
    /// sent and the request is not retried.
    #[error("the certificate of {host} is not valid: {}", certificate(*problem, roots.as_deref()))]
    #[non_exhaustive]
    Certificate {
        /// The host.
        host: String,
        /// The problem with the certificate.
        problem: CertificateProblem,
        /// The configured certificate authorities, as `the CA bundle PATH (set by ORIGIN)`; `None`
        /// for the platform's store.
        roots: Option<String>,
        /// The error of rustls.
        source: Source,
    },
    /// The TLS handshake failed for another reason than the certificate: the server does not use
    /// TLS, or only an old version.
    #[error("{host} does not answer with TLS 1.2 or 1.3; check the endpoint and the proxy")]
    #[non_exhaustive]
    Tls {
        /// The host.
        host: String,
        /// The error of rustls.
        source: Source,
    },
    /// There are no trusted certificate authorities: the files named by `AWS_CA_BUNDLE`,
    /// `SSL_CERT_FILE` or `SSL_CERT_DIR` cannot be read or contain none, or the platform's store is
    /// empty.
    #[error("no certificate authorities to trust: {reason}")]
    #[non_exhaustive]
    TrustStore {
        /// The certificates that cannot be used, the reason, and the remedy.
        reason: String,
    },
    /// The proxy could not be reached, or refused the request.
    #[error(
        "the proxy {proxy} (set by {variable}) {}",
        refused(*problem, variable, host, *status)
    )]
    #[non_exhaustive]
    Proxy {
        /// Scheme, host and port of the proxy; never its credentials.
        proxy: String,
        /// The variable that names it.
        variable: String,
        /// The host that the request was for.
        host: String,
        /// The problem with the proxy.
        problem: ProxyProblem,
        /// The HTTP status of its answer, if there was one.
        status: Option<u16>,
        /// The underlying error, if there is one.
        source: Option<Source>,
    },
    /// A timeout was exceeded.
    #[error(
        "{phase}{} took {}; check {}, or set a longer {}",
        through(proxy.as_deref()),
        too_long(*limit),
        if proxy.is_some() { "the proxy" } else { "the network" },
        phase.setting()
    )]
    #[non_exhaustive]
    Timeout {
        /// The step that timed out.
        phase: TimeoutPhase,
        /// The timeout; `None` if a layer outside this crate, or the operating system, set it.
        limit: Option<Duration>,
        /// The proxy that the request went through, as `URL (set by VARIABLE)`.
        proxy: Option<String>,
    },
    /// The connection was reset or closed before the answer was complete. The service may have
    /// processed the request.
    #[error("the connection was closed before the answer was complete")]
    #[non_exhaustive]
    Closed {
        /// The error of the operating system or of the HTTP library.
        source: Source,
    },
    /// The answer is not HTTP, so another kind of server is listening there.
    #[error("the answer is not HTTP; check the endpoint and the proxy")]
    #[non_exhaustive]
    NotHttp {
        /// The error of the HTTP library.
        source: Source,
    },
    /// The answer is longer than this crate accepts. The services do not send such answers.
    #[error("the answer is longer than the limit of {limit} bytes")]
    #[non_exhaustive]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A plain `http` request to another machine. It is refused, because it would send secrets
    /// unencrypted.
    #[error("plain http to {host} is refused: it would send the access token unencrypted")]
    #[non_exhaustive]
    Insecure {
        /// The host.
        host: String,
    },
    /// Another error of the caller's own HTTP client or layer.
    #[error("the request failed")]
    #[non_exhaustive]
    Other {
        /// The original error.
        source: Source,
    },
}

/// The problem with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// It has expired, or this machine's clock is wrong.
    #[error("it has expired; check this machine's clock")]
    Expired,
    /// It is not valid yet, or this machine's clock is wrong.
    #[error("it is not valid yet; check this machine's clock")]
    NotYetValid,
    /// It is for another host.
    #[error("it is for another host name; check the endpoint and the network")]
    WrongName,
    /// It is signed by an authority that is not trusted here.
    #[error(
        "it is signed by an authority that is not trusted here; if your network inspects TLS, \
         install its root certificate or name it with AWS_CA_BUNDLE"
    )]
    UnknownAuthority,
    /// It is not valid for another reason.
    #[error("it failed verification")]
    Other,
}

/// A problem with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyProblem {
    /// It cannot be reached. Transient.
    Unreachable,
    /// It requires a user name and password (407), and its URL has none.
    AuthenticationRequired,
    /// It rejected the user name and password in its URL (407).
    CredentialsRejected,
    /// It requires authentication (407), but offers no supported scheme, only ones such as NTLM or
    /// Kerberos.
    UnsupportedAuthentication,
    /// It closed the connection instead of answering, or during the TLS handshake. Transient.
    Closed,
    /// It cannot open a tunnel at the moment (429, 500, 502, 503, 504). Transient.
    Unavailable,
    /// It refused to open a tunnel for another reason, usually because of its rules (403).
    TunnelRefused,
    /// Its URL is `https`, and its certificate is not trusted or it does not use TLS.
    Untrusted,
}

/// The step that timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Connecting: name resolution, TCP, the proxy and TLS together. Nothing was sent.
    #[error("connecting")]
    Connect,
    /// One attempt, from connecting to the last byte of the answer.
    #[error("the answer")]
    Attempt,
    /// The whole call with all its attempts, or the part of it that is inside a timeout layer of the
    /// caller.
    #[error("the call")]
    Call,
}

// An error is immutable, so that a panic cannot leave it in an inconsistent state.
impl UnwindSafe for TransportError {}
impl RefUnwindSafe for TransportError {}

impl TimeoutPhase {
    /// The name of the setting, which is the same in all crates of this workspace.
    fn setting(self) -> &'static str {
        match self {
            Self::Connect => "connect_timeout",
            Self::Attempt => "attempt_timeout",
            Self::Call => "timeout",
        }
    }
}

impl TransportError {
    /// Returns `true` if another attempt may succeed: after a failed name resolution, a failed or
    /// closed connection, a proxy that is temporarily unavailable, or a timeout of one attempt.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Dns { .. } | Self::Connect { .. } | Self::Closed { .. } => true,
            Self::Timeout { phase, .. } => *phase != TimeoutPhase::Call,
            Self::Proxy { problem, .. } => {
                use ProxyProblem::{Closed, Unavailable, Unreachable};
                matches!(problem, Unreachable | Closed | Unavailable)
            }
            _ => false,
        }
    }

    /// Returns `true` if a timeout was exceeded.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Returns `true` if the connect timeout was exceeded.
    pub fn is_connect_timeout(&self) -> bool {
        matches!(self, Self::Timeout { phase: TimeoutPhase::Connect, .. })
    }

    /// Returns `true` if the request may have reached the service, which may have processed it. If
    /// `false`, no part of it was sent.
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::TrustStore { .. }
            | Self::Proxy { .. }
            | Self::Insecure { .. } => false,
            Self::Timeout { phase, .. } => *phase != TimeoutPhase::Connect,
            Self::Closed { .. }
            | Self::NotHttp { .. }
            | Self::TooLarge { .. }
            | Self::Other { .. } => true,
        }
    }

    /// Creates a timeout error, for mocks and for other HTTP clients.
    pub fn timeout(phase: TimeoutPhase) -> Self {
        Self::Timeout { phase, limit: None, proxy: None }
    }

    /// Creates the error of a connection that was closed before the answer was complete, for mocks
    /// and for other HTTP clients.
    pub fn closed(source: impl Into<BoxError>) -> Self {
        Self::Closed { source: source.into().into() }
    }

    /// Creates the error of a timeout that this crate set.
    #[cfg(feature = "https")]
    pub(crate) fn timed_out(phase: TimeoutPhase, limit: Duration, proxy: Option<String>) -> Self {
        Self::Timeout { phase, limit: Some(limit), proxy }
    }

    /// Converts an error from outside this crate: one of tower, or one with an [`io::Error`] in its
    /// chain of sources.
    pub(crate) fn foreign(error: BoxError) -> Self {
        if is_elapsed(error.as_ref()) {
            return Self::timeout(TimeoutPhase::Call);
        }
        let kind = find::<io::Error>(error.as_ref()).map(io::Error::kind);
        if kind == Some(io::ErrorKind::TimedOut) {
            return Self::timeout(TimeoutPhase::Attempt);
        }
        let source = Source::from(error);
        match kind {
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ) => Self::Closed { source },
            Some(
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable,
            ) => Self::Connect { host: "the service".to_owned(), source },
            _ => Self::Other { source },
        }
    }
}

/// Returns `true` for the error of tower's timeout layer.
pub(crate) fn is_elapsed(error: &(dyn Error + 'static)) -> bool {
    find::<tower::timeout::error::Elapsed>(error).is_some()
}

fn certificate(problem: CertificateProblem, roots: Option<&str>) -> String {
    match (problem, roots) {
        (CertificateProblem::UnknownAuthority, Some(roots)) => format!(
            "it is signed by an authority that is not in {roots}; if your network inspects TLS, add \
             its root certificate there"
        ),
        _ => problem.to_string(),
    }
}

/// Describes the problem of a proxy with a request to `host`, and the remedy.
fn refused(problem: ProxyProblem, variable: &str, host: &str, status: Option<u16>) -> String {
    let status = status.map_or_else(String::new, |status| format!(" (HTTP {status})"));
    match problem {
        ProxyProblem::Unreachable => format!("cannot be reached; start it, or correct {variable}"),
        ProxyProblem::AuthenticationRequired => format!(
            "requires a user name and password{status}; put them into {variable}: \
             http://USER:PASSWORD@HOST:PORT"
        ),
        ProxyProblem::CredentialsRejected => {
            format!("rejected the user name and password{status}; correct them in {variable}")
        }
        ProxyProblem::UnsupportedAuthentication => format!(
            "offers no Basic authentication, only schemes that are not supported, such as \
             NTLM{status}; run a local proxy that supports them (px or cntlm), and set {variable} to its URL"
        ),
        ProxyProblem::Closed => format!(
            "closed the connection before it opened a tunnel to {host}; ask its administrator to \
             allow that host"
        ),
        ProxyProblem::Unavailable => {
            format!("cannot open a tunnel to {host} at the moment{status}; try again later")
        }
        ProxyProblem::TunnelRefused => {
            format!("refused a tunnel to {host}{status}; ask its administrator to allow that host")
        }
        ProxyProblem::Untrusted => format!(
            "is not trusted: TLS with the proxy itself failed; correct {variable}, or trust its \
             certificate with AWS_CA_BUNDLE"
        ),
    }
}

fn through(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
}

/// Formats a timeout as `longer than 3.1 s`, or as `too long` if it is not known.
fn too_long(limit: Option<Duration>) -> String {
    limit.map_or_else(
        || "too long".to_owned(),
        |limit| format!("longer than {} s", limit.as_secs_f32()),
    )
}

/// Returns the first error of type `T` in a chain of sources. Unlike `Error::source`, it also
/// returns an error that is directly wrapped in an [`io::Error`].
pub(crate) fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
