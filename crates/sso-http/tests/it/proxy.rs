//! Requests through a proxy, and requests that bypass it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use expect_test::expect;
use sso_http::{
    BuildError, Endpoint, HttpsClient, Portal, ProxyProblem, ServiceError, TransportError,
};
use sso_types::Environment;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::operations::get_role_credentials;
use crate::server::{CREDENTIALS, Connection, Server, json, read_head};
use crate::tls::Authority;

/// A name that only the proxy can reach.
const SERVICE: &str = "https://portal.sso.us-east-1.amazonaws.com";

/// A proxy that connects every tunnel to the same address.
struct ConnectProxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    async fn start(target: SocketAddr, answer: &'static str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (recorded, tls) = (Arc::clone(&recorded), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => tunnel(tcp, target, answer, &recorded).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(tcp).await {
                                tunnel(stream, target, answer, &recorded).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn tunnel(
    mut client: impl Connection,
    target: SocketAddr,
    answer: &str,
    heads: &Mutex<Vec<String>>,
) {
    let Some(head) = read_head(&mut client).await else { return };
    heads.lock().unwrap().push(head);
    client.write_all(answer.as_bytes()).await.unwrap();
    if answer.contains(" 200 ") {
        let mut server = TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

struct Scene {
    directory: tempfile::TempDir,
    authority: Authority,
    service: Server,
}

impl Scene {
    async fn new() -> Self {
        let authority = Authority::new();
        let tls = authority.server(&["portal.sso.us-east-1.amazonaws.com"]);
        Self {
            directory: tempfile::tempdir().unwrap(),
            service: Server::start_tls([json(200, CREDENTIALS)], tls).await,
            authority,
        }
    }

    async fn call(&self, variables: &[(&str, &str)]) -> Result<(), ServiceError> {
        let environment: Environment = variables.iter().copied().collect();
        let environment = environment.with("AWS_CA_BUNDLE", self.authority.bundle(&self.directory));
        let https = HttpsClient::from_environment(&environment).unwrap();
        let endpoint = SERVICE.parse::<Endpoint>().unwrap().with_origin("a test");
        Portal::with_endpoint(https, endpoint).oneshot(get_role_credentials()).await.map(drop)
    }
}

const OPEN: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

#[tokio::test]
async fn a_tunnel_is_opened_with_and_without_credentials() {
    let scene = Scene::new().await;
    let proxy = ConnectProxy::start(scene.service.address, OPEN, None).await;
    scene.call(&[("HTTPS_PROXY", &format!("http://{}", proxy.address))]).await.unwrap();
    let with = format!("http://ana:p%40ss@{}", proxy.address);
    scene.call(&[("https_proxy", &with)]).await.unwrap();
    let environment = Environment::from_iter([("https_proxy", &with)]);
    let shown = format!("{:?}", HttpsClient::from_environment(&environment).unwrap());
    assert!(shown.contains(&proxy.address.to_string()), "{shown}");
    assert!(!["ana", "ss@", "YW5h"].iter().any(|secret| shown.contains(secret)), "{shown}");
    let heads = proxy.heads();
    let connect = "CONNECT portal.sso.us-east-1.amazonaws.com:443 HTTP/1.1\r\n";
    assert!(heads.iter().all(|head| head.starts_with(connect)), "{heads:?}");
    assert!(!heads[0].contains("Authorization"), "{}", heads[0]);
    // "ana:p@ss"
    assert!(heads[1].contains("Proxy-Authorization: Basic YW5hOnBAc3M=\r\n"), "{}", heads[1]);
    let requests = scene.service.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.header("proxy-authorization").is_none()));
    assert!(
        heads.iter().all(|head| !head.contains("ACCESS-MARK")),
        "the proxy does not get the token"
    );
}

#[tokio::test]
async fn an_https_proxy_is_reached_over_tls() {
    let scene = Scene::new().await;
    let tls = scene.authority.server(&["127.0.0.1"]);
    let proxy = ConnectProxy::start(scene.service.address, OPEN, Some(tls)).await;
    scene.call(&[("ALL_PROXY", &format!("https://{}", proxy.address))]).await.unwrap();
    assert_eq!((proxy.heads().len(), scene.service.requests().len()), (1, 1));

    let tls = Authority::new().server(&["127.0.0.1"]);
    let untrusted = ConnectProxy::start(scene.service.address, OPEN, Some(tls)).await;
    let url = format!("https://{}", untrusted.address);
    let error = scene.call(&[("ALL_PROXY", &url)]).await.unwrap_err();
    assert_eq!(problem(&error), ProxyProblem::Untrusted);
}

fn problem(error: &ServiceError) -> ProxyProblem {
    let Some(TransportError::Proxy { problem, .. }) = error.transport() else {
        panic!("{error:?}")
    };
    assert!(!error.may_have_been_sent());
    *problem
}

#[tokio::test]
async fn each_refusal_of_a_proxy_is_its_own_error() {
    let scene = Scene::new().await;
    for (answer, expected) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ProxyProblem::CredentialsRejected),
        (
            "HTTP/1.1 407 Authentication\r\nProxy-Authenticate: Basic realm=\"a\"\r\n\r\n",
            ProxyProblem::CredentialsRejected,
        ),
        (
            "HTTP/1.1 407 Authentication\r\nProxy-Authenticate: NTLM\r\n\
             Proxy-Authenticate: Negotiate\r\n\r\n",
            ProxyProblem::UnsupportedAuthentication,
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", ProxyProblem::TunnelRefused),
        ("HTTP/1.1 501 Not Implemented\r\n\r\n", ProxyProblem::TunnelRefused),
        ("HTTP/1.1 429 Too Many Requests\r\n\r\n", ProxyProblem::Unavailable),
        ("HTTP/1.1 500 Internal Server Error\r\n\r\n", ProxyProblem::Unavailable),
        ("HTTP/1.0 502 Bad Gateway\r\n\r\n", ProxyProblem::Unavailable),
        ("HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n<html>", ProxyProblem::Unavailable),
        ("HTTP/1.1 504 Gateway Timeout\r\n\r\n", ProxyProblem::Unavailable),
        ("", ProxyProblem::Closed),
        ("HTTP/1.1 503 Serv", ProxyProblem::Closed),
    ] {
        let proxy = ConnectProxy::start(scene.service.address, answer, None).await;
        let url = format!("http://ana:PASSWORD-MARK@{}", proxy.address);
        let error = scene.call(&[("HTTPS_PROXY", &url)]).await.unwrap_err();
        assert_eq!(problem(&error), expected, "{answer}");
        // The same statuses of a service are transient, and so is a closed connection.
        let transient = [ProxyProblem::Closed, ProxyProblem::Unavailable].contains(&expected);
        assert_eq!(error.is_transient(), transient, "{answer}");
        let text = error.transport().unwrap().to_string();
        assert!(
            text.contains("HTTPS_PROXY") && text.contains(&proxy.address.to_string()),
            "{text}"
        );
        assert!(!format!("{text} {error:?}").contains("MARK"));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = scene.call(&[("HTTPS_PROXY", &url)]).await.unwrap_err();
    assert_eq!(problem(&error), ProxyProblem::Unreachable);
    assert!(error.is_transient());
    assert!(scene.service.requests().is_empty());
}

/// Each error names the proxy, the variable that set it, and the remedy.
#[tokio::test]
async fn errors_of_a_proxy_contain_the_remedy() {
    let scene = Scene::new().await;
    for (answer, expected) in [
        (
            "HTTP/1.1 407 Authentication\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
            expect![
                "the proxy http://PROXY (set by HTTPS_PROXY) requires a user name and password (HTTP 407); put them into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT"
            ],
        ),
        (
            "HTTP/1.1 407 Authentication\r\nProxy-Authenticate: NTLM\r\n\r\n",
            expect![
                "the proxy http://PROXY (set by HTTPS_PROXY) offers no Basic authentication, only schemes that are not supported, such as NTLM (HTTP 407); run a local proxy that supports them (px or cntlm), and set HTTPS_PROXY to its URL"
            ],
        ),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\n",
            expect![
                "the proxy http://PROXY (set by HTTPS_PROXY) refused a tunnel to portal.sso.us-east-1.amazonaws.com (HTTP 403); ask its administrator to allow that host"
            ],
        ),
        (
            "HTTP/1.1 503 Busy\r\n\r\n",
            expect![
                "the proxy http://PROXY (set by HTTPS_PROXY) cannot open a tunnel to portal.sso.us-east-1.amazonaws.com at the moment (HTTP 503); try again later"
            ],
        ),
        (
            "",
            expect![
                "the proxy http://PROXY (set by HTTPS_PROXY) closed the connection before it opened a tunnel to portal.sso.us-east-1.amazonaws.com; ask its administrator to allow that host"
            ],
        ),
    ] {
        let proxy = ConnectProxy::start(scene.service.address, answer, None).await;
        let url = format!("http://{}", proxy.address);
        let error = scene.call(&[("HTTPS_PROXY", &url)]).await.unwrap_err();
        let text = error.transport().unwrap().to_string();
        expected.assert_eq(&text.replace(&proxy.address.to_string(), "PROXY"));
        assert_eq!(text.contains("try again"), answer.contains("503"), "{text}");
        assert_eq!(error.is_transient(), answer.contains("503") || answer.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn a_connect_timeout_names_the_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://ana:MARK@{}", listener.local_addr().unwrap());
    let environment = Environment::from_iter([("HTTPS_PROXY", &url)]);
    let https = HttpsClient::builder().proxies_from(&environment);
    let https = https.connect_timeout(std::time::Duration::from_millis(200)).build().unwrap();
    let endpoint = SERVICE.parse::<Endpoint>().unwrap().with_origin("a test");
    let portal = Portal::with_endpoint(https, endpoint);
    let error = portal.oneshot(get_role_credentials()).await.unwrap_err();
    assert!(error.is_connect_timeout() && error.is_transient());
    let text = error.transport().unwrap().to_string();
    let address = listener.local_addr().unwrap().to_string();
    expect!["connecting through the proxy http://PROXY (set by HTTPS_PROXY) took longer than 0.2 s; check the proxy, or set a longer connect_timeout"].assert_eq(&text.replace(&address, "PROXY"));
}

#[tokio::test]
async fn the_answer_of_a_proxy_may_arrive_in_pieces() {
    let scene = Scene::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        read_head(&mut tcp).await.unwrap();
        for byte in b"HTTP/1.1 407 A\r\nProxy-Authenticate: NTLM\r\n\r\n" {
            tcp.write_all(&[*byte]).await.unwrap();
            tcp.flush().await.unwrap();
        }
    });
    let error = scene.call(&[("HTTPS_PROXY", &url)]).await.unwrap_err();
    assert_eq!(problem(&error), ProxyProblem::UnsupportedAuthentication);
}

