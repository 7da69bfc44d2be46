//! Ends a login: at the service, and in the files.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use sso_cache::{RoleCredentialsFile, StoreError, TokenFile};
use sso_http::{BoxError, Endpoint, Portal, RequestBody, ResponseBody, RetryLayer, ServiceError};
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, Service, ServiceExt as _};

use crate::start_url::Https;

/// Longest wait for the token file's lock; the file is removed without it then.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Logs out of one session: tells the SSO portal, then removes the token file, what killed writers
/// left of it, and cached role credentials. Client registrations stay.
#[derive(Debug)]
pub struct Logout {
    https: Https,
    portal: Endpoint,
    token_file: TokenFile,
    role_credentials: Vec<RoleCredentialsFile>,
    retry: RetryLayer,
}

/// What a logout found and did.
#[derive(Debug)]
#[non_exhaustive]
pub struct FinishedLogout {
    /// Whether there was a token file.
    pub was_logged_in: bool,
    /// Why the session may still exist at the service: the portal was not told, or refused. The
    /// files are removed all the same.
    pub portal_error: Option<ServiceError>,
    /// How many files of cached role credentials were removed.
    pub removed_role_credentials: usize,
}

/// A file that could not be removed; all others were.
#[derive(Debug, Clone, thiserror::Error)]
#[error("failed to remove a file of the login; remove it by hand")]
pub struct LogoutError(#[source] Arc<StoreError>);

impl Logout {
    /// A logout from the login in `token_file`, at the SSO portal's endpoint `portal`.
    pub fn new<S>(https: S, portal: Endpoint, token_file: TokenFile) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<ResponseBody>>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
    {
        Self {
            https: BoxCloneSyncService::new(https.map_err(Into::into)),
            portal,
            token_file,
            role_credentials: Vec::new(),
            retry: RetryLayer::standard(),
        }
    }

    /// Also removes these cached role credentials.
    #[must_use]
    pub fn role_credentials(
        mut self,
        files: impl IntoIterator<Item = RoleCredentialsFile>,
    ) -> Self {
        self.role_credentials.extend(files);
        self
    }

    /// Sets the retries of the request to the portal. Default: AWS's standard mode.
    #[must_use]
    pub fn retry_layer(mut self, retry: RetryLayer) -> Self {
        self.retry = retry;
        self
    }

    /// Logs out. Without a login it still removes leftovers and cached role credentials.
    ///
    /// # Panics
    ///
    /// Panics when it is polled outside a tokio runtime with I/O and time enabled.
    pub async fn run(self) -> Result<FinishedLogout, LogoutError> {
        let portal_error = match self.token_file.load() {
            Ok(token) => {
                let portal = Portal::with_endpoint(self.https.clone(), self.portal.clone());
                let request = sso_http::Logout::new(token.access_token().clone());
                // Boxed, as rustc cannot prove that the service's own future is `Send`.
                let answering: Pin<Box<dyn Future<Output = Result<(), ServiceError>> + Send>> =
                    Box::pin(self.retry.layer(portal).oneshot(request));
                answering.await.err()
            }
            Err(_) => None,
        };
        let mut failed = None;
        let mut removed_role_credentials = 0;
        for file in &self.role_credentials {
            match file.remove() {
                Ok(removed) => removed_role_credentials += usize::from(removed),
                Err(error) => failed = Some(error),
            }
        }
        let was_logged_in = self.remove_token_file().await.unwrap_or_else(|error| {
            failed = Some(error);
            true
        });
        match failed {
            Some(error) => Err(LogoutError(Arc::new(error))),
            None => Ok(FinishedLogout { was_logged_in, portal_error, removed_role_credentials }),
        }
    }

    /// Removes the token file under its lock, so that no refresh under way writes it again.
    async fn remove_token_file(&self) -> Result<bool, StoreError> {
        // Nothing to remove: a lock file should not appear for it.
        if !self.token_file.path().parent().is_some_and(std::path::Path::exists) {
            return Ok(false);
        }
        let start = Instant::now();
        loop {
            match self.token_file.try_lock() {
                Ok(Some(lock)) => return lock.remove(),
                Ok(None) if start.elapsed() < LOCK_TIMEOUT => tokio::time::sleep(LOCK_PAUSE).await,
                Ok(None) | Err(_) => return self.token_file.remove(),
            }
        }
    }
}
