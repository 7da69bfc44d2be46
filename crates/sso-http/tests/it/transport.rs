//! Connections that fail.

use std::error::Error;
use std::time::Duration;

use sso_http::{
    Endpoint, HttpsClient, Portal, RequestBody, ServiceError, TimeoutPhase, Timeouts,
    TransportError,
};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::operations::{get_role_credentials, refresh};
use crate::server::{CREDENTIALS, Reply, Server, raw};

fn client_with_short_timeouts() -> HttpsClient {
    HttpsClient::builder()
        .connect_timeout(Duration::from_millis(300))
        .attempt_timeout(Duration::from_millis(300))
        .build()
        .unwrap()
}

async fn call(server: &Server) -> ServiceError {
    let portal = Portal::with_endpoint(client_with_short_timeouts(), server.endpoint());
    portal.oneshot(get_role_credentials()).await.unwrap_err()
}

fn transport(error: &ServiceError) -> &TransportError {
    let transport = error.transport().expect("no answer");
    assert_eq!(error.source().unwrap().to_string(), transport.to_string());
    assert!(
        !error.to_string().contains(&transport.to_string()),
        "the error repeats the text of its source"
    );
    assert_eq!(error.status(), None);
    transport
}

#[tokio::test]
async fn a_refused_connection_is_transient() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let endpoint =
        url.parse::<Endpoint>().unwrap().with_origin("AWS_ENDPOINT_URL in the environment");
    let portal = Portal::with_endpoint(client_with_short_timeouts(), endpoint);
    let error = portal.oneshot(get_role_credentials()).await.unwrap_err();
    assert!(matches!(transport(&error), TransportError::Connect { .. }), "{error:?}");
    assert!(error.is_transient() && !error.may_have_been_sent() && !error.is_outcome_unknown());
    assert_eq!(
        error.to_string(),
        format!(
            "GetRoleCredentials got no answer; the endpoint {url} was set by AWS_ENDPOINT_URL in \
             the environment: set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"
        )
    );
}

#[tokio::test]
async fn an_unknown_host_name_is_a_dns_error() {
    // RFC 6761: the name .invalid never resolves.
    let endpoint = "https://sso.invalid".parse::<Endpoint>().unwrap().with_origin("a test");
    let portal = Portal::with_endpoint(HttpsClient::builder().build().unwrap(), endpoint);
    let error = portal.oneshot(get_role_credentials()).await.unwrap_err();
    // On a machine without a resolver, the connect timeout may be exceeded first.
    assert!(
        matches!(transport(&error), TransportError::Dns { .. } | TransportError::Timeout { .. }),
        "{error:?}"
    );
    assert!(error.is_transient() && !error.may_have_been_sent());
}

#[tokio::test]
async fn a_connection_closed_or_reset_before_the_end_of_the_answer_is_an_error() {
    let whole = raw(200, &[], CREDENTIALS);
    let (head, part) = (whole[..20].to_vec(), whole[..whole.len() - 9].to_vec());
    for reply in [
        Reply::Close(Vec::new()),
        Reply::Reset(Vec::new()),
        Reply::Close(head.clone()),
        Reply::Reset(head),
        Reply::Close(part.clone()),
        Reply::Reset(part),
    ] {
        let server = Server::start([reply]).await;
        let error = call(&server).await;
        assert!(matches!(transport(&error), TransportError::Closed { .. }), "{error:?}");
        assert!(error.is_transient() && error.may_have_been_sent() && error.is_outcome_unknown());
        assert_eq!(server.requests().len(), 1, "only the retry layer retries");
    }
}

#[tokio::test]
async fn an_answer_that_stalls_times_out() {
    let whole = raw(200, &[], CREDENTIALS);
    for bytes in [Vec::new(), whole[..20].to_vec(), whole[..whole.len() - 9].to_vec()] {
        let error = call(&Server::start([Reply::Stall(bytes)]).await).await;
        let TransportError::Timeout { phase, limit, .. } = transport(&error) else {
            panic!("{error:?}")
        };
        assert_eq!((*phase, *limit), (TimeoutPhase::Attempt, Some(Duration::from_millis(300))));
        assert!(error.is_timeout() && error.is_transient() && error.is_outcome_unknown());
    }
}

