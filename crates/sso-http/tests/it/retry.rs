//! Retries, with tokio's paused clock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sso_http::{
    BoxError, CreateToken, CreateTokenResponse, DeviceCode, RetryLayer, ServiceError, TimeoutPhase,
    TransportError,
};
use sso_types::{AccessToken, ClientSecret, ProgressEvent, ProgressObserver};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

use crate::operations::{get_role_credentials, refresh};
use crate::server::{CREDENTIALS, Reply, Server, answer, json};

/// A mock that returns these errors and then a token. Counts its calls.
fn mock<E: Send + 'static>(
    errors: Vec<E>,
) -> (
    impl Service<CreateToken, Response = CreateTokenResponse, Error = E, Future: Send> + Clone,
    Arc<AtomicUsize>,
) {
    let calls = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&calls);
    let errors = Arc::new(Mutex::new(errors.into_iter()));
    let service = tower::service_fn(move |_: CreateToken| {
        counted.fetch_add(1, Ordering::SeqCst);
        let error = errors.lock().unwrap().next();
        std::future::ready(match error {
            Some(error) => Err(error),
            None => Ok(CreateTokenResponse::new(AccessToken::new("A"), Duration::from_secs(60))),
        })
    });
    (service, calls)
}

fn status(status: u16) -> ServiceError {
    ServiceError::from_answer(status, "", "")
}

fn timeout(phase: TimeoutPhase) -> ServiceError {
    TransportError::timeout(phase).into()
}

fn closed() -> ServiceError {
    TransportError::closed("reset").into()
}

