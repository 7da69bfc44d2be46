//! Long lists from a portal that throttles, with tokio's paused clock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sso_http::{
    AccountInfo, AllRoles, ListAccountRoles, ListAccountRolesResponse, ListAccounts,
    ListAccountsResponse, PacingLayer, RequestBody, RetryLayer, RoleInfo, RolesEvent, ServiceError,
};
use sso_types::{AccountId, RoleName};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

use crate::operations::{get_role_credentials, token};
use crate::server::CREDENTIALS;

/// A limit on the requests per second of all clients together: a token bucket.
#[derive(Clone)]
struct Throttling {
    rate: f64,
    bucket: Arc<Mutex<(f64, Instant)>>,
    latency: Duration,
    under_way: Arc<AtomicUsize>,
    most_under_way: Arc<AtomicUsize>,
    throttled: Arc<AtomicUsize>,
}

impl Throttling {
    fn new(rate: u32) -> Self {
        Self {
            rate: rate.into(),
            bucket: Arc::new(Mutex::new((rate.into(), Instant::now()))),
            latency: Duration::from_millis(80),
            under_way: Arc::default(),
            most_under_way: Arc::default(),
            throttled: Arc::default(),
        }
    }

    fn admits(&self) -> bool {
        let mut bucket = self.bucket.lock().unwrap();
        let now = Instant::now();
        let refilled = bucket.0 + now.duration_since(bucket.1).as_secs_f64() * self.rate;
        *bucket = (refilled.min(self.rate), now);
        let admits = bucket.0 >= 1.0;
        if admits {
            bucket.0 -= 1.0;
        } else {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        }
        admits
    }

    async fn answer<T>(self, answer: T) -> Result<T, ServiceError> {
        let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_under_way.fetch_max(now, Ordering::Relaxed);
        tokio::time::sleep(self.latency).await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        if self.admits() {
            Ok(answer)
        } else {
            Err(ServiceError::from_answer(429, "TooManyRequestsException", "HTTP 429 Unknown Code"))
        }
    }
}

/// Accounts in two pages, each account with one role; `forbidden` is refused.
#[derive(Clone)]
struct Portal {
    throttling: Throttling,
    accounts: usize,
    forbidden: Option<AccountId>,
}

fn account_id(number: usize) -> AccountId {
    AccountId::new(format!("{:012}", 100_000_000_000 + number)).unwrap()
}

type Future<T> =
    std::pin::Pin<Box<dyn std::future::Future<Output = Result<T, ServiceError>> + Send>>;

impl Service<ListAccounts> for Portal {
    type Response = ListAccountsResponse;
    type Error = ServiceError;
    type Future = Future<ListAccountsResponse>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), ServiceError>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ListAccounts) -> Self::Future {
        // A mock can see the token of a page only in the Debug output.
        let second = format!("{request:?}").contains("second");
        let half = self.accounts / 2;
        let range = if second { half..self.accounts } else { 0..half };
        let accounts = range.map(|it| AccountInfo::new(account_id(it), None, None)).collect();
        let next = (!second).then(|| "second".to_owned());
        Box::pin(self.throttling.clone().answer(ListAccountsResponse::new(accounts, next)))
    }
}

impl Service<ListAccountRoles> for Portal {
    type Response = ListAccountRolesResponse;
    type Error = ServiceError;
    type Future = Future<ListAccountRolesResponse>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), ServiceError>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ListAccountRoles) -> Self::Future {
        let shown = format!("{request:?}");
        if self.forbidden.as_ref().is_some_and(|it| shown.contains(it.as_str())) {
            let error = ServiceError::from_answer(403, "ForbiddenException", "No access");
            return Box::pin(std::future::ready(Err(error)));
        }
        let role = RoleInfo::new(RoleName::new("ReadOnly").unwrap(), account_id(0));
        Box::pin(self.throttling.clone().answer(ListAccountRolesResponse::new(vec![role], None)))
    }
}

/// The result of one client: the number of roles of each account, and the errors.
type Listed = (BTreeMap<AccountId, usize>, Vec<ServiceError>);

