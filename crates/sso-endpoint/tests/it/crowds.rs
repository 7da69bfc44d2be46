//! Many clients at once, some of which only hold connections open.

use std::time::{Duration, Instant};

use sso_emulator::{Emulator, TokenState};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::scene::{Scene, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_during_a_renewal_cause_one_request_to_the_portal() {
    // The renewal takes so long that every client sends a request during it.
    let emulator = Emulator::builder().latency(Duration::from_millis(200));
    let scene = Scene::with(emulator, TokenState::Valid).await;
    let first = scene.get().await.field("AccessKeyId");
    scene.emulator.reset_counts();
    scene.advance_minutes(50);
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        let (address, request) = (scene.endpoint.local_address(), scene.request());
        clients.spawn(async move {
            let mut keys = Vec::new();
            for _ in 0..20 {
                let answer = send(address, request.as_bytes()).await;
                assert_eq!(answer.status, Some(200), "{answer:?}");
                keys.push(answer.field("AccessKeyId"));
            }
            keys
        });
    }
    let keys: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    assert_eq!(keys.len(), 1000);
    assert!(keys.iter().any(|key| *key != first), "no client got the new credentials");
    assert_eq!(scene.emulator.counts().get_role_credentials, 1);
}

#[tokio::test]
async fn silent_connections_do_not_block_a_client() {
    let scene = Scene::new(TokenState::Valid).await;
    let address = scene.endpoint.local_address();
    // More connections than the endpoint allows, but fewer than the limit on the files of a
    // process.
    let mut silent = Vec::new();
    for number in 0..700 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET /devsso HTTP/1.1\r\n").await;
        }
        silent.push(stream);
    }
    for _ in 0..10 {
        let started = Instant::now();
        assert_eq!(scene.get().await.status, Some(200));
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a limit of 12,000 open files (ulimit -n)"]
async fn ten_thousand_silent_connections_do_not_block_a_client() {
    let scene = Scene::new(TokenState::Valid).await;
    let address = scene.endpoint.local_address();
    let mut silent = Vec::new();
    for _ in 0..10_000 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    for _ in 0..10 {
        let started = Instant::now();
        assert_eq!(scene.get().await.status, Some(200));
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
}
