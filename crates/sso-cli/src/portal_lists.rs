//! The parts that all lists of accounts and roles share: a portal with a limited rate, and the end by a
//! timeout or Ctrl-C.

use std::time::Duration;

use sso_http::{HttpsClient, Paced, PacingLayer, Portal, RetryLayer};
use sso_provider::ProfileProviders;
use tower::Layer;

use crate::failure::Failure;

/// The number of entries per page: the maximum in the service's model.
pub(crate) const PAGE: u32 = 100;

pub(crate) type PacedPortal = <RetryLayer as Layer<Paced<Portal<HttpsClient>>>>::Service;

/// Returns the portal of `providers` with retries and a limited rate. The service sends fewer requests
/// per second when the portal throttles.
pub(crate) fn portal(providers: &ProfileProviders) -> PacedPortal {
    let pacing = PacingLayer::new().progress_observer(providers.progress_observer().clone());
    providers.retry_layer().layer(pacing.layer(providers.portal().clone()))
}

/// Runs `list` until it ends, the timeout (if there is one) is exceeded, or the user presses Ctrl-C.
pub(crate) async fn run_list(
    limit: Option<Duration>,
    list: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let limited = async {
        match limit {
            None => list.await,
            Some(limit) => {
                let done = tokio::time::timeout(limit, list).await;
                done.unwrap_or(Err(Failure::ListTimeout { limit }))
            }
        }
    };
    tokio::select! {
        done = limited => done,
        // If no handler can be installed, the signal ends the process as usual.
        Ok(()) = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
    }
}
