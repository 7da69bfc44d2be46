//! Logs out: ends the session at the service and removes its files.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use sso_cache::{CacheFileError, RoleCredentialsFile, TokenFile};
use sso_http::{BoxError, Endpoint, Portal, RequestBody, ResponseBody, RetryLayer, ServiceError};
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, Service, ServiceExt as _};

use crate::start_url::Https;

/// The maximum wait for the token file's lock. After it, the file is removed without the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Logs out of one session. Ends the session at the SSO portal, then removes the token file,
/// leftover files of interrupted writes, and the files that were added with
/// [`role_credentials`](Self::role_credentials). Does not remove client registrations.
#[derive(Debug)]
pub struct Logout {
    https: Https,
    portal: Endpoint,
    token_file: TokenFile,
    role_credentials: Vec<RoleCredentialsFile>,
    retry: RetryLayer,
}

/// The result of a logout.
#[derive(Debug)]
#[non_exhaustive]
pub struct FinishedLogout {
    /// True if there was a token file.
    pub was_logged_in: bool,
    /// The error of the request to the SSO portal. If there is one, the session may still exist at
    /// the service, although the files are removed.
    pub portal_error: Option<ServiceError>,
    /// The number of cached role-credential files that were removed.
    pub removed_role_credentials: usize,
}

/// The error returned when a file could not be removed. The logout still tries to remove all other
/// files.
#[derive(Debug, Clone, thiserror::Error)]
#[error("failed to remove a file of the login; remove it by hand")]
pub struct LogoutError(#[source] Arc<CacheFileError>);

impl Logout {
    /// Returns a logout from the session in `token_file`. `portal` is the endpoint of the SSO
    /// portal.
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

    /// Adds files of cached role credentials to remove.
    #[must_use]
    pub fn role_credentials(
        mut self,
        files: impl IntoIterator<Item = RoleCredentialsFile>,
    ) -> Self {
        self.role_credentials.extend(files);
        self
    }

    /// Sets the layer that retries the request to the portal. The default is AWS's standard retry
    /// mode.
    #[must_use]
    pub fn retry_layer(mut self, retry: RetryLayer) -> Self {
        self.retry = retry;
        self
    }

    /// Logs out. If there is no token file, this still removes leftover files and cached role
    /// credentials.
    ///
    /// # Panics
    ///
    /// Panics if it is polled outside a tokio runtime with I/O and time enabled.
    pub async fn run(self) -> Result<FinishedLogout, LogoutError> {
        let portal_error = match self.token_file.load() {
            Ok(token) => {
                let portal = Portal::with_endpoint(self.https.clone(), self.portal.clone());
                let request = sso_http::Logout::new(token.access_token().clone());
                // Boxed, because rustc cannot prove that the service's own future is `Send`.
                let response: Pin<Box<dyn Future<Output = Result<(), ServiceError>> + Send>> =
                    Box::pin(self.retry.layer(portal).oneshot(request));
                response.await.err()
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

    /// Removes the token file under its lock, so that a running refresh does not write it again.
    async fn remove_token_file(&self) -> Result<bool, CacheFileError> {
        // There is nothing to remove, so do not create a lock file.
        if !self.token_file.directory().exists() {
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
