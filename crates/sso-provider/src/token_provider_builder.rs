//! The options of an access token provider.
//!
//! Not responsible for what the provider does with them.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use sso_cache::TokenFile;
use sso_http::{CreateToken, CreateTokenResponse, RetryLayer};
use sso_types::{Clock, Region, SessionName, StartUrl, SystemClock};

use crate::login_command::LoginCommand;
use crate::service::Operation;
use crate::token_provider::Shared;
use crate::{ConfigError, SsoTokenProvider};

/// Makes an [`SsoTokenProvider`]. Each setter is named as the option, which says its default.
#[derive(Debug)]
#[must_use]
pub struct SsoTokenProviderBuilder {
    pub(crate) file: TokenFile,
    pub(crate) oidc: Option<Operation<CreateToken, CreateTokenResponse>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) refresh_window: SignedDuration,
    pub(crate) lock_limit: Duration,
    pub(crate) time_limit: Duration,
    pub(crate) retry: RetryLayer,
    pub(crate) retries_certain_failures: bool,
    pub(crate) region: Option<Region>,
    pub(crate) start_url: Option<StartUrl>,
    pub(crate) accept_other_session: bool,
    login: LoginCommand,
}

impl SsoTokenProviderBuilder {
    pub(crate) fn new(
        oidc: Option<Operation<CreateToken, CreateTokenResponse>>,
        file: TokenFile,
    ) -> Self {
        Self {
            file,
            oidc,
            clock: Arc::new(SystemClock),
            refresh_window: SignedDuration::from_mins(5),
            lock_limit: Duration::from_secs(20),
            time_limit: Duration::from_secs(60),
            retry: RetryLayer::standard(),
            retries_certain_failures: false,
            region: None,
            start_url: None,
            accept_other_session: false,
            login: LoginCommand::default(),
        }
    }

    /// How long before its expiry a token is refreshed: 5 minutes, unless set here; never more
    /// than half of a token's lifetime, where that is known.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        self
    }

    /// How long to wait for another process that refreshes the same token: 20 seconds, unless set
    /// here. The end of the wait is an error, for a second refresh could burn the refresh token.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_limit = limit;
        self
    }

    /// How long a whole refresh may take, waiting for others and retries included: 60 seconds,
    /// unless set here.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How often `CreateToken` is sent in all when its answer is lost on the way: 3, unless set
    /// here; 0 counts as 1. Before each further attempt the file is read again, as the refresh token
    /// may be spent. Retries of what certainly was not carried out are a layer over the service; with
    /// such a layer each of these attempts may be several requests.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.retry = self.retry.max_attempts(max_attempts);
        self
    }

    /// Tries again, so often in all, whatever failed for a passing reason, instead of lost answers
    /// only: for a service without a layer that does.
    #[cfg(feature = "https")]
    pub(crate) fn retry_all(mut self, retry: RetryLayer) -> Self {
        self.retry = retry;
        self.retries_certain_failures = true;
        self
    }

    /// The region of the IAM Identity Center instance: written to the token file on a refresh.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// The start URL: written to the token file on a refresh, and used to find out whether there is
    /// a token for it under another name when the token file is missing.
    pub fn start_url(mut self, start_url: StartUrl) -> Self {
        self.start_url = Some(start_url);
        self
    }

    /// Where the token file is missing, accept an unexpired token for the same start URL that
    /// belongs to another sso-session name or to the legacy form. Such a token is not refreshed.
    /// Off, unless set here; needs [`Self::start_url`].
    pub fn accept_other_session(mut self, accept: bool) -> Self {
        self.accept_other_session = accept;
        self
    }

    /// The sso-session that the token belongs to: errors name it in the command to run.
    pub fn sso_session(mut self, session: &SessionName) -> Self {
        self.login = LoginCommand::for_session(session);
        self
    }

    /// The legacy profile that the token belongs to: errors name it in the command to run.
    pub fn profile(mut self, profile: &str) -> Self {
        self.login = LoginCommand::for_profile(profile);
        self
    }

    /// The clock: the machine's, unless set here.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.shared_clock(Arc::new(clock))
    }

    /// A clock that is shared already: not wrapped once more, which every look at it would pay for.
    pub(crate) fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the provider. Nothing is read, sent or spawned before the first retrieval. Does not fail
    /// so far: no option has a range that its type does not keep.
    pub fn build(self) -> Result<SsoTokenProvider, ConfigError> {
        let login_command = self.login.to_string();
        Ok(SsoTokenProvider(Arc::new(Shared::new(self, login_command))))
    }
}
