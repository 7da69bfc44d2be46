//! Holding requests back for the portal's sake.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sso_http::{Portal, PortalLimits, RequestBody};
use tokio::time::Instant;
use tower::{Layer, ServiceExt};

use crate::operations::get_role_credentials;
use crate::server::CREDENTIALS;

/// What the portal saw: when each request began, and how many were under way at most.
struct Seen {
    begun: Vec<Instant>,
    most: usize,
}

/// Makes so many calls at once after each pause. An answer takes `answer`.
async fn calls(limits: PortalLimits, answer: Duration, bursts: &[(Duration, usize)]) -> Seen {
    let begun = Arc::<Mutex<Vec<Instant>>>::default();
    let (now, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (record, running, peak) = (Arc::clone(&begun), Arc::clone(&now), Arc::clone(&most));
    let https = tower::service_fn(move |_: http::Request<RequestBody>| {
        let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
        record.lock().unwrap().push(Instant::now());
        async move {
            peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(answer).await;
            running.fetch_sub(1, Ordering::SeqCst);
            let body = RequestBody::new(CREDENTIALS.as_bytes().to_vec());
            Ok::<_, std::convert::Infallible>(http::Response::new(body))
        }
    });
    let portal = Portal::new(limits.layer(https), "eu-central-1".parse().unwrap());
    let mut calls = Vec::new();
    for (pause, number) in bursts {
        tokio::time::sleep(*pause).await;
        for _ in 0..*number {
            calls.push(tokio::spawn(portal.clone().oneshot(get_role_credentials())));
        }
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let begun = std::mem::take(&mut *begun.lock().unwrap());
    Seen { begun, most: most.load(Ordering::SeqCst) }
}

/// The most requests that were begun within a second, wherever it begins.
fn most_in_a_second(begun: &[Instant]) -> usize {
    let second = Duration::from_secs(1);
    let within = |from: &Instant| {
        begun.iter().filter(|at| *at >= from && at.duration_since(*from) < second).count()
    };
    begun.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn no_second_holds_more_than_twenty() {
    let quick = Duration::from_millis(10);
    let pause = Duration::from_millis;
    for bursts in [
        &[(pause(0), 100)][..],
        // A list of accounts, and some time later a request for each: tower's window is open by then.
        &[(pause(0), 1), (pause(990), 60)],
        &[(pause(0), 3), (pause(240), 60)],
        &[(pause(0), 1), (pause(600), 19), (pause(400), 40)],
    ] {
        let seen = calls(PortalLimits::default(), quick, bursts).await;
        let most = most_in_a_second(&seen.begun);
        assert!((16..=20).contains(&most), "{bursts:?}: {most}");
    }
    let seen = calls(PortalLimits::default(), quick, &[(pause(0), 100)]).await;
    let took = seen.begun[99].duration_since(seen.begun[0]);
    assert!(took >= Duration::from_secs(4) && took < Duration::from_millis(6500), "{took:?}");
    assert_eq!(seen.begun[3], seen.begun[0], "the first few need not wait");
}

#[tokio::test(start_paused = true)]
async fn other_rates() {
    for allowed in [1, 2, 4, 5, 9, 10, 13, 19, 25, 50, 100] {
        let limits = PortalLimits::default().requests_per_second(allowed).concurrency(1000);
        let number = allowed as usize * 3;
        let bursts = [(Duration::ZERO, 1), (Duration::from_millis(190), number)];
        let seen = calls(limits, Duration::from_millis(1), &bursts).await;
        let most = most_in_a_second(&seen.begun);
        // A timer is good to a millisecond, so a share may come that much late.
        let least = allowed as usize * 3 / 5;
        assert!((least..=allowed as usize).contains(&most), "{allowed}: {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_at_a_time() {
    let slow = Duration::from_secs(2);
    let seen = calls(PortalLimits::default(), slow, &[(Duration::ZERO, 30)]).await;
    assert_eq!(seen.most, 10);
}
