//! Hostile servers, proxies and tokens. No secret is sent to another host, no invalid answer is
//! accepted, and every call ends.

use sso_http::{
    CertificateProblem, CreateToken, Endpoint, GetRoleCredentials, HttpsClient, Portal,
    ServiceErrorKind, TransportError,
};
use sso_types::{AccessToken, AccountId, ClientSecret, Environment, RefreshToken, RoleName};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::operations::{account, get_role_credentials, refresh};
use crate::server::{CREDENTIALS, Reply, Server, answer, json, raw, read_head};
use crate::tls::Authority;

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Server::start([json(200, CREDENTIALS)]).await;
    let port = elsewhere.address.port();
    for status in [301, 302, 303, 307, 308] {
        for location in [
            format!("http://127.0.0.1:{port}/federation/credentials"),
            format!("http://localhost:{port}/token"),
            format!("https://127.0.0.1:{port}/"),
            "//evil.example/".to_owned(),
            "/federation/credentials".to_owned(),
            "https://portal.sso.us-east-1.amazonaws.com/federation/credentials".to_owned(),
            String::new(),
        ] {
            let server = Server::start([answer(status, &[("location", &location)], "{}")]).await;
            let error = server.portal().oneshot(get_role_credentials()).await.unwrap_err();
            assert_eq!(error.kind(), ServiceErrorKind::Redirected, "{status} {location}");
            let error = server.oidc().oneshot(refresh()).await.unwrap_err();
            assert_eq!(error.kind(), ServiceErrorKind::Redirected, "{status} {location}");
            assert!(!error.is_transient());
            assert_eq!(server.requests().len(), 2, "each call sent one request");
        }
    }
    assert_eq!(elsewhere.connections(), 0, "no redirect was followed");
}

#[tokio::test]
async fn a_token_cannot_add_a_header() {
    let server = Server::start([json(200, CREDENTIALS)]).await;
    for token in [
        "MARK\r\nX-Evil: 1",
        "MARK\nX-Evil: 1",
        "MARK\r",
        "\nMARK",
        "MARK\0",
        "MARK\u{1b}[2J",
        "MARK\u{7f}",
        "MARK\u{85}",
        "MARK\u{fc}",
    ] {
        let request = GetRoleCredentials::new(
            AccessToken::new(token),
            account(),
            RoleName::new("ReadOnly").unwrap(),
        );
        let error = server.portal().oneshot(request).await.unwrap_err();
        assert_eq!(error.kind(), ServiceErrorKind::NotSendable, "{token:?}");
        assert!(!error.may_have_been_sent() && !error.is_transient());
        let text = format!("{error} {error:?}");
        assert!(text.contains("log in again") && !text.contains("MARK"), "{text}");
    }
    assert_eq!(server.connections(), 0);
    // In a JSON body, control characters are escaped.
    let request = CreateToken::refresh_token(
        "c\r\nX-Evil: 1",
        ClientSecret::new("s\r\n\r\n"),
        RefreshToken::new("r\"\r\nX-Evil: 1"),
    );
    server.oidc().oneshot(request).await.unwrap_err();
    let sent = &server.requests()[0];
    assert_eq!(sent.header("x-evil"), None);
    assert_eq!(sent.json()["refreshToken"], "r\"\r\nX-Evil: 1");
}

