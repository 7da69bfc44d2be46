//! Conversion of errors of hyper, rustls and the operating system to [`TransportError`]s.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use rustls::CertificateError;

use super::dial::ResolveError;
use super::proxy::Proxy;
use super::tunnel::TunnelError;
use crate::transport_error::find;
use crate::{BoxError, CertificateProblem, ProxyProblem, TimeoutPhase, TransportError};

/// Converts an error of the TCP connection to the host of `uri`.
pub(super) fn connect(error: BoxError, uri: &Uri, limit: Duration) -> TransportError {
    let host = host(uri);
    if find::<ResolveError>(error.as_ref()).is_some() {
        return TransportError::Dns { host, source: Arc::from(error) };
    }
    let kind = find::<io::Error>(error.as_ref()).map(io::Error::kind);
    if kind == Some(io::ErrorKind::TimedOut) {
        return TransportError::timed_out(TimeoutPhase::Connect, limit, None);
    }
    TransportError::Connect { host, source: Arc::from(error) }
}

/// Converts an error of the TLS handshake with the host of `uri`. `roots` describes the configured
/// certificate authorities.
pub(super) fn handshake(error: BoxError, uri: &Uri, roots: Option<String>) -> TransportError {
    let host = host(uri);
    let problem = match find::<rustls::Error>(error.as_ref()) {
        Some(rustls::Error::InvalidCertificate(problem)) => Some(certificate(problem)),
        Some(_) => None,
        // Not an error of TLS, so the TCP connection failed.
        None => return TransportError::Connect { host, source: Arc::from(error) },
    };
    let source = Arc::from(error);
    match problem {
        Some(problem) => TransportError::Certificate { host, problem, roots, source },
        None => TransportError::Tls { host, source },
    }
}

/// Converts an error of the tunnel through the proxy to the host of `service`.
pub(super) fn tunnel(error: TunnelError, proxy: &Proxy, service: &Uri) -> TransportError {
    let answer = match error {
        TunnelError::Closed(error) => {
            let source = error.map(|error| Box::new(error) as BoxError);
            return proxy.error(service, ProxyProblem::Closed, None, source);
        }
        TunnelError::Refused(answer) => answer,
    };
    let problem = match answer.status {
        Some(407) if !answer.offers_basic() => ProxyProblem::UnsupportedAuthentication,
        Some(407) if proxy.authorization.is_some() => ProxyProblem::CredentialsRejected,
        Some(407) => ProxyProblem::AuthenticationRequired,
        Some(429 | 500 | 502 | 503 | 504) => ProxyProblem::Unavailable,
        _ => ProxyProblem::TunnelRefused,
    };
    proxy.error(service, problem, answer.status, None)
}

/// Converts an error of the TLS handshake with an `https` proxy.
pub(super) fn proxy_handshake(error: &(dyn Error + 'static)) -> ProxyProblem {
    match find::<rustls::Error>(error) {
        Some(_) => ProxyProblem::Untrusted,
        // Not an error of TLS, so the TCP connection failed.
        None => ProxyProblem::Closed,
    }
}

/// Converts an error of sending the request or reading the answer.
pub(super) fn exchange(error: impl Into<BoxError>) -> TransportError {
    let error = error.into();
    if let Some(known) = find::<TransportError>(error.as_ref()) {
        return known.clone();
    }
    let (not_http, misuse) = find::<hyper::Error>(error.as_ref())
        .map_or((false, false), |error| (error.is_parse(), error.is_user()));
    let source = Arc::from(error);
    if not_http {
        TransportError::NotHttp { source }
    } else if misuse {
        TransportError::Other { source }
    } else {
        // The open connection failed: it was reset or closed, or there was a TLS alert.
        TransportError::Closed { source }
    }
}

fn certificate(problem: &CertificateError) -> CertificateProblem {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateProblem::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateProblem::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::WrongName
        }
        // BadSignature: the authority has the name of a trusted one, but another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            CertificateProblem::UnknownAuthority
        }
        _ => CertificateProblem::Other,
    }
}

fn host(uri: &Uri) -> String {
    uri.authority().map_or_else(String::new, |authority| authority.as_str().to_owned())
}
