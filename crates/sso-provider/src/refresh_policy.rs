//! Decides whether to use a token, refresh it or require a login. A pure function of its arguments.

use jiff::{SignedDuration, Timestamp};
use sso_cache::Fingerprint;
use sso_http::ServiceError;
use sso_types::AccessToken;

use crate::token_snapshot::{Snapshot, Source};
use crate::{CannotRefresh, LoginReason, TokenError};

/// The time after a failed refresh during which its failure counts. A valid token is then used
/// without another attempt. If the session has ended, an expired token fails with the same error.
const FAILURE_BACKOFF: SignedDuration = SignedDuration::from_secs(30);

/// The token that a caller asks for.
#[derive(Debug, Clone)]
pub(crate) enum Demand {
    /// Any token that has not expired.
    AnyValid,
    /// A token other than the rejected one.
    OtherThan(RejectedToken),
}

/// A token that the portal rejected before its expiry, and the portal's response.
#[derive(Debug, Clone)]
pub(crate) struct RejectedToken {
    pub(crate) token: AccessToken,
    pub(crate) answer: ServiceError,
}

/// The result of the decision.
#[derive(Debug)]
pub(crate) enum Action {
    /// Use the token.
    Use,
    /// The token expires soon, but is still valid. One caller refreshes it, and uses the current
    /// token if the refresh fails. All other callers use the current token.
    RefreshAhead,
    /// The token is expired or rejected: refresh it.
    Refresh,
    /// The token is expired or rejected, and cannot be refreshed: require a login.
    Login(LoginReason),
    /// The token is expired or rejected, and a refresh in the last 30 seconds found that the
    /// session has ended: fail with the error of that refresh.
    Fail(TokenError),
}

/// The results of earlier refreshes.
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
    /// The version of the token file at that time. The failure does not apply to other versions.
    pub(crate) version: Fingerprint,
    /// The error, or `None` if another process failed.
    pub(crate) error: Option<TokenError>,
}

/// The settings that the decision depends on.
#[derive(Debug)]
pub(crate) struct RefreshPolicy {
    /// A token is refreshed this long before its expiry.
    pub(crate) window: SignedDuration,
    /// The reason that this provider never refreshes a token, if there is one.
    pub(crate) never_because: Option<CannotRefresh>,
}

impl RefreshPolicy {
    /// Decides what to do with the token at the time `now`.
    pub(crate) fn decide(
        &self,
        snapshot: &Snapshot,
        demand: &Demand,
        history: &History,
        now: Timestamp,
    ) -> Action {
        let token = &snapshot.token;
        let refreshable = self.refreshable(snapshot, now);
        let failure = history.failure.as_ref().filter(|it| it.applies(&snapshot.version, now));
        let rejection = match demand {
            Demand::OtherThan(rejected) if rejected.is_token_of(snapshot) => Some(rejected),
            Demand::OtherThan(_) | Demand::AnyValid => None,
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
            // The service would refuse another request, too.
            Some(error) if error.is_end_of_session() => Action::Fail(error.clone()),
            _ => Action::Refresh,
        }
    }

