//! The builder of an emulator, with the default of each setting.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sso_types::{Clock, SystemClock};

use crate::settings::{Account, ExtraProfile, Settings};

/// Builds an emulator. Every setting has a default. See
/// [`Emulator::builder`](crate::Emulator::builder).
#[derive(Debug)]
pub struct EmulatorBuilder {
    pub(crate) settings: Settings,
    pub(crate) accounts: Vec<Account>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) port: u16,
}

/// The error returned when an emulator cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The emulator cannot listen on the port of the loopback interface.
    #[error(
        "failed to listen on 127.0.0.1, port {port}; choose another port, or 0 for any free port"
    )]
    #[non_exhaustive]
    Listen {
        /// The requested port.
        port: u16,
        /// The operating system's error.
        source: io::Error,
    },
    /// The certificate authority or the server's certificate could not be created.
    #[error("failed to create the certificates for TLS")]
    Certificates(#[source] Box<dyn Error + Send + Sync>),
}

impl EmulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::default(),
            accounts: Vec::new(),
            clock: Arc::new(SystemClock),
            port: 0,
        }
    }

    /// The region of the SSO instance. Default: `us-east-1`.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.settings.region = region.into();
        self
    }

    /// The start URL. Default: `https://my-sso-portal.awsapps.com/start`.
    #[must_use]
    pub fn start_url(mut self, start_url: impl Into<String>) -> Self {
        self.settings.start_url = start_url.into();
        self
    }

    /// The name of the `sso-session` section of a written home. Default: `dev-session`.
    #[must_use]
    pub fn session_name(mut self, session_name: impl Into<String>) -> Self {
        self.settings.session_name = session_name.into();
        self
    }

    /// The name of the profile of a written home that has an `sso_session`. Default: `devsso`.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.settings.profile = profile.into();
        self
    }

    /// The name of the profile of a written home in the legacy form, without an `sso_session`.
    /// Default: `legacy`.
    #[must_use]
    pub fn legacy_profile(mut self, profile: impl Into<String>) -> Self {
        self.settings.legacy_profile = profile.into();
        self
    }

    /// Adds a profile to a written home, for one role of one account. It has the same `sso_session`,
    /// and so the same token, as [`profile`](Self::profile). To assign the role to the user, name it
    /// in [`account`](Self::account). May be called several times, with different names.
    #[must_use]
    pub fn extra_profile(
        mut self,
        name: impl Into<String>,
        account_id: impl Into<String>,
        role_name: impl Into<String>,
    ) -> Self {
        self.settings.extra_profiles.push(ExtraProfile {
            name: name.into(),
            account_id: account_id.into(),
            role_name: role_name.into(),
        });
        self
    }

    /// Adds an account with the roles that are assigned to the user, or adds roles to an account
    /// that was added before. The profiles of a written home have the first role of the first
    /// account. Default: the account 123456789012, `Development`, with the role `SSOReadOnlyRole`.
    #[must_use]
    pub fn account(
        mut self,
        account_id: impl Into<String>,
        account_name: impl Into<String>,
        email_address: impl Into<String>,
        role_names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.accounts.push(Account {
            id: account_id.into(),
            name: account_name.into(),
            email: email_address.into(),
            roles: role_names.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// The lifetime of access tokens. Default: an hour. `expiresIn` is in whole seconds.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.settings.token_ttl = ttl;
        self
    }

    /// The lifetime of role credentials. Default: an hour.
    #[must_use]
    pub fn credentials_ttl(mut self, ttl: Duration) -> Self {
        self.settings.credentials_ttl = ttl;
        self
    }

    /// The lifetime of a session. After it, a refresh fails with `invalid_grant`. Default: 90 days.
    #[must_use]
    pub fn session_ttl(mut self, ttl: Duration) -> Self {
        self.settings.session_ttl = ttl;
        self
    }

    /// The lifetime of client registrations. After it, requests fail with `invalid_client`.
    /// Default: 90 days.
    #[must_use]
    pub fn registration_ttl(mut self, ttl: Duration) -> Self {
        self.settings.registration_ttl = ttl;
        self
    }

    /// Sets whether each refresh issues a new refresh token and invalidates the old one, which then
    /// fails with `invalid_grant`. Default: no. The answer then contains the same refresh token.
    #[must_use]
    pub fn rotate_refresh_tokens(mut self, rotate: bool) -> Self {
        self.settings.rotate = rotate;
        self
    }

    /// Sets whether, without rotation, the answer to a refresh omits the refresh token, as RFC 6749
    /// section 6 allows. Default: no.
    #[must_use]
    pub fn omit_kept_refresh_token(mut self, omit: bool) -> Self {
        self.settings.omit_kept = omit;
        self
    }

    /// The delay of every answer, in real time and not by the emulator's clock. Default: none.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.settings.latency = latency;
        self
    }

    /// The requests per second, by the emulator's clock, that each of the two services accepts. A
    /// burst of the same number is accepted. Other requests get `TooManyRequestsException` from the
    /// portal and `SlowDownException` from OIDC. AWS's portal accepts about 20. Default: no limit.
    #[must_use]
    pub fn throttle(mut self, requests_per_second: u32) -> Self {
        self.settings.throttle = Some(requests_per_second);
        self
    }

    /// Sets whether to serve HTTPS, with a certificate of an authority that is created at the start:
    /// see [`Emulator::ca_pem`](crate::Emulator::ca_pem). Default: no.
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.settings.tls = tls;
        self
    }

    /// Sets whether `/authorize` and `/device` are pages on which the user allows or denies the
    /// login. Default: no. A request for either of them then allows the login.
    #[must_use]
    pub fn interactive(mut self, interactive: bool) -> Self {
        self.settings.interactive = interactive;
        self
    }

    /// The clock for expiry and throttling. Default: the system clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The port of the loopback address 127.0.0.1. Default: 0, which means any free port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }
}
