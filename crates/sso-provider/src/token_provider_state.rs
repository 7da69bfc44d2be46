//! The state that the clones of a token provider share with its refresh tasks.

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
    /// True if a refresh also retries requests that the service certainly did not carry out.
    /// Otherwise they are left to a retry layer over the service.
    pub(crate) retries_unexecuted: bool,
    pub(crate) allow_unsaved_refresh: bool,
    pub(crate) region: Option<Region>,
    pub(crate) start_url: Option<StartUrl>,
    pub(crate) login_command: String,
    pub(crate) flights: SingleFlight<Refreshed>,
    pub(crate) history: Mutex<History>,
}

/// The result of a refresh, shared by all its callers.
#[derive(Debug, Clone)]
pub(crate) struct Refreshed {
    pub(crate) result: Result<Snapshot, TokenError>,
    /// True if the refresh was made ahead of expiry, with one attempt.
    pub(crate) ahead: bool,
}