async fn attempts(layer: RetryLayer, error: ServiceError) -> usize {
    let (service, calls) = mock(vec![error; 10]);
    let outcome = layer.layer(service).oneshot(refresh()).await;
    assert!(outcome.is_err());
    calls.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn transient_errors_are_retried() {
    for (error, tries) in [
        (status(500), 3),
        (status(502), 3),
        (status(503), 3),
        (status(504), 3),
        (status(501), 1),
        (status(400), 1),
        (status(401), 1),
        (status(403), 1),
        (ServiceError::from_answer(400, "InternalServerException", ""), 3),
        (ServiceError::from_answer(400, "InvalidGrantException", ""), 1),
        (ServiceError::malformed("x"), 1),
        (timeout(TimeoutPhase::Connect), 3),
        (timeout(TimeoutPhase::Attempt), 3),
        (timeout(TimeoutPhase::Call), 1),
        (closed(), 3),
        (ServiceError::from_boxed("unknown error".into()), 1),
    ] {
        assert_eq!(attempts(RetryLayer::standard(), error.clone()).await, tries, "{error:?}");
    }
    for throttled in throttled() {
        let layer = RetryLayer::standard().max_attempts(3);
        assert_eq!(attempts(layer, throttled.clone()).await, 3, "{throttled:?}");
    }
    assert_eq!(attempts(RetryLayer::standard().max_attempts(5), status(503)).await, 5);
    assert_eq!(attempts(RetryLayer::standard().max_attempts(1), status(503)).await, 1);
    assert_eq!(attempts(RetryLayer::standard().max_attempts(0), status(503)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_have_been_processed_is_not_retried() {
    for (error, tries) in [
        (closed(), 1),
        (timeout(TimeoutPhase::Attempt), 1),
        (status(502), 1),
        (status(504), 1),
        (timeout(TimeoutPhase::Connect), 3),
        (status(429), 3),
        (status(503), 3),
    ] {
        let layer = RetryLayer::standard().max_attempts(3).retry_ambiguous(false);
        assert_eq!(attempts(layer, error.clone()).await, tries, "{error:?}");
    }
}

fn throttled() -> [ServiceError; 3] {
    [
        status(429),
        ServiceError::from_answer(400, "SlowDownException", ""),
        ServiceError::from_answer(400, "TooManyRequestsException", ""),
    ]
}

#[tokio::test(start_paused = true)]
async fn throttled_requests_are_repeated_until_the_throttle_timeout() {
    for error in throttled() {
        // Each call succeeds after more attempts than a failing service gets, and with no budget.
        let (service, calls) = mock(vec![error.clone(); 7]);
        let layer = RetryLayer::standard().budget(0, 0).throttle_timeout(Duration::from_secs(600));
        layer.layer(service).oneshot(refresh()).await.unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 8);

        let (service, calls) = mock(vec![error; 1000]);
        let started = Instant::now();
        RetryLayer::standard().layer(service).oneshot(refresh()).await.unwrap_err();
        assert!(started.elapsed() <= Duration::from_secs(60), "{:?}", started.elapsed());
        assert!(calls.load(Ordering::SeqCst) > 4);
    }
}

#[tokio::test(start_paused = true)]
async fn throttled_attempts_do_not_count_as_failures() {
    let errors = [429, 429, 429, 503, 429, 429, 503].map(status);
    let (service, calls) = mock(errors.to_vec());
    RetryLayer::standard().layer(service).oneshot(refresh()).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 8);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_device_code_poll_is_not_retried() {
    let poll =
        || CreateToken::device_code("client", ClientSecret::new("secret"), DeviceCode::new("code"));
    let pending = ServiceError::from_answer(400, "AuthorizationPendingException", "");
    for (error, tries) in
        throttled().into_iter().chain([pending]).map(|it| (it, 1)).chain([(status(503), 3)])
    {
        for layer in [RetryLayer::standard(), RetryLayer::standard().max_attempts(3)] {
            let (service, calls) = mock(vec![error.clone(); 10]);
            layer.layer(service).oneshot(poll()).await.unwrap_err();
            assert_eq!(calls.load(Ordering::SeqCst), tries, "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_the_retry_after_of_the_service_up_to_twenty_seconds() {
    for (asked, waited) in [(7, 7), (20, 20), (3600, 20)] {
        let error = status(429).with_retry_after(Duration::from_secs(asked));
        let (service, _) = mock(vec![error]);
        let started = Instant::now();
        RetryLayer::standard().layer(service).oneshot(refresh()).await.unwrap();
        let elapsed = started.elapsed();
        let waited = Duration::from_secs(waited);
        assert!(elapsed >= waited && elapsed < waited + Duration::from_millis(50), "{elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_no_wait_is_not_flooded() {
    for asked in [0, 1, 99] {
        let error = status(429).with_retry_after(Duration::from_millis(asked));
        let (service, calls) = mock(vec![error; 1000]);
        RetryLayer::standard().layer(service).oneshot(refresh()).await.unwrap_err();
        assert!(calls.load(Ordering::SeqCst) < 60, "{calls:?} in a minute");
    }
}

#[tokio::test(start_paused = true)]
async fn waits_without_retry_after_are_random_and_bounded() {
    let mut waits = Vec::new();
    for _ in 0..40 {
        let (service, _) = mock(vec![status(503); 2]);
        let started = Instant::now();
        RetryLayer::standard().layer(service).oneshot(refresh()).await.unwrap();
        waits.push(started.elapsed());
    }
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(3_010)), "{waits:?}");
    waits.sort();
    assert!(waits[39] > waits[0] + Duration::from_millis(500), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn all_calls_share_the_retry_budget() {
    let (service, calls) = mock(vec![status(503); 1000]);
    let layer = RetryLayer::standard().backoff(Duration::ZERO, Duration::ZERO);
    for _ in 0..100 {
        // Clones of the layer, and services made by them, share the budget.
        layer.clone().layer(service.clone()).oneshot(refresh()).await.unwrap_err();
    }
    assert_eq!(
        calls.load(Ordering::SeqCst),
        120,
        "100 calls, and 20 retries of all of them together"
    );
    tokio::time::advance(Duration::from_secs(11)).await;
    layer.layer(service).oneshot(refresh()).await.unwrap_err();
    assert_eq!(calls.load(Ordering::SeqCst), 123, "the budget is restored after ten seconds");
}

#[tokio::test(start_paused = true)]
async fn successful_calls_add_to_the_retry_budget() {
    let layer = RetryLayer::standard().backoff(Duration::ZERO, Duration::ZERO).budget(0, 50);
    let (service, _) = mock::<ServiceError>(Vec::new());
    for _ in 0..10 {
        layer.layer(service.clone()).oneshot(refresh()).await.unwrap();
    }
    let (failing, calls) = mock(vec![status(503); 1000]);
    for _ in 0..10 {
        layer.layer(failing.clone()).oneshot(refresh()).await.unwrap_err();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 15, "10 calls, and 5 retries");
}

#[tokio::test(start_paused = true)]
async fn boxed_errors_are_recognized() {
    let boxed: Vec<BoxError> =
        vec![Box::new(status(503)), Box::new(std::io::Error::other(status(503)))];
    let (service, calls) = mock(boxed);
    RetryLayer::standard().layer(service).oneshot(refresh()).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    let (service, calls) = mock(vec!["unknown error"]);
    RetryLayer::standard().layer(service).oneshot(refresh()).await.unwrap_err();
    assert_eq!(calls.load(Ordering::SeqCst), 1, "an unknown error is returned without a retry");
}

#[tokio::test]
async fn throttled_and_reset_requests_are_retried_over_real_sockets() {
    let throttled = answer(429, &[("x-amz-retry-after", "100")], "");
    let server = Server::start([throttled, Reply::Reset(Vec::new()), json(200, CREDENTIALS)]).await;
    let layer =
        RetryLayer::standard().backoff(Duration::from_millis(1), Duration::from_millis(150));
    let started = std::time::Instant::now();
    layer.layer(server.portal()).oneshot(get_role_credentials()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(100));
    assert_eq!(server.requests().len(), 3);
}

/// A layer, and the events that it has reported.
fn observed(layer: RetryLayer) -> (RetryLayer, Arc<Mutex<Vec<ProgressEvent>>>) {
    let events = Arc::<Mutex<Vec<_>>>::default();
    let seen = Arc::clone(&events);
    let observer = ProgressObserver::new(move |event| seen.lock().unwrap().push(event));
    (layer.progress_observer(observer), events)
}

fn reported(failed_attempts: u32) -> ProgressEvent {
    let failure = "the service answered 503".to_owned();
    let delay = Duration::from_secs(5);
    ProgressEvent::Retry { failure, failed_attempts, max_attempts: Some(3), delay }
}

#[tokio::test(start_paused = true)]
async fn each_retry_and_its_end_are_reported() {
    let busy = status(503).with_retry_after(Duration::from_secs(5));
    let (layer, events) = observed(RetryLayer::standard());
    let (service, _) = mock(vec![busy.clone(), busy.clone()]);
    layer.layer(service).oneshot(refresh()).await.unwrap();
    let expected = [reported(1), ProgressEvent::Over, reported(2), ProgressEvent::Over];
    assert_eq!(*events.lock().unwrap(), expected);

    // The call is dropped while it waits.
    let (layer, events) = observed(RetryLayer::standard());
    let call = layer.layer(mock(vec![busy]).0).oneshot(refresh());
    tokio::time::timeout(Duration::from_secs(1), call).await.unwrap_err();
    assert_eq!(*events.lock().unwrap(), [reported(1), ProgressEvent::Over]);

    let (layer, events) = observed(RetryLayer::standard().budget(0, 0));
    layer.layer(mock(vec![status(503)]).0).oneshot(refresh()).await.unwrap_err();
    assert_eq!(*events.lock().unwrap(), [], "the budget allows no retry");
}
