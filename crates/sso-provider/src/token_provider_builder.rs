//! The options of an access token provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use sso_cache::TokenFile;
use sso_http::{CreateToken, CreateTokenResponse, RetryLayer};
use sso_types::{Clock, Region, SessionName, StartUrl, SystemClock};

use tower::{BoxError, Service};

use crate::login_command::LoginCommand;
use crate::refresh_policy::{History, RefreshPolicy};
use crate::service::Operation;
use crate::single_flight::SingleFlight;
use crate::token_provider_state::Shared;
use crate::token_store::TokenStore;
use crate::{CannotRefresh, ConfigError, SsoTokenProvider};

/// Builds an [`SsoTokenProvider`].
#[derive(Debug)]
#[must_use]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct SsoTokenProviderBuilder {
    file: TokenFile,
    oidc: Option<Operation<CreateToken, CreateTokenResponse>>,
    clock: Arc<dyn Clock>,
    refresh_window: SignedDuration,
    lock_timeout: Duration,
    timeout: Duration,
    invalid_grant_wait: Duration,
    retry: RetryLayer,
    retries_certain_failures: bool,
    allow_unsaved_refresh: bool,
    region: Option<Region>,
    start_url: Option<StartUrl>,
    accept_other_session: bool,
    is_legacy: bool,
    login: LoginCommand,
    login_program: Option<String>,
}

impl SsoTokenProvider {
    /// Returns a builder of a provider of the token in `file` that refreshes it through `oidc`: an
    /// [`sso_http::Oidc`], with any layers, or another tower service for `CreateToken`.
    pub fn builder<S>(oidc: S, file: TokenFile) -> SsoTokenProviderBuilder
    where
        S: Service<CreateToken, Response = CreateTokenResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        SsoTokenProviderBuilder::new(Some(crate::service::erase(oidc)), file)
    }

    /// Returns a builder of a provider of the token in `file` that never refreshes it, as for a
    /// legacy profile (one without an `sso_session`).
    pub fn builder_without_refresh(file: TokenFile) -> SsoTokenProviderBuilder {
        SsoTokenProviderBuilder::new(None, file)
    }
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
            lock_timeout: Duration::from_secs(20),
            timeout: Duration::from_secs(60),
            invalid_grant_wait: Duration::from_secs(2),
            retry: RetryLayer::standard(),
            retries_certain_failures: false,
            allow_unsaved_refresh: false,
            region: None,
            start_url: None,
            accept_other_session: false,
            is_legacy: false,
            login: LoginCommand::default(),
            login_program: None,
        }
    }

    /// How long before its expiry a token is refreshed. The default is 5 minutes; never more than
    /// half of a token's lifetime, if that is known.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        self
    }

    /// How long to wait for another process that refreshes the same token. The default is 20
    /// seconds. Timing out is an error: refreshing anyway could invalidate the other process's
    /// refresh token.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = limit;
        self
    }

    /// How long a whole refresh may take, waiting for others and retries included. The default is
    /// 60 seconds. A refresh ahead of expiry takes at most 12 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How long to wait, after the service has answered `invalid_grant`, for another process that
    /// may have used the refresh token without the lock (the AWS CLI takes none) to write its new
    /// token. The default is 2 seconds: the first retrieval after a session has ended takes that
    /// much longer.
    pub fn invalid_grant_wait(mut self, limit: Duration) -> Self {
        self.invalid_grant_wait = limit;
        self
    }

    /// How often `CreateToken` is sent in all if its answer is lost. The default is 3, the least 1.
    /// Before each further attempt the file is read again, because the refresh token may be
    /// spent. Failures of requests that were certainly not carried out are for a retry layer over
    /// the service; with one, each of these attempts may be several requests. A refresh ahead of
    /// expiry makes one attempt.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.retry = self.retry.max_attempts(max_attempts);
        self
    }

    /// Retries every transient failure, for a service without a retry layer.
    #[cfg(feature = "https")]
    pub(crate) fn retry_all(mut self, retry: RetryLayer) -> Self {
        self.retry = retry;
        self.retries_certain_failures = true;
        self
    }

    /// Refreshes an expired token even if the new one cannot be written, and keeps it in memory
    /// until it can be. The default is not to.
    ///
    /// The refresh token in the file is spent by this. If the process ends before the new one is
    /// written, every program that shares the file needs a new login.
    pub fn allow_unsaved_refresh(mut self, allow: bool) -> Self {
        self.allow_unsaved_refresh = allow;
        self
    }

    /// The region of the IAM Identity Center instance. Written to the token file on a refresh.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// The start URL. Written to the token file on a refresh, and used to search for a token under
    /// another name if the token file is missing.
    pub fn start_url(mut self, start_url: StartUrl) -> Self {
        self.start_url = Some(start_url);
        self
    }

    /// If the token file is missing, accepts an unexpired token for the same start URL that belongs
    /// to another sso-session or to a legacy profile. Such a token is not refreshed. The default is
    /// not to; needs [`Self::start_url`].
    pub fn accept_other_session(mut self, accept: bool) -> Self {
        self.accept_other_session = accept;
        self
    }

    /// The sso-session that the token belongs to, for the login command in errors.
    pub fn sso_session(mut self, session: &SessionName) -> Self {
        self.login = LoginCommand::for_session(session);
        self
    }

    /// The legacy profile that the token belongs to, for the login command in errors.
    pub fn profile(mut self, profile: &str) -> Self {
        self.login = LoginCommand::for_profile(profile);
        self.legacy()
    }

    /// Marks the token as that of a legacy profile, for error texts.
    pub(crate) fn legacy(mut self) -> Self {
        self.is_legacy = true;
        self
    }

    /// The program in the login command that errors name. The default is `aws sso login`.
    pub fn login_program(mut self, program: impl Into<String>) -> Self {
        self.login_program = Some(program.into());
        self
    }

    /// The clock. The default is the machine's.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.shared_clock(Arc::new(clock))
    }

    pub(crate) fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the provider. Nothing is read, sent or spawned before the first retrieval.
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn build(self) -> Result<SsoTokenProvider, ConfigError> {
        let never = match (&self.oidc, self.is_legacy) {
            (Some(_), _) => None,
            (None, true) => Some(CannotRefresh::LegacyProfile),
            (None, false) => Some(CannotRefresh::NoService),
        };
        let login = match self.login_program {
            Some(program) => self.login.program(program),
            None => self.login,
        };
        let store = TokenStore::new(
            self.file,
            self.start_url.clone(),
            self.accept_other_session,
            Arc::clone(&self.clock),
        );
        let shared = Shared {
            store,
            policy: RefreshPolicy { window: self.refresh_window, never },
            oidc: self.oidc,
            clock: self.clock,
            lock_timeout: self.lock_timeout,
            timeout: self.timeout,
            invalid_grant_wait: self.invalid_grant_wait,
            retry: self.retry,
            retries_certain_failures: self.retries_certain_failures,
            allow_unsaved_refresh: self.allow_unsaved_refresh,
            region: self.region,
            start_url: self.start_url,
            login_command: login.to_string(),
            flights: SingleFlight::new(self.timeout),
            history: Mutex::new(History::default()),
        };
        Ok(shared.into())
    }
}
