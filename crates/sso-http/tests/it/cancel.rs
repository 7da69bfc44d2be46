//! Calls that are dropped.

use std::time::Duration;

use tower::{Service, ServiceExt};

use crate::operations::get_role_credentials;
use crate::server::{CREDENTIALS, Reply, Server, json};

#[tokio::test]
async fn dropping_a_call_closes_only_its_connection() {
    let server = Server::start([Reply::Stall(Vec::new()), json(200, CREDENTIALS)]).await;
    let portal = server.portal();
    let call = tokio::spawn(portal.clone().oneshot(get_role_credentials()));
    until(|| server.requests().len() == 1).await;
    call.abort();
    until(|| server.closed() == 1).await;
    portal.oneshot(get_role_credentials()).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_call_that_is_never_polled_sends_nothing() {
    let server = Server::start([json(200, CREDENTIALS)]).await;
    drop(server.portal().call(get_role_credentials()));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(server.connections(), 0);
}

async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .expect("the condition stayed false");
}