#[tokio::test]
async fn names_cannot_add_a_query_parameter_or_a_header() {
    let server = Server::start([json(200, CREDENTIALS)]).await;
    for name in ["R&account_id=9", "R#x", "R?x=1", "R/../x", "R%0d%0aX-Evil: 1", "R S", "Ü"] {
        let request = GetRoleCredentials::new(
            AccessToken::new("MARK"),
            AccountId::new("1&role_name=Admin").unwrap(),
            RoleName::new(name).unwrap(),
        );
        server.portal().oneshot(request).await.unwrap();
        let sent = server.requests().pop().unwrap();
        let (path, query) = sent.target.split_once('?').unwrap();
        assert_eq!(path, "/federation/credentials");
        let parameters: Vec<_> = query.split('&').collect();
        assert_eq!(parameters.len(), 2, "{query}");
        let own = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%=".contains(&byte);
        assert!(parameters.iter().all(|it| it.bytes().all(own)), "{query}");
        assert_eq!(sent.header("x-evil"), None);
    }
    for name in ["R\r\nX-Evil: 1", "R\nS", "R\0", "R\u{7f}"] {
        assert!(RoleName::new(name).is_err() && AccountId::new(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn compression_is_not_offered_and_not_decoded() {
    // `{}`, compressed with gzip.
    const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let mut head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n".to_vec();
    head.extend(
        format!("content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", GZIP.len()).bytes(),
    );
    let server = Server::start([Reply::Close([&head, GZIP].concat())]).await;
    let error = server.portal().oneshot(get_role_credentials()).await.unwrap_err();
    assert_eq!(error.kind(), ServiceErrorKind::Unparseable, "{error:?}");
    assert!(!error.is_transient());
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn a_head_that_is_too_long_is_an_error() {
    let endless = "x-filler: 0123456789012345678901234567890123456789\r\n".repeat(40_000);
    for head in [format!("HTTP/1.1 200 OK\r\n{endless}"), "H".repeat(2 << 20)] {
        let server = Server::start([Reply::Close(head.into_bytes())]).await;
        let error = server.portal().oneshot(get_role_credentials()).await.unwrap_err();
        assert!(error.transport().is_some() && error.status().is_none(), "{error:?}");
    }
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    for url in [
        "http://sso.example.com",
        "http://192.0.2.1",
        "http://[2001:db8::1]/x",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://2130706433.example",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://user:PASSWORD-MARK@127.0.0.1",
    ] {
        let error = url.parse::<Endpoint>().unwrap_err().with_origin("a test");
        assert!(!format!("{error} {error:?}").contains("MARK"), "{error}");
    }
    for url in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://x.example"] {
        url.parse::<Endpoint>().unwrap();
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_rejected() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let tls = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let server = Server::start_tls([json(200, CREDENTIALS)], tls).await;
    let directory = tempfile::tempdir().unwrap();
    let https = HttpsClient::builder().ca_bundle(Authority::new().bundle(&directory));
    let url = format!("https://{}", server.address);
    let endpoint = url.parse::<Endpoint>().unwrap().with_origin("a test");
    let portal = Portal::with_endpoint(https.build().unwrap(), endpoint);
    let error = portal.oneshot(get_role_credentials()).await.unwrap_err();
    let Some(TransportError::Certificate { problem, .. }) = error.transport() else {
        panic!("{error:?}")
    };
    assert_eq!(*problem, CertificateProblem::UnknownAuthority);
    assert!(server.requests().is_empty() && !error.may_have_been_sent());
}

#[tokio::test]
async fn a_proxy_that_answers_garbage_is_an_error_and_sees_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = Authority::new().bundle(&directory);
    let page = raw(200, &[], "<html>Please log in</html>");
    let open = b"HTTP/1.1 200 OK\r\n\r\n".as_slice();
    for garbage in [
        b"\0\x01\x02\xff\xfe\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
        b"HTTP/1.1 200".to_vec(),
        b"HTTP/9.9 200 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 \xff\xff\xff OK\r\n\r\n".to_vec(),
        format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(1 << 20)).into_bytes(),
        [open, b"HTTP/1.1 200 OK\r\n\r\n{}"].concat(),
        [open, &[0xff; 4096]].concat(),
        [open, CREDENTIALS.as_bytes()].concat(),
        page,
        Vec::new(),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://ana:PASSWORD-MARK@{}", listener.local_addr().unwrap());
        let sent = garbage.clone();
        let proxy = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut head = read_head(&mut tcp).await.unwrap_or_default();
            let _ = tcp.write_all(&sent).await;
            let mut more = Vec::new();
            let _ = tokio::io::AsyncReadExt::read_buf(&mut tcp, &mut more).await;
            head.push_str(&String::from_utf8_lossy(&more));
            head
        });
        let environment = Environment::from_iter([("HTTPS_PROXY", url.as_str())]);
        let environment = environment.with("AWS_CA_BUNDLE", &bundle);
        let https = HttpsClient::from_environment(&environment).unwrap();
        let endpoint = "https://portal.sso.us-east-1.amazonaws.com"
            .parse::<Endpoint>()
            .map(|it| it.with_origin("a test"));
        let portal = Portal::with_endpoint(https, endpoint.unwrap());
        let error = portal.oneshot(get_role_credentials()).await.unwrap_err();
        let shown = String::from_utf8_lossy(&garbage).chars().take(40).collect::<String>();
        assert!(error.transport().is_some() && !error.may_have_been_sent(), "{shown}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("MARK"), "{shown}: {error:?}");
        let seen = proxy.await.unwrap();
        assert!(seen.starts_with("CONNECT ") && !seen.contains("ACCESS-MARK"), "{shown}: {seen}");
    }
}
