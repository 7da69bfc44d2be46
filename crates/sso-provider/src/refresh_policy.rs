//! The refresh decision: what to do with a token at one moment. No clock and no I/O.

use jiff::{SignedDuration, Timestamp};
use sso_cache::Fingerprint;
use sso_http::ServiceError;
use sso_types::AccessToken;

use crate::token_snapshot::{Snapshot, Source};
use crate::{CannotRefresh, LoginReason, TokenError};

/// How long after a failed refresh a valid token is used without another attempt.
const FAILURE_IS_REMEMBERED: SignedDuration = SignedDuration::from_secs(30);

/// The token that a caller needs.
#[derive(Debug, Clone)]
pub(crate) enum Demand {
    AnyValid,
    NotThisOne(RejectedToken),
}

/// A token that the portal rejected before its expiry.
#[derive(Debug, Clone)]
pub(crate) struct RejectedToken {
    pub(crate) token: AccessToken,
    pub(crate) answer: ServiceError,
}

/// What to do with the token.
#[derive(Debug)]
pub(crate) enum Action {
    /// Use it.
    Use,
    /// It expires soon: one caller refreshes it; it is used if that fails, and by all others.
    RefreshAhead,
    /// It is expired or rejected: refresh it.
    Refresh,
    /// It is expired or rejected, and cannot be refreshed.
    Login(LoginReason),
    /// It is expired or rejected, and the service has just refused to refresh it.
    Fail(TokenError),
}

/// What is known of earlier refreshes.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) failure: Option<FailedRefresh>,
    /// The lifetime of the token that this process obtained last.
    pub(crate) lifetime: Option<(AccessToken, SignedDuration)>,
}

/// A failed refresh.
#[derive(Debug)]
pub(crate) struct FailedRefresh {
    pub(crate) at: Timestamp,
    /// The version of the token file that was refreshed. A changed file ends the wait.
    pub(crate) version: Fingerprint,
    /// The error; `None` if it was another process's.
    pub(crate) error: Option<TokenError>,
}

/// The settings that the decision depends on.
#[derive(Debug)]
pub(crate) struct RefreshPolicy {
    /// How long before its expiry a token is refreshed.
    pub(crate) window: SignedDuration,
    /// Why tokens of this file are never refreshed, if so.
    pub(crate) never: Option<CannotRefresh>,
}

impl RefreshPolicy {
    pub(crate) fn decide(
        &self,
        snapshot: &Snapshot,
        demand: &Demand,
        history: &History,
        now: Timestamp,
    ) -> Action {
        let token = &snapshot.token;
        let refreshable = self.refreshable(snapshot, now);
        let failure = history.failure.as_ref().filter(|it| it.counts(&snapshot.version, now));
        let rejection = match demand {
            Demand::NotThisOne(rejected) if rejected.is(snapshot) => Some(rejected),
            Demand::NotThisOne(_) | Demand::AnyValid => None,
        };

        if !token.is_expired(now) && rejection.is_none() {
            let left = token.expires_at().duration_since(now);
            let is_due = left <= self.window.min(history.half_lifetime(token.access_token()));
            return if is_due && refreshable.is_ok() && failure.is_none() {
                Action::RefreshAhead
            } else {
                Action::Use
            };
        }
        if let Err(why) = refreshable {
            return Action::Login(match rejection {
                Some(rejected) => LoginReason::SessionEnded(rejected.answer.clone()),
                None => LoginReason::Expired { at: token.expires_at(), why },
            });
        }
        match failure.and_then(|failure| failure.error.as_ref()) {
            // Asking again would only be refused again.
            Some(error) if error.is_end_of_session() => Action::Fail(error.clone()),
            _ => Action::Refresh,
        }
    }

    fn refreshable(&self, snapshot: &Snapshot, now: Timestamp) -> Result<(), CannotRefresh> {
        if let Some(never) = &self.never {
            return Err(never.clone());
        }
        match snapshot.source {
            Source::OtherSession => Err(CannotRefresh::OtherSession),
            Source::File | Source::Unsaved { .. } => {
                snapshot.token.refreshability(now).map(drop).map_err(CannotRefresh::Token)
            }
        }
    }
}

impl RejectedToken {
    pub(crate) fn is(&self, snapshot: &Snapshot) -> bool {
        self.token == *snapshot.token.access_token()
    }
}

impl History {
    fn half_lifetime(&self, token: &AccessToken) -> SignedDuration {
        let known = self.lifetime.as_ref().filter(|(of, _)| of == token);
        known.map_or(SignedDuration::MAX, |(_, lifetime)| *lifetime / 2)
    }
}

impl FailedRefresh {
    /// Whether the failure still counts. A clock that was set back ends the wait: nothing is known
    /// of how long ago the failure was.
    pub(crate) fn counts(&self, version: &Fingerprint, now: Timestamp) -> bool {
        let since = now.duration_since(self.at);
        self.version == *version && !since.is_negative() && since < FAILURE_IS_REMEMBERED
    }
}