async fn list(portal: Portal) -> Listed {
    let paced = PacingLayer::new().layer(portal);
    let mut all = AllRoles::new(RetryLayer::standard().layer(paced), token());
    let (mut announced, mut listed, mut errors) = (0, BTreeMap::new(), Vec::new());
    while let Some(event) = all.next_event().await {
        match event {
            Ok(RolesEvent::Accounts { accounts, .. }) => announced += accounts.len(),
            Ok(RolesEvent::Roles { account, roles, .. }) => {
                assert_eq!(listed.insert(account.account_id, roles.len()), None);
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => errors.push(error),
        }
    }
    assert_eq!(announced, listed.len() + errors.len());
    (listed, errors)
}

#[tokio::test(start_paused = true)]
async fn three_clients_share_20_requests_per_second_to_list_665_accounts() {
    let throttling = Throttling::new(20);
    let portal = Portal { throttling: throttling.clone(), accounts: 665, forbidden: None };
    let started = Instant::now();
    let clients: Vec<_> = (0..3).map(|_| tokio::spawn(list(portal.clone()))).collect();
    for client in clients {
        let (listed, errors) = client.await.unwrap();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(listed.len(), 665);
        assert!(listed.values().all(|roles| *roles == 1));
    }
    let (took, throttled) = (started.elapsed(), throttling.throttled.load(Ordering::Relaxed));
    eprintln!("{took:?}, {throttled} throttled");
    // 2001 requests at 20 a second take 100 s.
    assert!(took < Duration::from_secs(200), "the clients do not use the whole quota: {took:?}");
    assert!(throttled < 600, "the clients do not slow down: {throttled} requests were throttled");
}

#[tokio::test(start_paused = true)]
async fn one_client_is_not_throttled_at_the_default_rate() {
    let throttling = Throttling::new(20);
    let portal = Portal { throttling: throttling.clone(), accounts: 300, forbidden: None };
    let started = Instant::now();
    let (listed, _) = list(portal).await;
    assert_eq!(listed.len(), 300);
    assert_eq!(throttling.throttled.load(Ordering::Relaxed), 0);
    assert!((19..=25).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert!(throttling.most_under_way.load(Ordering::Relaxed) <= 11);
}

#[tokio::test(start_paused = true)]
async fn no_more_accounts_than_configured_are_listed_at_the_same_time() {
    let throttling = Throttling::new(1000);
    let portal = Portal { throttling: throttling.clone(), accounts: 40, forbidden: None };
    let mut all = AllRoles::new(portal, token()).concurrency(3);
    while let Some(event) = all.next_event().await {
        event.unwrap();
    }
    // The roles of three accounts, and the second page of the accounts.
    assert_eq!(throttling.most_under_way.load(Ordering::Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_one_account_does_not_affect_the_others() {
    let forbidden = Some(account_id(3));
    let portal = Portal { throttling: Throttling::new(20), accounts: 20, forbidden };
    let (listed, errors) = list(portal).await;
    assert_eq!((listed.len(), errors.len()), (19, 1));
    assert_eq!(errors[0].account_id(), Some(&account_id(3)));
    assert!(errors[0].is_forbidden());
}

#[tokio::test(start_paused = true)]
async fn the_rate_falls_while_every_request_is_throttled() {
    let throttling = Throttling::new(0);
    let portal = Portal { throttling: throttling.clone(), accounts: 10, forbidden: None };
    let mut all = AllRoles::new(PacingLayer::new().layer(portal), token());
    tokio::time::timeout(Duration::from_secs(600), all.next_event()).await.unwrap_err();
    let requests = throttling.throttled.load(Ordering::Relaxed);
    assert!((150..330).contains(&requests), "{requests}");
}

/// Simulates 60 processes that make one call each.
#[tokio::test(start_paused = true)]
async fn sixty_concurrent_calls_succeed_with_retries() {
    let throttling = Throttling::new(20);
    let https = {
        let throttling = throttling.clone();
        tower::service_fn(move |_: http::Request<RequestBody>| {
            let throttling = throttling.clone();
            async move {
                let mut response =
                    http::Response::new(RequestBody::new(CREDENTIALS.as_bytes().to_vec()));
                if throttling.answer(()).await.is_err() {
                    *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
                }
                Ok::<_, std::convert::Infallible>(response)
            }
        })
    };
    let started = Instant::now();
    let calls: Vec<_> = (0..60)
        .map(|_| {
            let portal = sso_http::Portal::new(https.clone(), "eu-central-1".parse().unwrap());
            tokio::spawn(RetryLayer::standard().layer(portal).oneshot(get_role_credentials()))
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    eprintln!("{:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(50), "{:?}", started.elapsed());
}
