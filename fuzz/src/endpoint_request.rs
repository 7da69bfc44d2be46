//! Requests to a credentials endpoint, as bytes: only a GET of the served path with the endpoint's `Host`
//! and token gets credentials.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use serde_json::Value;
use sso_endpoint::{AuthorizationToken, Endpoint};
use sso_provider::{CredentialsFuture, ProvideCredentials};
use sso_types::{Credentials, SecretAccessKey, SessionToken};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};

use super::Verdict;
use super::leak::assert_printable;

const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const HOST: &str = "127.0.0.1:8080";
const PATH: &str = "/devsso";
const TOKEN: &str = "MARK-token-0123456789";
const SECRET: &str = "MARK-secret-access-key";
/// The request of an SDK.
const PLAIN: &str = "GET /devsso HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\
                     Authorization: MARK-token-0123456789\r\n\r\n";

static ENDPOINT: LazyLock<(Runtime, Endpoint)> = LazyLock::new(|| {
    // The endpoint waits for the rest of an unfinished request. The paused clock jumps to the limit.
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let token = AuthorizationToken::new(TOKEN).expect("a token");
    let builder = Endpoint::builder().provider(PATH, Provider).authorization_token(token);
    let endpoint = runtime.block_on(builder.bind((Ipv4Addr::LOCALHOST, 0))).expect("an endpoint");
    (runtime, endpoint)
});

#[derive(Debug)]
struct Provider;

impl ProvideCredentials for Provider {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        let (key, token) = (SecretAccessKey::new(SECRET), SessionToken::new("session token"));
        let expires_at = "2100-01-01T00:00:00Z".parse().expect("a timestamp");
        Box::pin(async move { Ok(Credentials::new("AKID", key, token, expires_at)) })
    }
}

pub fn check(input: &[u8]) -> Verdict {
    let answer = String::from_utf8(answer(input)).expect("an answer is text");
    assert!(!answer.contains(TOKEN), "the token is in the answer: {answer:?}");
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        assert_eq!(answer, "");
        assert!(!input.starts_with(PLAIN.as_bytes()), "no answer");
        return Verdict::Refused;
    };
    assert_eq!(head.matches("HTTP/1.").count(), 1, "{head:?}");
    assert!(!body.contains("HTTP/1."), "a second answer: {body:?}");
    let status: u16 = head.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
    if status == 200 {
        assert!(may_get_credentials(input), "{:?}", String::from_utf8_lossy(input));
        assert!(body.contains(SECRET), "{body:?}");
        return Verdict::Accepted;
    }
    assert!((400..500).contains(&status), "{head:?}");
    assert!(!answer.contains(SECRET), "{answer:?}");
    assert!(!input.starts_with(PLAIN.as_bytes()), "{answer:?}");
    // The HTTP library's own errors and the answer to HEAD have no body.
    if !body.is_empty() {
        let body: Value = serde_json::from_str(body).expect("JSON");
        for name in ["code", "message", "Code", "Message"] {
            assert_printable(body[name].as_str().expect("a string"));
        }
    }
    Verdict::Refused
}

/// Sends the input to the endpoint over a stream in memory.
fn answer(input: &[u8]) -> Vec<u8> {
    let (runtime, endpoint) = &*ENDPOINT;
    let (mut client, server) = tokio::io::duplex(1024 * 1024);
    runtime.block_on(async {
        client.write_all(input).await.expect("it fits into the stream");
        endpoint.serve_stream(server, ADDRESS).await;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.expect("an open stream");
        answer
    })
}

/// Returns `true` if the input begins with a request that may get credentials. Does not use the
/// endpoint's parser.
fn may_get_credentials(input: &[u8]) -> bool {
    let lines = input.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    // RFC 9112 section 2.2: a server ignores empty lines before the request line.
    let mut lines = lines.skip_while(|line| line.is_empty());
    let request_line = lines.next().and_then(|line| str::from_utf8(line).ok()).unwrap_or_default();
    let words: Vec<_> = request_line.split(' ').collect();
    let ["GET", target, "HTTP/1.0" | "HTTP/1.1"] = words.as_slice() else { return false };
    let (mut hosts, mut tokens) = (Vec::new(), Vec::new());
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            // The empty line after the headers.
            return line.is_empty() && is_path(target) && hosts == [HOST] && tokens == [TOKEN];
        };
        let (name, value) = line.split_at(colon);
        let value = String::from_utf8_lossy(&value[1..]).trim_matches([' ', '\t']).to_owned();
        if name.eq_ignore_ascii_case(b"host") {
            hosts.push(value);
        } else if name.eq_ignore_ascii_case(b"authorization") {
            tokens.push(value);
        }
    }
    false
}

/// Returns `true` if the target, in origin form or absolute form, is the served path, with any
/// query.
fn is_path(target: &str) -> bool {
    let target = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => match rest.strip_prefix(HOST) {
            Some(rest) => rest,
            None => return false,
        },
        _ => target,
    };
    target.split(['?', '#']).next() == Some(PATH)
}