#[tokio::test]
async fn received_bytes_do_not_restart_the_timeout() {
    let reply = Reply::Drip(raw(200, &[], CREDENTIALS), Duration::from_millis(20));
    let error = call(&Server::start([reply]).await).await;
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn a_stalled_tls_handshake_is_a_connect_timeout() {
    // The server accepts the connection and sends nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let bundle = crate::tls::Authority::new().bundle(&dir);
    let https = HttpsClient::builder()
        .ca_bundle(bundle)
        .connect_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let portal =
        Portal::with_endpoint(https, url.parse::<Endpoint>().unwrap().with_origin("a test"));
    let error = portal.oneshot(get_role_credentials()).await.unwrap_err();
    let TransportError::Timeout { phase, .. } = transport(&error) else { panic!("{error:?}") };
    assert_eq!(*phase, TimeoutPhase::Connect);
    assert!(error.is_transient() && !error.may_have_been_sent());
    drop(listener);
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_an_error() {
    let long = Reply::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n".to_vec());
    let largest = raw(200, &[], &" ".repeat(1 << 20));
    for (reply, refused) in [(Reply::Endless, true), (long, true), (Reply::Bytes(largest), false)] {
        let server = Server::start([reply]).await;
        let error = server.portal().oneshot(get_role_credentials()).await.unwrap_err();
        let too_large = matches!(error.transport(), Some(TransportError::TooLarge { .. }));
        assert_eq!(too_large, refused, "{error:?}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_an_error() {
    let error = call(&Server::start([Reply::Close(b"SSH-2.0-OpenSSH_9\r\n".to_vec())]).await).await;
    assert!(matches!(transport(&error), TransportError::NotHttp { .. }), "{error:?}");
    assert!(!error.is_transient() && error.may_have_been_sent());
}

#[tokio::test]
async fn a_closed_pooled_connection_is_replaced() {
    let closing = Reply::Close(raw(200, &[], CREDENTIALS));
    let server = Server::start([closing.clone(), closing]).await;
    let portal = server.portal();
    portal.clone().oneshot(get_role_credentials()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), async {
        while server.closed() < 1 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    portal.oneshot(get_role_credentials()).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_by_the_client() {
    let https = HttpsClient::builder().build().unwrap();
    let mut request = http::Request::new(RequestBody::empty());
    *request.uri_mut() = "http://192.0.2.1/x".parse().unwrap();
    let error = https.oneshot(request).await.unwrap_err();
    assert!(matches!(error, TransportError::Insecure { .. }) && !error.may_have_been_sent());
}

#[tokio::test]
async fn errors_of_other_libraries_are_converted() {
    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let error = ServiceError::from_boxed(Box::new(reset));
    assert!(error.is_transient() && error.is_outcome_unknown());
    let error = ServiceError::from_boxed("something".into());
    assert!(!error.is_transient() && error.is_outcome_unknown());
    let known = ServiceError::from_answer(403, "ForbiddenException", "m");
    let wrapped = std::io::Error::other(std::io::Error::other(known));
    assert!(ServiceError::from_boxed(Box::new(wrapped)).is_forbidden());

    let slow =
        tower::ServiceBuilder::new().timeout(Duration::from_millis(1)).service(tower::service_fn(
            |_: sso_http::CreateToken| std::future::pending::<Result<(), ServiceError>>(),
        ));
    let error = ServiceError::from_boxed(slow.oneshot(refresh()).await.unwrap_err());
    let Some(TransportError::Timeout { phase, .. }) = error.transport() else {
        panic!("{error:?}")
    };
    assert_eq!(*phase, TimeoutPhase::Call);
    assert!(!error.is_transient() && error.is_outcome_unknown());
    let text = error.transport().unwrap().to_string();
    assert_eq!(text, "the call took too long; check the network, or set a longer timeout");

    let slow = std::io::Error::from(std::io::ErrorKind::TimedOut);
    let error = ServiceError::from_boxed(Box::new(slow));
    assert!(error.is_timeout() && error.is_transient() && error.is_outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_layer_below_the_portal_limits_one_attempt() {
    let silent = tower::service_fn(|_: http::Request<RequestBody>| {
        std::future::pending::<Result<http::Response<RequestBody>, TransportError>>()
    });
    let https = tower::ServiceBuilder::new().timeout(Duration::from_secs(1)).service(silent);
    let oidc = sso_http::Oidc::new(https, "eu-central-1".parse().unwrap());
    let error = oidc.oneshot(refresh()).await.unwrap_err();
    assert!(error.is_timeout() && error.is_transient() && error.is_outcome_unknown(), "{error:?}");
}

#[tokio::test]
async fn timeouts_of_a_request_replace_those_of_the_client() {
    let short = Timeouts::default().attempt(Duration::from_millis(200));
    let server = Server::start([Reply::Stall(Vec::new())]).await;
    let error = server.oidc().oneshot(refresh().timeouts(short)).await.unwrap_err();
    let TransportError::Timeout { phase, limit, .. } = transport(&error) else {
        panic!("{error:?}")
    };
    assert_eq!((*phase, *limit), (TimeoutPhase::Attempt, Some(Duration::from_millis(200))));
    assert!(!error.is_connect_timeout());

    // The server accepts the connection and sends nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let oidc = sso_http::Oidc::with_endpoint(
        HttpsClient::builder().build().unwrap(),
        url.parse::<Endpoint>().unwrap().with_origin("a test"),
    );
    let short = Timeouts::default().connect(Duration::from_millis(200));
    let started = std::time::Instant::now();
    let error = oidc.oneshot(refresh().timeouts(short)).await.unwrap_err();
    let TransportError::Timeout { phase, limit, .. } = transport(&error) else {
        panic!("{error:?}")
    };
    assert_eq!((*phase, *limit), (TimeoutPhase::Connect, Some(Duration::from_millis(200))));
    assert!(error.is_connect_timeout() && !error.may_have_been_sent());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    drop(listener);
}

/// The name is resolved without a resolver or a hosts file.
#[tokio::test]
async fn localhost_is_this_machine_over_ipv4_and_ipv6() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        // A machine without IPv6 has no ::1 to listen on.
        let Ok(listener) = TcpListener::bind(address).await else { continue };
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            crate::server::read_request(&mut tcp).await.unwrap();
            let answer = raw(200, &[], CREDENTIALS);
            tokio::io::AsyncWriteExt::write_all(&mut tcp, &answer).await.unwrap();
        });
        let endpoint = url.parse::<Endpoint>().unwrap().with_origin("a test");
        let portal = Portal::with_endpoint(HttpsClient::builder().build().unwrap(), endpoint);
        portal.oneshot(get_role_credentials()).await.unwrap();
    }
}
