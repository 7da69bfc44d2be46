//! HTTP/2 where the server picks it, HTTP/1.1 where it does not.

use sso_http::{Endpoint, HttpsClient, Portal, TransportError};
use tower::ServiceExt;

use crate::operations::get_role_credentials;
use crate::server::{CREDENTIALS, Server, json, read_head};
use crate::tls::Authority;

#[tokio::test]
async fn the_server_chooses() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let bundle = authority.bundle(&directory);
    let client = || HttpsClient::builder().ca_bundle(&bundle).build().unwrap();
    let portal = |address| {
        let endpoint = Endpoint::overridden(&format!("https://{address}"), "a test").unwrap();
        Portal::with_endpoint(client(), endpoint)
    };
    let tls = |protocols: &[&[u8]]| {
        authority.server_speaking(&["127.0.0.1"], rustls::DEFAULT_VERSIONS, protocols, |_| ())
    };

    let server = Server::start_tls([json(200, CREDENTIALS)], tls(&[b"http/1.1"])).await;
    portal(server.address).oneshot(get_role_credentials()).await.unwrap();

    // A whole HTTP/2 server is beyond these tests: the preface shows that it was chosen, and the
    // closed connection that errors of HTTP/2 are told apart as those of HTTP/1.1 are.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = tls(&[b"h2"]);
    let preface = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(tcp).await.unwrap();
        read_head(&mut stream).await
    });
    let error = portal(address).oneshot(get_role_credentials()).await.unwrap_err();
    assert_eq!(preface.await.unwrap().as_deref(), Some("PRI * HTTP/2.0\r\n\r\n"));
    assert!(matches!(error.transport(), Some(TransportError::Closed { .. })), "{error:?}");
}
