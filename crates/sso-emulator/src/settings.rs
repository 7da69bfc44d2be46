//! The settings of an emulator, which the builder sets.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// An account, with the roles in it that are assigned to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) roles: Vec<String>,
}

/// An additional profile of a written home, with the same `sso_session`.
#[derive(Debug, Clone)]
pub(crate) struct ExtraProfile {
    pub(crate) name: String,
    pub(crate) account_id: String,
    pub(crate) role_name: String,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(crate) struct Settings {
    pub(crate) region: String,
    pub(crate) start_url: String,
    pub(crate) session_name: String,
    pub(crate) profile: String,
    pub(crate) legacy_profile: String,
    pub(crate) extra_profiles: Vec<ExtraProfile>,
    pub(crate) token_ttl: Duration,
    pub(crate) credentials_ttl: Duration,
    pub(crate) session_ttl: Duration,
    pub(crate) registration_ttl: Duration,
    pub(crate) rotate: bool,
    pub(crate) omit_kept: bool,
    pub(crate) latency: Duration,
    pub(crate) throttle: Option<u32>,
    pub(crate) tls: bool,
    pub(crate) interactive: bool,
}

impl Default for Settings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            region: "us-east-1".to_owned(),
            start_url: "https://my-sso-portal.awsapps.com/start".to_owned(),
            session_name: "dev-session".to_owned(),
            profile: "devsso".to_owned(),
            legacy_profile: "legacy".to_owned(),
            extra_profiles: Vec::new(),
            token_ttl: Duration::from_secs(60 * 60),
            credentials_ttl: Duration::from_secs(60 * 60),
            session_ttl: 90 * DAY,
            registration_ttl: 90 * DAY,
            rotate: false,
            omit_kept: false,
            latency: Duration::ZERO,
            throttle: None,
            tls: false,
            interactive: false,
        }
    }
}

/// Returns the time `by` after `now`, or the maximum time.
pub(crate) fn after(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
