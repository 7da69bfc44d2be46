//! Failures between a request and its whole answer, below HTTP's status codes.

use std::error::Error;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::BoxError;

/// What lies below a transport error, shared so that waiters of one request can share its failure.
type Source = Arc<dyn Error + Send + Sync>;

/// A request that got no whole answer, and why.
///
/// No secret is in it: no header, no body, no path or query.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The host name was not resolved. The network's fault (no network, no DNS), or that of a
    /// region or endpoint that does not exist.
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
    /// No connection: refused, no route, or broken off before TLS was agreed.
    #[error("no connection to {host}; check the network, and HTTPS_PROXY if you need a proxy")]
    #[non_exhaustive]
    Connect {
        /// The host, with a port where one was given.
        host: String,
        /// The error of the operating system.
        source: Source,
    },
    /// The server's certificate is not one to trust. Another machine may be answering, so nothing was
    /// sent and it is not tried again.
    #[error("the certificate of {host} is not valid: {}", certificate(*problem, roots.as_deref()))]
    #[non_exhaustive]
    Certificate {
        /// The host.
        host: String,
        /// The problem with the certificate.
        problem: CertificateProblem,
        /// The setting that decides what is trusted, as `the CA bundle PATH (set by ORIGIN)`; `None`
        /// for the platform's own store.
        roots: Option<String>,
        /// The error of rustls.
        source: Source,
    },
    /// TLS could not be agreed for another reason than the certificate: what answered does not speak
    /// TLS, or only an old version.
    #[error("{host} answered, but not in TLS 1.2 or 1.3; check the endpoint and the proxy")]
    #[non_exhaustive]
    Tls {
        /// The host.
        host: String,
        /// The error of rustls.
        source: Source,
    },
    /// There are no certificates of authorities to trust: the bundle named by `AWS_CA_BUNDLE` cannot
    /// be read or holds none, or the platform's store is empty.
    #[error("no certificate authorities to trust: {reason}")]
    #[non_exhaustive]
    TrustStore {
        /// The text that was searched for, and the text that was found.
        reason: String,
    },
    /// The proxy could not be reached, or refused.
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
        /// The host that it was asked for.
        host: String,
        /// The problem with the proxy.
        problem: ProxyProblem,
        /// The HTTP status of its answer, if there was one.
        status: Option<u16>,
        /// The error below, if there is one.
        source: Option<Source>,
    },
    /// It took too long.
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
        /// How long it was allowed to take; `None` where a layer outside this crate, or the operating
        /// system, set the limit.
        limit: Option<Duration>,
        /// The proxy that the request went through, as `URL (set by VARIABLE)`.
        proxy: Option<String>,
    },
    /// The connection was reset or closed before the answer was whole. What was sent may have been
    /// carried out.
    #[error("the connection was closed before the answer was whole")]
    #[non_exhaustive]
    Closed {
        /// The error of the operating system or of the HTTP library.
        source: Source,
    },
    /// What came back is not HTTP. Something else listens there.
    #[error("what came back is not HTTP; check the endpoint and the proxy")]
    #[non_exhaustive]
    NotHttp {
        /// The error of the HTTP library.
        source: Source,
    },
    /// The answer is longer than this crate reads. No service answers so.
    #[error("the answer is longer than {limit} bytes, which is the most that is read")]
    #[non_exhaustive]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A plain `http` request to another machine: refused, as it would show secrets to the network.
    #[error("plain http to {host} is refused: it would show the access token to the network")]
    #[non_exhaustive]
    Insecure {
        /// The host.
        host: String,
    },
    /// Anything else, from a caller's own HTTP client or layer.
    #[error("the request failed")]
    #[non_exhaustive]
    Other {
        /// The error as it came.
        source: Source,
    },
}

/// The problem with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// It has run out. Or this machine's clock is wrong.
    #[error("it has expired; check this machine's clock")]
    Expired,
    /// It is not valid yet. Or this machine's clock is wrong.
    #[error("it is not valid yet; check this machine's clock")]
    NotYetValid,
    /// It is for another host.
    #[error("it is for another host name; check the endpoint and the network")]
    WrongName,
    /// No authority that is trusted here has signed it.
    #[error(
        "it is signed by an authority that is not trusted here; if your network inspects TLS, \
         install its root certificate or name it with AWS_CA_BUNDLE"
    )]
    UnknownAuthority,
    /// Something else.
    #[error("it does not verify")]
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
    /// It requires authentication (407), and offers no scheme that is supported: NTLM or Kerberos
    /// alone.
    UnsupportedAuthentication,
    /// It closed the connection instead of an answer, or before TLS with it was agreed. Transient.
    Closed,
    /// It cannot open a tunnel at the moment (429, 500, 502, 503, 504). Transient.
    Unavailable,
    /// It opened no tunnel, for another reason: most often its rules (403).
    TunnelRefused,
    /// Its certificate is not one to trust, or it does not speak TLS (an `https` proxy URL).
    Untrusted,
}

/// The step that timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Name resolution, the TCP connection, the proxy and TLS, taken together. Nothing was sent.
    #[error("connecting")]
    Connect,
    /// One attempt: from the start to the last byte of the answer.
    #[error("the answer")]
    Attempt,
    /// The whole call with all its attempts, or a layer of the caller's.
    #[error("the call")]
    Call,
}

// An error is never changed.
impl UnwindSafe for TransportError {}
impl RefUnwindSafe for TransportError {}

impl TimeoutPhase {
    /// The name of the setting, as the setters of this family of crates have it.
    fn setting(self) -> &'static str {
        match self {
            Self::Connect => "connect_timeout",
            Self::Attempt => "attempt_timeout",
            Self::Call => "timeout",
        }
    }
}

impl TransportError {
    /// Returns whether another attempt can go better: no connection, an answer cut off, too slow.
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

    /// Returns whether a timeout was exceeded.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Returns whether connecting took longer than the connect timeout.
    pub fn is_connect_timeout(&self) -> bool {
        matches!(self, Self::Timeout { phase: TimeoutPhase::Connect, .. })
    }

    /// Returns whether the request may have reached the service, which may then have carried it out. When
    /// this is `false` nothing of it was sent.
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

    /// A timeout, as a mock or a client of the caller's own reports it.
    pub fn timeout(phase: TimeoutPhase) -> Self {
        Self::Timeout { phase, limit: None, proxy: None }
    }

    /// A connection that was closed before the answer was whole, as a mock or a client of the
    /// caller's own reports it.
    pub fn closed(source: impl Into<BoxError>) -> Self {
        Self::Closed { source: source.into().into() }
    }

    /// A timeout of this crate's own.
    #[cfg(feature = "https")]
    pub(crate) fn timed_out(phase: TimeoutPhase, limit: Duration, proxy: Option<String>) -> Self {
        Self::Timeout { phase, limit: Some(limit), proxy }
    }

    /// Makes what it can of an error that is none of this crate's: one of tower's, or an
    /// [`io::Error`] somewhere below.
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

/// Returns whether a timeout layer of tower's made the error.
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

/// What a proxy did with a request to `host`, and what to do about it.
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
             NTLM{status}; run a local proxy that speaks them (px or cntlm), and set {variable} to it"
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

/// `longer than 3.1 s`; of a limit that is not known, less.
fn too_long(limit: Option<Duration>) -> String {
    limit.map_or_else(
        || "too long".to_owned(),
        |limit| format!("longer than {} s", limit.as_secs_f32()),
    )
}

/// The first error of type `T` in a chain. Unlike `Error::source` alone it also looks into what an
/// [`io::Error`] wraps.
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