    fn refreshable(&self, snapshot: &Snapshot, now: Timestamp) -> Result<(), CannotRefresh> {
        if let Some(reason) = &self.never_because {
            return Err(reason.clone());
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
    pub(crate) fn is_token_of(&self, snapshot: &Snapshot) -> bool {
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
    /// Returns `true` if the failure is recent and concerns this version of the file. If the clock
    /// was set back, the age of the failure is unknown, so the failure does not apply.
    pub(crate) fn applies(&self, version: &Fingerprint, now: Timestamp) -> bool {
        let since = now.duration_since(self.at);
        self.version == *version && !since.is_negative() && since < FAILURE_BACKOFF
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sso_cache::{CachedToken, TokenFile};
    use sso_types::{ClientSecret, RefreshToken};

    use super::*;

    const NOW: &str = "2026-01-01T00:00:00Z";

    struct Case {
        left: i64,
        lifetime: Option<i64>,
        refreshable: bool,
        never_because: Option<CannotRefresh>,
        rejected: bool,
        failure: Failure,
    }

    /// A failed refresh, with its age in seconds.
    #[derive(Clone, Copy)]
    enum Failure {
        None,
        Transient(i64),
        Ended(i64),
        EndedForAnotherVersion,
    }

    const VALID: Case = Case {
        left: 3600,
        lifetime: None,
        refreshable: true,
        never_because: None,
        rejected: false,
        failure: Failure::None,
    };
    const DUE: Case = Case { left: 300, ..VALID };
    const EXPIRED: Case = Case { left: 0, ..VALID };
    const REJECTED: Case = Case { rejected: true, ..VALID };

    #[test]
    fn each_state_of_a_token_leads_to_one_action() {
        use Failure::{Ended, EndedForAnotherVersion, Transient};
        let legacy = || Some(CannotRefresh::LegacyProfile);
        for (case, expected) in [
            (VALID, "use"),
            (Case { left: 301, ..VALID }, "use"),
            (DUE, "ahead"),
            (Case { left: 1, ..VALID }, "ahead"),
            (EXPIRED, "refresh"),
            (Case { left: -1, ..VALID }, "refresh"),
            // The window is at most half of a known lifetime.
            (Case { left: 31, lifetime: Some(60), ..VALID }, "use"),
            (Case { left: 30, lifetime: Some(60), ..VALID }, "ahead"),
            (Case { lifetime: Some(i64::MAX), ..DUE }, "ahead"),
            // A token that cannot be refreshed is used while it is valid.
            (Case { refreshable: false, ..DUE }, "use"),
            (Case { never_because: legacy(), ..DUE }, "use"),
            (Case { refreshable: false, ..EXPIRED }, "login: expired"),
            (Case { never_because: legacy(), ..EXPIRED }, "login: expired"),
            // A failure applies for 30 seconds, to this version, unless the clock was set back.
            (Case { failure: Transient(0), ..DUE }, "use"),
            (Case { failure: Transient(29), ..DUE }, "use"),
            (Case { failure: Transient(30), ..DUE }, "ahead"),
            (Case { failure: Transient(-1), ..DUE }, "ahead"),
            (Case { failure: EndedForAnotherVersion, ..DUE }, "ahead"),
            (Case { failure: Transient(0), ..EXPIRED }, "refresh"),
            (Case { failure: Ended(29), ..EXPIRED }, "fail"),
            (Case { failure: Ended(30), ..EXPIRED }, "refresh"),
            (Case { failure: EndedForAnotherVersion, ..EXPIRED }, "refresh"),
            // Rejected by the portal.
            (REJECTED, "refresh"),
            (Case { failure: Ended(0), ..REJECTED }, "fail"),
            (Case { failure: Transient(0), ..REJECTED }, "refresh"),
            (Case { refreshable: false, ..REJECTED }, "login: ended"),
        ] {
            let described = format!("{} s left, expected {expected}", case.left);
            assert_eq!(decide(case), expected, "{described}");
        }
    }

    fn decide(case: Case) -> &'static str {
        let now: Timestamp = NOW.parse().unwrap();
        let seconds = SignedDuration::from_secs;
        let mut token = CachedToken::new(AccessToken::new("a"), now + seconds(case.left));
        if case.refreshable {
            token = token.with_refresh_token(RefreshToken::new("r")).with_client_registration(
                "client",
                ClientSecret::new("s"),
                None,
            );
        }
        let directory = tempfile::tempdir().unwrap();
        let store = |name| TokenFile::new(directory.path().join(name)).store_unlocked(&token);
        let (version, another) = (store("a").unwrap(), store("b").unwrap());
        let answer = ServiceError::from_answer(401, "", "");
        let error = |reason| Some(TokenError::LoginRequired { command: String::new(), reason });
        let ended = || error(LoginReason::SessionEnded(answer.clone()));
        let at = |ago| now - seconds(ago);
        let failure = match case.failure {
            Failure::None => None,
            Failure::Transient(ago) => Some((at(ago), &version, None)),
            Failure::Ended(ago) => Some((at(ago), &version, ended())),
            Failure::EndedForAnotherVersion => Some((now, &another, ended())),
        };
        let failure = failure.map(|(at, version, error)| FailedRefresh {
            at,
            version: version.clone(),
            error,
        });
        let lifetime = case.lifetime.map(|it| (token.access_token().clone(), seconds(it)));
        let demand = if case.rejected {
            let token = token.access_token().clone();
            Demand::OtherThan(RejectedToken { token, answer: answer.clone() })
        } else {
            Demand::AnyValid
        };
        let snapshot = Snapshot { token: Arc::new(token), version, source: Source::File };
        let policy = RefreshPolicy {
            window: SignedDuration::from_mins(5),
            never_because: case.never_because,
        };
        match policy.decide(&snapshot, &demand, &History { failure, lifetime }, now) {
            Action::Use => "use",
            Action::RefreshAhead => "ahead",
            Action::Refresh => "refresh",
            Action::Login(LoginReason::Expired { .. }) => "login: expired",
            Action::Login(LoginReason::SessionEnded(_)) => "login: ended",
            Action::Login(_) => "login: other",
            Action::Fail(_) => "fail",
        }
    }
}
