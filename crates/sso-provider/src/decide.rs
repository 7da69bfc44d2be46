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
        (Ok(()), Some(failure)) if failure.error.is_end_of_session() => {
            Decision::Fail(failure.error.clone())
        }
        (Ok(()), _) => Decision::RefreshOrFail,
    }
}

#[cfg(test)]
mod tests {
    use sso_cache::TokenFile;
    use sso_http::ServiceError;
    use sso_types::{AccessToken, ClientSecret, RefreshToken};

    use super::*;
    use crate::LoginReason;

    /// What is decided, in a word.
    fn word(decision: &Decision) -> &'static str {
        match decision {
            Decision::Use => "use",
            Decision::RefreshAhead => "ahead",
            Decision::RefreshOrFail => "refresh",
            Decision::SignIn(None) => "sign in: never refreshed",
            Decision::SignIn(Some(_)) => "sign in: cannot be refreshed",
            Decision::Fail(_) => "fail",
        }
    }

    /// A failure so many seconds ago, of this file or of another.
    #[derive(Clone, Copy)]
    enum Failed {
        Never,
        Passing(i64),
        ForGood(i64),
        OfTheFile(i64),
        ForGoodOfAnotherFile(i64),
    }

    #[test]
    fn the_table() {
        use Failed::{ForGood, ForGoodOfAnotherFile, Never, OfTheFile, Passing};
        // Seconds left, the lifetime, refreshable, possible at all, the last failure.
        for (left, lifetime, refreshable, possible, failed, expected) in [
            (301, None, true, true, Never, "use"),
            (300, None, true, true, Never, "ahead"),
            (1, None, true, true, Never, "ahead"),
            (0, None, true, true, Never, "refresh"),
            (-1, None, true, true, Never, "refresh"),
            // The window is never more than half of a known lifetime.
            (31, Some(60), true, true, Never, "use"),
            (30, Some(60), true, true, Never, "ahead"),
            (300, Some(i64::MAX), true, true, Never, "ahead"),
            // What cannot be refreshed is used for as long as it is good.
            (1, None, false, true, Never, "use"),
            (0, None, false, true, Never, "sign in: cannot be refreshed"),
            (1, None, true, false, Never, "use"),
            (0, None, true, false, Never, "sign in: never refreshed"),
            // A failure counts for 30 seconds, for the file as it is, and not with a clock set back.
            (300, None, true, true, Passing(0), "use"),
            (300, None, true, true, Passing(29), "use"),
            (300, None, true, true, Passing(30), "ahead"),
            (300, None, true, true, Passing(-1), "ahead"),
            (300, None, true, true, ForGoodOfAnotherFile(0), "ahead"),
            // Expired: only what the service said for good keeps it from being asked again.
            (0, None, true, true, Passing(0), "refresh"),
            (0, None, true, true, OfTheFile(0), "refresh"),
            (0, None, true, true, ForGood(29), "fail"),
            (0, None, true, true, ForGood(30), "refresh"),
            (0, None, true, true, ForGoodOfAnotherFile(0), "refresh"),
            (0, None, false, true, ForGood(0), "sign in: cannot be refreshed"),
        ] {
            let found = case(left, lifetime, refreshable, possible, failed);
            assert_eq!(found, expected, "{left} s left, lifetime {lifetime:?}");
        }
    }

    fn case(
        left: i64,
        lifetime: Option<i64>,
        refreshable: bool,
        possible: bool,
        failed: Failed,
    ) -> &'static str {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut token =
            CachedToken::new(AccessToken::new("a"), now + SignedDuration::from_secs(left));
        if refreshable {
            token = token.with_refresh_token(RefreshToken::new("r")).with_client_registration(
                "client",
                ClientSecret::new("s"),
                None,
            );
        }
        let directory = tempfile::tempdir().unwrap();
        let state = |name| TokenFile::new(directory.path().join(name)).store_unlocked(&token);
        let (file, another) = (state("a").unwrap(), state("b").unwrap());

        let over = LoginReason::SessionEnded(ServiceError::service(401, "", ""));
        let gone = LoginReason::NoToken { path: "a".into(), near_miss: None };
        let sign_in = |reason| TokenError::LoginRequired { command: String::new(), reason };
        let failure = match failed {
            Failed::Never => None,
            Failed::Passing(ago) => Some((ago, &file, TokenError::Interrupted)),
            Failed::ForGood(ago) => Some((ago, &file, sign_in(over))),
            Failed::OfTheFile(ago) => Some((ago, &file, sign_in(gone))),
            Failed::ForGoodOfAnotherFile(ago) => Some((ago, &another, sign_in(over))),
        };
        let failure = failure.map(|(ago, of, error)| FailedRefresh {
            at: now - SignedDuration::from_secs(ago),
            of: of.clone(),
            error,
        });
        let circumstances = Circumstances {
            window: SignedDuration::from_mins(5),
            lifetime: lifetime.map(SignedDuration::from_secs),
            can_refresh: possible,
            last_failure: failure.as_ref(),
            file: &file,
        };
        word(&decide(&token, now, &circumstances))
    }
}
