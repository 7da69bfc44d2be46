//! Opens a tunnel to a service through an HTTP proxy with `CONNECT` (RFC 9110 section 9.3.6).

use std::io;

use http::{HeaderValue, Uri};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The largest accepted head of the proxy's answer, in bytes.
const MAX_HEAD: usize = 8192;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The reason why there is no tunnel.
#[derive(Debug)]
pub(super) enum TunnelError {
    /// The connection to the proxy failed, or was closed before the answer was complete.
    Closed(Option<io::Error>),
    /// The proxy's answer has another status than 2xx, or is not HTTP.
    Refused(Answer),
}

/// The proxy's answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// `None` if the answer is not HTTP.
    pub(super) status: Option<u16>,
    /// The schemes of its `Proxy-Authenticate` headers, in lower case.
    pub(super) schemes: Vec<String>,
}

/// Asks the proxy at the other end of `connection` for a tunnel to the host of `service`.
pub(super) async fn open<T>(
    connection: T,
    service: &Uri,
    authorization: Option<&HeaderValue>,
) -> Result<T, TunnelError>
where
    T: Read + Write + Unpin,
{
    let mut connection = TokioIo::new(connection);
    let failed = |error| TunnelError::Closed(Some(error));
    connection.write_all(&request(service, authorization)).await.map_err(failed)?;
    connection.flush().await.map_err(failed)?;
    let mut head = Vec::with_capacity(MAX_HEAD);
    while !head.windows(END_OF_HEAD.len()).any(|window| window == END_OF_HEAD) {
        if head.len() >= MAX_HEAD {
            return Err(TunnelError::Refused(Answer { status: None, schemes: Vec::new() }));
        }
        if connection.read_buf(&mut head).await.map_err(failed)? == 0 {
            return Err(TunnelError::Closed(None));
        }
    }
    let answer = Answer::parse(&head);
    match answer.status {
        // In TLS the client sends first, so bytes after the head are not from the service.
        Some(200..=299) if head.ends_with(END_OF_HEAD) => Ok(connection.into_inner()),
        _ => Err(TunnelError::Refused(answer)),
    }
}

fn request(service: &Uri, authorization: Option<&HeaderValue>) -> Vec<u8> {
    let host = service.host().unwrap_or_default();
    let port = service.port_u16().unwrap_or(443);
    let mut request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(authorization) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

impl Answer {
    fn parse(head: &[u8]) -> Self {
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split("\r\n");
        let mut status_line = lines.next().unwrap_or_default().split(' ');
        let is_http = status_line.next().is_some_and(|version| version.starts_with("HTTP/1."));
        let status = status_line.next().filter(|_| is_http).and_then(|status| status.parse().ok());
        let challenges = lines
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authenticate"))
            .flat_map(|(_, value)| value.split(','));
        // The first word of a parameter contains a `=`, but a scheme does not.
        let schemes = challenges
            .filter_map(|challenge| challenge.split_whitespace().next())
            .filter(|word| !word.contains(['=', '"']))
            .map(str::to_ascii_lowercase)
            .collect();
        Self { status, schemes }
    }

    /// Returns `true` if the proxy accepts Basic authentication.
    pub(super) fn offers_basic(&self) -> bool {
        // A proxy that names no scheme may accept Basic authentication.
        self.schemes.is_empty() || self.schemes.iter().any(|scheme| scheme == "basic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authentication_schemes_of_an_answer_are_parsed() {
        let parse = |head: &str| Answer::parse(head.as_bytes());
        let answer = parse(
            "HTTP/1.1 407 Authentication\r\nProxy-Authenticate: NTLM\r\n\
             proxy-authenticate: Negotiate, Basic realm=\"a, b\", charset=\"UTF-8\"\r\n\r\n",
        );
        assert_eq!(answer.status, Some(407));
        assert_eq!(answer.schemes[..3], ["ntlm", "negotiate", "basic"]);
        assert!(answer.offers_basic());
        assert!(!parse("HTTP/1.1 407 A\r\nProxy-Authenticate: NTLM\r\n\r\n").offers_basic());
        assert!(parse("HTTP/1.1 407 A\r\n\r\n").offers_basic());
        for other in ["", "SSH-2.0 200\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 x\r\n\r\n"] {
            assert_eq!(parse(other).status, None, "{other}");
        }
    }

    #[test]
    fn ipv6_addresses_keep_their_brackets() {
        let request = request(&Uri::from_static("https://[2001:db8::1]:8443/x"), None);
        assert!(request.starts_with(b"CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n"));
    }
}
