//! The search for a token of another session, for an error message or instead of a missing token file.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sso_cache::{Fingerprint, NearMiss, TokenFile};
use sso_types::StartUrl;

/// The time for which a result is used if the directory does not change. Another tool may write a
/// token file in place, which does not change the directory.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// The last search of the directory.
#[derive(Debug, Default)]
pub(crate) struct OtherSessions(Mutex<Option<Search>>);

#[derive(Debug)]
struct Search {
    at: Timestamp,
    /// The version of the directory.
    version: Fingerprint,
    found: Option<NearMiss>,
}

impl OtherSessions {
    /// Searches the directory of the missing `file` for another token. Returns the result of the last
    /// search if it is recent and the directory has not changed since.
    pub(crate) async fn find(
        &self,
        file: &TokenFile,
        start_url: &StartUrl,
        now: Timestamp,
    ) -> Option<NearMiss> {
        // A directory has a fingerprint as a file has: its metadata change with its entries.
        let version = TokenFile::new(file.directory()).fingerprint().ok().flatten()?;
        if let Some(last) = &*self.last()
            && last.version == version
            && (SignedDuration::ZERO..PAUSE).contains(&now.duration_since(last.at))
        {
            return last.found.clone().filter(|found| now < found.expires_at);
        }
        let (file, start_url) = (file.clone(), start_url.clone());
        // The search reads every file of the directory, so it must not block a thread of the runtime.
        let search = tokio::task::spawn_blocking(move || file.find_other(&start_url, now));
        let found = search.await.ok()?;
        *self.last() = Some(Search { at: now, version, found: found.clone() });
        found
    }

    /// Ignores poisoning: no code that holds the lock can panic halfway through a change.
    fn last(&self) -> MutexGuard<'_, Option<Search>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
