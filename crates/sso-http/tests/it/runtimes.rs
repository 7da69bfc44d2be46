//! One client, shared by several tokio runtimes.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use sso_http::{HttpsClient, Portal};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::operations::get_role_credentials;
use crate::server::{CREDENTIALS, Server, json};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Each thread runs its own runtime only during its calls (`block_on`).
#[test]
fn runtimes_that_share_a_client_never_wait_for_each_other() {
    const THREADS: usize = 4;
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = serving.block_on(Server::start([json(200, CREDENTIALS)]));
    let portal = server.portal();
    let turn = Barrier::new(THREADS);
    let call = |portal: &Portal<HttpsClient>, runtime: &Runtime| {
        let started = Instant::now();
        // Not unwrapped here: if a thread panicked, the others would wait at the barrier forever.
        let outcome = runtime.block_on(portal.clone().oneshot(get_role_credentials()));
        if let Err(error) = outcome {
            eprintln!("failed: {error:?}");
        }
        started.elapsed()
    };
    let longest = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|own| {
                let (portal, turn) = (&portal, &turn);
                scope.spawn(move || {
                    let runtime = current_thread();
                    let mut longest = Duration::ZERO;
                    // One after the other, so that each call finds an open connection of another
                    // runtime.
                    for other in 0..2 * THREADS {
                        if other % THREADS == own {
                            longest = longest.max(call(portal, &runtime));
                        }
                        turn.wait();
                    }
                    // All at once.
                    for _ in 0..50 {
                        longest = longest.max(call(portal, &runtime));
                    }
                    turn.wait();
                    longest
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    });
    assert_eq!(server.requests().len(), 2 * THREADS + 50 * THREADS);
    assert!(longest < Duration::from_secs(2), "the longest call took {longest:?}");
    eprintln!("the longest call took {longest:?}");
}

#[test]
fn calls_on_one_runtime_share_a_connection() {
    let runtime = current_thread();
    runtime.block_on(async {
        let server = Server::start([json(200, CREDENTIALS)]).await;
        let portal = server.portal();
        for _ in 0..5 {
            portal.clone().oneshot(get_role_credentials()).await.unwrap();
        }
        assert_eq!((server.requests().len(), server.connections()), (5, 1));
    });
}

#[test]
fn a_client_works_after_its_runtime_was_dropped() {
    let serving = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = serving.block_on(Server::start([json(200, CREDENTIALS)]));
    let portal = server.portal();
    for _ in 0..20 {
        let runtime = current_thread();
        runtime.block_on(portal.clone().oneshot(get_role_credentials())).unwrap();
    }
    assert_eq!(server.requests().len(), 20);
}
