//! Converts the response of `CreateToken` to a token, and writes it to the token file.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CachedToken, ClientRegistration, LockError, Reservation, TokenFileLock};
use sso_http::CreateTokenResponse;
use tokio::time::Instant;

use crate::LoginError;
use crate::attempt::Attempt;

/// The maximum wait for the token file's lock. Other processes hold it only to refresh or write the
/// token.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);
/// The pause between two attempts to take the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// The number of attempts to repeat the rename of the new token file, and the pause before each.
const RENAME_RETRIES: u32 = 50;
const RENAME_PAUSE: Duration = Duration::from_millis(100);

impl Attempt<'_> {
    /// Takes the token file's lock. Returns `None` if the file cannot be locked, for example
    /// because the file system has no locks.
    pub(crate) async fn lock_token_file(&self) -> Result<Option<TokenFileLock>, LoginError> {
        let start = Instant::now();
        loop {
            match self.options.token_file.try_lock() {
                Ok(Some(lock)) => return Ok(Some(lock)),
                Ok(None) if start.elapsed() >= LOCK_TIMEOUT => {
                    let path = self.options.token_file.lock_path().map_err(LoginError::Lock)?;
                    return Err(LoginError::Lock(LockError::timeout(path, start.elapsed())));
                }
                Ok(None) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(error) if error.is_unavailable() => return Ok(None),
                Err(error) => return Err(LoginError::Lock(error)),
            }
        }
    }

    /// Returns the token to write to the token file. The lifetime counts from `asked_at`, the time
    /// before the request, so that a slow response does not extend it.
    pub(crate) fn token(
        &self,
        response: &CreateTokenResponse,
        registration: &ClientRegistration,
        asked_at: Timestamp,
    ) -> CachedToken {
        let lifetime = SignedDuration::try_from(response.expires_in());
        let lifetime = lifetime.unwrap_or(SignedDuration::MAX);
        let expires_at = asked_at.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let token = CachedToken::new(response.access_token().clone(), expires_at)
            .with_start_url(self.options.session.start_url().as_str())
            .with_region(self.portal.region.as_str())
            .with_client_registration(
                registration.client_id(),
                registration.client_secret().clone(),
                Some(registration.expires_at()),
            );
        let token = match response.refresh_token() {
            Some(refresh_token) => token.with_refresh_token(refresh_token.clone()),
            None => token,
        };
        // Keep fields that other tools wrote to the file. A file that cannot be read is replaced.
        let previous = self.options.token_file.load_once().ok();
        token.replacing(previous.as_ref().map(|(token, _)| token))
    }

    /// Writes the token to the reserved space. Repeats the rename for about five seconds if another
    /// program holds the file open, which prevents a rename on Windows and SMB.
    pub(crate) async fn store(
        &self,
        reservation: Reservation,
        token: &CachedToken,
    ) -> Result<(), LoginError> {
        let Err(failed) = reservation.store(token) else { return Ok(()) };
        let (mut error, pending) = failed.into_parts();
        let Some(mut pending) = pending else { return Err(LoginError::Store(error)) };
        for _ in 0..RENAME_RETRIES {
            tokio::time::sleep(RENAME_PAUSE).await;
            match pending.try_finish() {
                Ok(_) => return Ok(()),
                Err(again) => error = again,
            }
        }
        Err(LoginError::Store(error))
    }
}
