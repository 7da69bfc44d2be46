//! The lock that allows one login at a time for each token file.

use std::time::Duration;

use sso_cache::{CachedToken, LoginLock};
use tokio::time::Instant;

use crate::attempt::Options;
use crate::{LoginError, LoginEvent, LoginPrompt};

/// The pause between two attempts to take the lock.
const PAUSE: Duration = Duration::from_millis(100);

/// The outcome of waiting for the login lock.
pub(crate) enum Acquired {
    /// This login must ask the user. The lock is `None` if it is unavailable, for example because
    /// the file system has no locks.
    Lock(Option<LoginLock>),
    /// Another login has finished, with this token.
    OtherToken(Box<CachedToken>),
}

/// Takes the login lock. If another login holds it, waits for that login to end. Returns its token
/// if it succeeded, or else the lock.
pub(crate) async fn acquire(
    options: &Options,
    prompt: &dyn LoginPrompt,
) -> Result<Acquired, LoginError> {
    let start = Instant::now();
    let before = options.token_file.fingerprint().map_err(LoginError::Store)?;
    let mut has_waited = false;
    loop {
        match options.token_file.try_login_lock() {
            Ok(None) => {}
            Ok(Some(lock)) if !has_waited => return Ok(Acquired::Lock(Some(lock))),
            Ok(Some(lock)) => {
                let after = options.token_file.fingerprint().map_err(LoginError::Store)?;
                let token = (after != before).then(|| options.token_file.load().ok()).flatten();
                let now = options.clock.now();
                return Ok(match token.filter(|token| !token.is_expired(now)) {
                    Some(token) => Acquired::OtherToken(Box::new(token)),
                    // The other login failed.
                    None => Acquired::Lock(Some(lock)),
                });
            }
            Err(error) if error.is_unavailable() => {
                tracing::debug!(%error, "no lock is available; logging in without one");
                return Ok(Acquired::Lock(None));
            }
            Err(error) => return Err(LoginError::Lock(error)),
        }
        if !has_waited {
            prompt.show(&LoginEvent::OtherLogin);
            has_waited = true;
        }
        if start.elapsed() >= options.timeout {
            return Err(LoginError::OtherLogin { waited: start.elapsed() });
        }
        tokio::time::sleep(PAUSE).await;
    }
}
