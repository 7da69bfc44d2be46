//! What the clones of a token provider share, with its refreshes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sso_http::{CreateToken, CreateTokenResponse, RetryLayer};
use sso_types::{Clock, Region, StartUrl};

use crate::TokenError;
use crate::refresh_policy::{History, RefreshPolicy};
use crate::service::Operation;
use crate::single_flight::SingleFlight;
use crate::token_snapshot::Snapshot;
use crate::token_store::TokenStore;

pub(crate) struct Shared {
    pub(crate) store: TokenStore,
    pub(crate) policy: RefreshPolicy,
    pub(crate) oidc: Option<Operation<CreateToken, CreateTokenResponse>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lock_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) invalid_grant_wait: Duration,
    pub(crate) retry: RetryLayer,
    /// Whether failures of requests that were certainly not carried out are retried here, too.
    pub(crate) retries_certain_failures: bool,
    pub(crate) allow_unsaved_refresh: bool,
    pub(crate) region: Option<Region>,
    pub(crate) start_url: Option<StartUrl>,
    pub(crate) login_command: String,
    pub(crate) flights: SingleFlight<Refreshed>,
    pub(crate) history: Mutex<History>,
}

/// The result of a refresh, as all its callers share it.
#[derive(Debug, Clone)]
pub(crate) struct Refreshed {
    pub(crate) result: Result<Snapshot, TokenError>,
    /// Whether it was made ahead of expiry, with one attempt.
    pub(crate) ahead: bool,
}
