//! Holding requests back for the portal's sake.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sso_http::{Portal, PortalLimits, RequestBody};
use tokio::time::Instant;
use tower::{Layer, ServiceExt};

use crate::operations::get_role_credentials;
use crate::server::CREDENTIALS;

#[tokio::test(start_paused = true)]
async fn twenty_a_second_and_ten_at_a_time() {
    let (now, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (running, peak) = (Arc::clone(&now), Arc::clone(&most));
    let https = tower::service_fn(move |_: http::Request<RequestBody>| {
        let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
        async move {
            peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            let body = RequestBody::new(CREDENTIALS.as_bytes().to_vec());
            Ok::<_, std::convert::Infallible>(http::Response::new(body))
        }
    });
    let portal = Portal::new(PortalLimits::default().layer(https), "eu-central-1".parse().unwrap());
    let started = Instant::now();
    let calls: Vec<_> =
        (0..100).map(|_| tokio::spawn(portal.clone().oneshot(get_role_credentials()))).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let elapsed = started.elapsed();
    assert!(elapsed >= Duration::from_secs(4) && elapsed < Duration::from_secs(6), "{elapsed:?}");
    assert_eq!(most.load(Ordering::SeqCst), 10);
}
