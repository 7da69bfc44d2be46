//! The refresh decision: what to do with a token as it stands at one moment.
//!
//! One pure function. Not responsible for doing any of it: no clock, no files, no network.

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CachedToken, Fingerprint, NotRefreshable};

use crate::TokenError;

/// How long a failed refresh is remembered, as long as the token file stays as it was.
const FAILURE_IS_REMEMBERED: SignedDuration = SignedDuration::from_secs(30);

/// What to do with the token that is there.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Hand it out.
    Use,
    /// In the refresh window: one caller refreshes; the token serves the others, and that one too
    /// when the refresh fails.
    RefreshAhead,
    /// Expired: refresh, or there is none.
    RefreshOrFail,
    /// Expired, and it cannot be refreshed: why, or `None` where refreshing is not possible at all.
    SignIn(Option<NotRefreshable>),
    /// Expired, and the service has just refused to refresh this very file: asking again would
    /// only be refused again.
    Fail(TokenError),
}

/// A refresh that failed, and of which file.
#[derive(Debug, Clone)]
pub(crate) struct FailedRefresh {
    pub(crate) at: Timestamp,
    pub(crate) of: Fingerprint,
    pub(crate) error: TokenError,
}

impl FailedRefresh {
    /// Whether the failure still counts for the file that is there now. A clock that was set back
    /// ends the wait, too: nothing can be said about how long ago the failure was.
    pub(crate) fn counts(&self, file: &Fingerprint, now: Timestamp) -> bool {
        let since = now.duration_since(self.at);
        self.of == *file && !since.is_negative() && since < FAILURE_IS_REMEMBERED
    }
}

/// What the decision looks at beside the token and the time.
#[derive(Debug)]
pub(crate) struct Circumstances<'a> {
    /// How long before its expiry a token is refreshed.
    pub(crate) window: SignedDuration,
    /// The token's whole lifetime, where known: the window is never more than half of it.
    pub(crate) lifetime: Option<SignedDuration>,
    /// Whether refreshing is possible at all: not for a legacy profile.
    pub(crate) can_refresh: bool,
    pub(crate) last_failure: Option<&'a FailedRefresh>,
    /// The state of the file that the token goes with.
    pub(crate) file: &'a Fingerprint,
}

pub(crate) fn decide(token: &CachedToken, now: Timestamp, about: &Circumstances<'_>) -> Decision {
    let failure = about.last_failure.filter(|failure| failure.counts(about.file, now));
    let refreshable = if about.can_refresh {
        token.refreshability(now).map(drop).map_err(Some)
    } else {
        Err(None)
    };

    if now < token.expires_at() {
        let half_life = about.lifetime.map_or(SignedDuration::MAX, |lifetime| lifetime / 2);
        let left = token.expires_at().duration_since(now);
        let in_window = left <= about.window.min(half_life);
        return if in_window && refreshable.is_ok() && failure.is_none() {
            Decision::RefreshAhead
        } else {
            Decision::Use
        };
    }
    match (refreshable, failure) {
        (Err(why), _) => Decision::SignIn(why),
        (Ok(()), Some(failure)) if failure.error.needs_sign_in() => {
            Decision::Fail(failure.error.clone())
        }
        (Ok(()), _) => Decision::RefreshOrFail,
    }
}
