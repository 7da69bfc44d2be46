//! Lists the accounts of a login through a custom tower layer, which numbers each HTTP request and
//! counts the responses by status.
//!
//! Everything runs on this machine: the services are emulated, and throttle the first request. Run it
//! with `cargo run -p sso-provider --example own_layer`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response};
use sso_emulator::{Emulator, ErrorName, Operation, TokenState};
use sso_provider::ProfileProviders;
use sso_provider::http::{ListAccounts, PagedOperation as _, Portal};
use tower::{Layer, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().start().await?;
    let directory = tempfile::tempdir()?;
    let home = emulator.write_home(directory.path(), TokenState::Valid)?;
    let providers = ProfileProviders::builder()
        .environment(home.environment.into_iter().collect())
        .profile(home.profile)
        .build()?;

    // The retry layer wraps the counting layer, so that each attempt is numbered and counted.
    let statuses = Statuses::default();
    let https = CountLayer(statuses.clone()).layer(providers.https_client().clone());
    let portal = Portal::with_endpoint(https, providers.portal().endpoint().clone());
    let portal = providers.retry_layer().layer(portal);

    emulator.fault_next(Operation::ListAccounts, 1, ErrorName::TooManyRequests);
    let token = providers.token_provider().retrieve_bearer_token().await?;
    let mut pages = ListAccounts::new(token.access_token().clone()).pages(portal);
    while let Some(page) = pages.next_page().await {
        for account in page?.account_list {
            println!("{} {}", account.account_id, account.account_name.unwrap_or_default());
        }
    }
    println!("answers by status: {:?}", statuses.lock());
    Ok(())
}

/// The number of responses with each status.
#[derive(Debug, Clone, Default)]
struct Statuses(Arc<Mutex<BTreeMap<u16, u32>>>);

impl Statuses {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u16, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A layer that wraps a service in [`Count`].
#[derive(Debug, Clone)]
struct CountLayer(Statuses);

impl<S> Layer<S> for CountLayer {
    type Service = Count<S>;

    fn layer(&self, inner: S) -> Count<S> {
        Count { inner, statuses: self.0.clone() }
    }
}

/// An HTTP client that numbers requests and counts answers.
#[derive(Debug, Clone)]
struct Count<S> {
    inner: S,
    statuses: Statuses,
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for Count<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let number: u32 = self.statuses.lock().values().sum();
        request.headers_mut().insert("x-request-number", HeaderValue::from(number + 1));
        let (answer, statuses) = (self.inner.call(request), self.statuses.clone());
        Box::pin(async move {
            let response = answer.await?;
            *statuses.lock().entry(response.status().as_u16()).or_default() += 1;
            Ok(response)
        })
    }
}