#[tokio::test]
async fn an_https_proxy_that_closes_the_connection_during_the_handshake_is_transient() {
    let scene = Scene::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let error = scene.call(&[("HTTPS_PROXY", &url)]).await.unwrap_err();
    assert_eq!(problem(&error), ProxyProblem::Closed);
    assert!(error.is_transient());
}

#[tokio::test]
async fn hosts_in_no_proxy_are_reached_directly() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let bundle = authority.bundle(&directory);
    let service =
        Server::start_tls([json(200, CREDENTIALS)], authority.server(&["127.0.0.1"])).await;
    let proxy = ConnectProxy::start(service.address, OPEN, None).await;
    let port = format!("127.0.0.1:{}", service.address.port());
    for (no_proxy, tunnels) in [
        ("", 1),
        ("example.com,10.0.0.0/8", 2),
        ("127.0.0.1:1", 3),
        ("127.0.0.1", 3),
        ("127.0.0.0/8", 3),
        (&port, 3),
        ("*", 3),
    ] {
        let environment = Environment::default()
            .with("AWS_CA_BUNDLE", &bundle)
            .with("HTTPS_PROXY", format!("http://{}", proxy.address))
            .with("NO_PROXY", no_proxy);
        let https = HttpsClient::from_environment(&environment).unwrap();
        let endpoint = format!("https://{}", service.address)
            .parse::<Endpoint>()
            .unwrap()
            .with_origin("a test");
        let portal = Portal::with_endpoint(https, endpoint);
        portal.oneshot(get_role_credentials()).await.unwrap();
        assert_eq!(proxy.heads().len(), tunnels, "{no_proxy}");
    }
}

#[tokio::test]
async fn plain_http_to_this_machine_never_uses_a_proxy() {
    let service = Server::start([json(200, CREDENTIALS)]).await;
    let proxy = Server::start([json(200, CREDENTIALS)]).await;
    for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        let url = format!("http://ana:pw@{}", proxy.address);
        let https = HttpsClient::from_environment(&Environment::from_iter([(variable, url)]));
        let portal = Portal::with_endpoint(https.unwrap(), service.endpoint());
        portal.oneshot(get_role_credentials()).await.unwrap();
    }
    assert_eq!((service.requests().len(), proxy.connections()), (4, 0));
}

#[test]
fn an_invalid_proxy_url_is_an_error() {
    let environment = Environment::from_iter([("HTTPS_PROXY", "http://us er:MARK@proxy")]);
    let error = HttpsClient::from_environment(&environment).unwrap_err();
    assert!(matches!(error, BuildError::Proxy { variable: "HTTPS_PROXY", .. }));
    assert!(!error.to_string().contains("MARK"), "{error}");
}
