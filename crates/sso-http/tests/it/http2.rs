//! HTTP/2 if the server selects it, otherwise HTTP/1.1.

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sso_http::{Endpoint, HttpsClient, Portal, RequestBody, TransportError};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::operations::get_role_credentials;
use crate::server::{CREDENTIALS, Server, json, read_head};
use crate::tls::Authority;

#[tokio::test]
async fn the_server_chooses_between_http1_and_http2() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let bundle = authority.bundle(&directory);
    let client = || HttpsClient::builder().ca_bundle(&bundle).build().unwrap();
    let portal = |address| {
        let endpoint =
            format!("https://{address}").parse::<Endpoint>().unwrap().with_origin("a test");
        Portal::with_endpoint(client(), endpoint)
    };
    let tls = |protocols: &[&[u8]]| {
        authority.server_speaking(&["127.0.0.1"], rustls::DEFAULT_VERSIONS, protocols, |_| ())
    };

    let server = Server::start_tls([json(200, CREDENTIALS)], tls(&[b"http/1.1"])).await;
    portal(server.address).oneshot(get_role_credentials()).await.unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = tls(&[b"h2", b"http/1.1"]);
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let stream = TokioIo::new(acceptor.accept(tcp).await.unwrap());
        let service = service_fn(async |request: http::Request<hyper::body::Incoming>| {
            assert_eq!(request.version(), http::Version::HTTP_2);
            assert_eq!(request.headers()["x-amz-sso_bearer_token"], "ACCESS-MARK");
            let answer = RequestBody::new(CREDENTIALS.as_bytes().to_vec());
            Ok::<_, std::convert::Infallible>(http::Response::new(answer))
        });
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
    });
    let portal = portal(address);
    let calls: Vec<_> =
        (0..3).map(|_| tokio::spawn(portal.clone().oneshot(get_role_credentials()))).collect();
    for call in calls {
        // The server accepts only one connection, so the calls share it.
        assert_eq!(call.await.unwrap().unwrap().access_key_id(), "AKID");
    }
}

#[tokio::test]
async fn a_closed_http2_connection_is_a_transport_error() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let https = HttpsClient::builder().ca_bundle(authority.bundle(&directory)).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let endpoint = endpoint.parse::<Endpoint>().unwrap().with_origin("a test");
    let acceptor =
        authority.server_speaking(&["127.0.0.1"], rustls::DEFAULT_VERSIONS, &[b"h2"], |_| ());
    let preface = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(tcp).await.unwrap();
        read_head(&mut stream).await
    });
    let portal = Portal::with_endpoint(https, endpoint);
    let error = portal.oneshot(get_role_credentials()).await.unwrap_err();
    assert_eq!(preface.await.unwrap().as_deref(), Some("PRI * HTTP/2.0\r\n\r\n"));
    assert!(matches!(error.transport(), Some(TransportError::Closed { .. })), "{error:?}");
}
