//! The state that the clones of a token provider share with its refresh tasks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sso_http::{CreateToken, CreateTokenResponse, RetryLayer};
use sso_types::{Clock, Region, StartUrl};

use crate::TokenError;
use crate::refresh_policy::{History, RefreshPolicy};
use crate::service::BoxedService;
use crate::single_flight::SingleFlight;
use crate::token_snapshot::Snapshot;
use crate::token_store::TokenStore;

pub(crate) struct TokenProviderState {
    pub(crate) store: TokenStore,
    pub(crate) policy: RefreshPolicy,
    pub(crate) oidc: Option<BoxedService<CreateToken, CreateTokenResponse>>,
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
    pub(crate) flights: SingleFlight<RefreshOutcome>,
    pub(crate) history: Mutex<History>,
}

/// The token after a refresh, or its error. If no refresh was needed, the token is that in the file.
/// All callers of the refresh share it.
#[derive(Debug, Clone)]
pub(crate) struct RefreshOutcome {
    pub(crate) result: Result<Snapshot, TokenError>,
    /// True if the refresh was made ahead of expiry, with one attempt.
    pub(crate) ahead: bool,
}
