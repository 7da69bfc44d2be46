//! Many concurrent clients, persistent connections, and the shutdown.

use std::sync::Arc;

use sso_emulator::Emulator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::address;

const CLIENTS: usize = 256;

/// Reads one answer from a persistent connection.
async fn status(stream: &mut TcpStream) -> u16 {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "closed early");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_connections_can_be_open() {
    let emulator = Arc::new(Emulator::builder().start().await.unwrap());
    let token = emulator.login().access_token;
    let barrier = Arc::new(Barrier::new(CLIENTS));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (url, token, barrier) = (emulator.portal_url(), token.clone(), Arc::clone(&barrier));
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address(&url)).await.unwrap();
            barrier.wait().await;
            for _ in 0..3 {
                let request = format!(
                    "GET /federation/credentials?account_id=123456789012&role_name=SSOReadOnlyRole \
                     HTTP/1.1\r\nHost: {}\r\nx-amz-sso_bearer_token: {token}\r\n\r\n",
                    address(&url)
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                assert_eq!(status(&mut stream).await, 200);
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let counts = emulator.counts();
    assert_eq!(counts.connections, CLIENTS as u64);
    assert_eq!(counts.credentials_issued, 3 * CLIENTS as u64);
}

#[tokio::test]
async fn one_of_many_concurrent_refreshes_with_a_rotating_token_succeeds() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let emulator = Arc::new(emulator);
    let token = emulator.login();
    let body = serde_json::json!({
        "grantType": "refresh_token",
        "clientId": token.client_id,
        "clientSecret": token.client_secret,
        "refreshToken": token.refresh_token,
    });
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let (emulator, body) = (Arc::clone(&emulator), body.clone());
        clients.spawn(async move { crate::client::post(&emulator, "/token", &body).await.status });
    }
    let mut statuses = clients.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses[..2], [200, 400]);
    assert_eq!(emulator.live_refresh_tokens().len(), 1);
}

#[tokio::test]
async fn a_stopped_or_dropped_emulator_refuses_connections() {
    let emulator = Emulator::builder().start().await.unwrap();
    let url = emulator.portal_url();
    let mut idle = TcpStream::connect(address(&url)).await.unwrap();
    emulator.shutdown().await;
    assert!(TcpStream::connect(address(&url)).await.is_err());
    assert!(matches!(idle.read(&mut [0]).await, Ok(0) | Err(_)));
}
