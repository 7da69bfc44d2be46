//! The data that all requests share: the settings, the clock, and the state behind one lock.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_types::Clock;

use crate::assignments::Assignments;
use crate::faults::FaultScript;
use crate::log::RequestLog;
use crate::logins::Logins;
use crate::sessions::{ACCOUNT_ACCESS, Grant, Sessions};
use crate::settings::{Account, Settings};
use crate::{IssuedToken, Operation};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    /// Scheme, host and port, without a slash at the end.
    pub(crate) base_url: String,
    /// The port that the server listens on.
    pub(crate) port: u16,
    pub(crate) ca_pem: Option<String>,
    clock: Arc<dyn Clock>,
    /// The difference between the emulator's time and its clock, in milliseconds.
    ahead: AtomicI64,
    state: Mutex<State>,
}

/// The state. Its lock is held during one operation, and never across an await.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) sessions: Sessions,
    pub(crate) logins: Logins,
    pub(crate) assignments: Assignments,
    pub(crate) faults: FaultScript,
    pub(crate) log: RequestLog,
    /// The directory of the last written home.
    pub(crate) home: Option<PathBuf>,
    portal_bucket: Bucket,
    oidc_bucket: Bucket,
}

impl World {
    pub(crate) fn new(
        settings: Settings,
        accounts: Vec<Account>,
        clock: Arc<dyn Clock>,
        address: SocketAddr,
        ca_pem: Option<String>,
    ) -> Self {
        let scheme = if settings.tls { "https" } else { "http" };
        let state = State {
            sessions: Sessions::default(),
            logins: Logins::default(),
            assignments: Assignments::new(accounts),
            faults: FaultScript::default(),
            log: RequestLog::default(),
            home: None,
            portal_bucket: Bucket::default(),
            oidc_bucket: Bucket::default(),
        };
        Self {
            settings,
            base_url: format!("{scheme}://{address}"),
            port: address.port(),
            ca_pem,
            clock,
            ahead: AtomicI64::new(0),
            state: Mutex::new(state),
        }
    }

    /// The emulator's time.
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead.load(Ordering::SeqCst));
        let end = if ahead.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
        self.clock.now().checked_add(ahead).unwrap_or(end)
    }

    /// Moves the emulator's time relative to its clock, within the limits of `Timestamp`.
    pub(crate) fn advance(&self, by: SignedDuration) {
        let furthest = if by.is_negative() { i64::MIN } else { i64::MAX };
        let by = i64::try_from(by.as_millis()).unwrap_or(furthest);
        let moved = |ahead: i64| Some(ahead.saturating_add(by));
        let _ = self.ahead.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// Locks the state. Ignores poisoning, so that a request that panicked does not affect others.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Performs a login like the AWS CLI's, for a profile with an `sso_session` (`refreshable`) or
    /// for a legacy profile.
    pub(crate) fn login(&self, refreshable: bool) -> IssuedToken {
        let now = self.now();
        let scopes = if refreshable { vec![ACCOUNT_ACCESS.to_owned()] } else { Vec::new() };
        let mut state = self.lock();
        let (client_id, client) =
            state.sessions.register("test", scopes, vec![], vec![], &self.settings, now);
        let Grant { access_token, expires_at, refresh_token } =
            state.sessions.log_in(&client_id, refreshable, &self.settings, now);
        IssuedToken {
            access_token,
            expires_at,
            refresh_token,
            client_id,
            client_secret: client.secret,
            registration_expires_at: client.expires_at,
            start_url: self.settings.start_url.clone(),
            region: self.settings.region.clone(),
        }
    }
}

impl State {
    /// Returns `true` if the rate allows one more request to the service of `operation`.
    pub(crate) fn admit(
        &mut self,
        operation: Operation,
        per_second: Option<u32>,
        now: Timestamp,
    ) -> bool {
        let bucket = match (operation.is_portal(), operation) {
            (true, _) => &mut self.portal_bucket,
            // These are pages for people. The limits are for programs.
            (false, Operation::Authorize | Operation::VerifyDevice) => return true,
            (false, _) => &mut self.oidc_bucket,
        };
        per_second.is_none_or(|rate| bucket.take(rate, now))
    }
}

/// A token bucket with the capacity of one second.
#[derive(Debug, Default)]
struct Bucket {
    /// The missing tokens, in thousandths of a request. `None` before the first request.
    taken: i64,
    last: Option<Timestamp>,
}

impl Bucket {
    fn take(&mut self, rate: u32, now: Timestamp) -> bool {
        let rate = i64::from(rate);
        let since = self.last.replace(now).map_or(0, |last| {
            i64::try_from(now.duration_since(last).as_millis()).unwrap_or(i64::MAX)
        });
        // One request per second is one thousandth of a request per millisecond.
        let back = since.max(0).saturating_mul(rate);
        self.taken = self.taken.saturating_sub(back).max(0);
        if self.taken + 1000 > rate * 1000 {
            return false;
        }
        self.taken += 1000;
        true
    }
}

/// Waits. Does not yield if the time is zero.
pub(crate) async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn a_bucket_accepts_its_rate_and_is_refilled_over_time() {
        let mut bucket = Bucket::default();
        assert!((0..3).all(|_| bucket.take(3, at(0))));
        assert!(!bucket.take(3, at(0)));
        assert!(!bucket.take(3, at(333)));
        assert!(bucket.take(3, at(334)));
        assert!(!bucket.take(3, at(335)));
        assert!((0..3).all(|_| bucket.take(3, at(60_000))));
        assert!(!bucket.take(3, at(60_000)));
        assert!(!bucket.take(3, at(0)), "a clock that steps back adds no tokens");
    }

    #[test]
    fn a_rate_of_zero_accepts_nothing() {
        assert!(!Bucket::default().take(0, at(0)));
    }
}
