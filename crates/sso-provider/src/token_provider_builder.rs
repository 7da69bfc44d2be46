//! The builder of the access token provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use sso_cache::TokenFile;
use sso_http::{CreateToken, CreateTokenResponse, RetryLayer};
use sso_types::{Clock, ProgressObserver, Region, SessionName, StartUrl, SystemClock};
use tower::{BoxError, Service};

use crate::login_command::LoginCommand;
use crate::refresh_policy::{History, RefreshPolicy};
use crate::service::BoxedService;
use crate::single_flight::SingleFlight;
use crate::token_provider_state::TokenProviderState;
use crate::token_refresh::{ANSWER_WAIT, DEFAULT_TIMEOUT};
use crate::token_store::TokenStore;
use crate::{CannotRefresh, ConfigError, SsoTokenProvider};

/// Builds an [`SsoTokenProvider`].
#[derive(Debug)]
#[must_use]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate option")]
pub struct SsoTokenProviderBuilder {
    file: TokenFile,
    oidc: Option<BoxedService<CreateToken, CreateTokenResponse>>,
    clock: Arc<dyn Clock>,
    observer: ProgressObserver,
    refresh_window: SignedDuration,
    lock_timeout: Duration,
    timeout: Duration,
    invalid_grant_wait: Duration,
    retry: RetryLayer,
    retries_unexecuted: bool,
    allow_unsaved_refresh: bool,
    region: Option<Region>,
    start_url: Option<StartUrl>,
    accept_other_session: bool,
    is_legacy: bool,
    login: LoginCommand,
    login_program: Option<String>,
}

impl SsoTokenProvider {
    /// Returns a builder of a provider that reads the token in `file` and refreshes it through
    /// `oidc`. `oidc` is an [`sso_http::Oidc`] with any layers, or another tower service for
    /// `CreateToken`.
    pub fn builder<S>(oidc: S, file: TokenFile) -> SsoTokenProviderBuilder
    where
        S: Service<CreateToken, Response = CreateTokenResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        SsoTokenProviderBuilder::new(Some(crate::service::erase(oidc)), file)
    }

    /// Returns a builder of a provider that reads the token in `file` and never refreshes it. Use
    /// it for a legacy profile, which is a profile without an `sso_session`.
    pub fn builder_without_refresh(file: TokenFile) -> SsoTokenProviderBuilder {
        SsoTokenProviderBuilder::new(None, file)
    }
}

impl SsoTokenProviderBuilder {
    pub(crate) fn new(
        oidc: Option<BoxedService<CreateToken, CreateTokenResponse>>,
        file: TokenFile,
    ) -> Self {
        Self {
            file,
            oidc,
            clock: Arc::new(SystemClock),
            observer: ProgressObserver::default(),
            refresh_window: SignedDuration::from_mins(5),
            lock_timeout: Duration::from_secs(20),
            timeout: DEFAULT_TIMEOUT,
            invalid_grant_wait: Duration::from_secs(2),
            retry: RetryLayer::standard(),
            retries_unexecuted: false,
            allow_unsaved_refresh: false,
            region: None,
            start_url: None,
            accept_other_session: false,
            is_legacy: false,
            login: LoginCommand::default(),
            login_program: None,
        }
    }

    /// Sets how long before its expiry a token is refreshed. The default is 5 minutes. If the token's
    /// lifetime is known, the window is at most half of it.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        self
    }

    /// Sets the time limit for waiting while another process refreshes the same token. The default
    /// is 20 seconds. Timing out is an error, because refreshing anyway could invalidate the other
    /// process's refresh token.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = limit;
        self
    }

    /// Sets the time limit for a refresh, including waiting for the lock and retries. The default
    /// is 60 seconds. A refresh ahead of expiry takes at most 12 seconds, whatever the limit is.
    ///
    /// A request that was sent within the limit is not abandoned, because its answer may contain the
    /// only valid refresh token. The caller gets an error at the limit, and the refresh waits for up
    /// to 11 more seconds in the background.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets the time to wait for another process's token after the service has answered
    /// `invalid_grant`. The default is 2 seconds.
    ///
    /// The other process may have used the refresh token without taking the lock, as the AWS CLI
    /// does, and may not have written its new token yet. After a session has ended, the first
    /// retrieval of each provider, and then one every 30 seconds, takes this much longer.
    pub fn invalid_grant_wait(mut self, limit: Duration) -> Self {
        self.invalid_grant_wait = limit;
        self
    }

    /// Sets the maximum number of attempts to send `CreateToken` if its response is lost. The
    /// default is 3, the minimum 1. A refresh ahead of expiry makes one attempt.
    ///
    /// The provider reads the token file before each further attempt, because the lost request may
    /// have spent the refresh token. It does not retry requests that the service certainly did not
    /// carry out. To retry those, wrap the service in a retry layer; each attempt may then send
    /// several requests.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.retry = self.retry.max_attempts(max_attempts);
        self
    }

    /// Makes the provider retry every transient failure, for a service without a retry layer.
    #[cfg(feature = "https")]
    pub(crate) fn retry_all(mut self, retry: RetryLayer) -> Self {
        self.retry = retry;
        self.retries_unexecuted = true;
        self
    }

    /// Sets whether to refresh an expired token even if the new token cannot be written. The new
    /// token is then kept in memory until it can be written. The default is false.
    ///
    /// Such a refresh spends the refresh token in the file. If the process ends before the new
    /// token is written, every program that shares the file needs a new login.
    pub fn allow_unsaved_refresh(mut self, allow: bool) -> Self {
        self.allow_unsaved_refresh = allow;
        self
    }

    /// Sets the region of the IAM Identity Center instance. A refresh writes it to the token file.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Sets the start URL. A refresh writes it to the token file.
    ///
    /// If the token file is missing, the provider searches the other files of the directory for a
    /// token with this start URL. It names that file in the error or, with
    /// [`Self::accept_other_session`], uses the token.
    pub fn start_url(mut self, start_url: StartUrl) -> Self {
        self.start_url = Some(start_url);
        self
    }

    /// Sets whether to use the token of another sso-session or of a legacy profile if the token
    /// file is missing. The token must be unexpired and have the same start URL, which
    /// [`Self::start_url`] must set. The provider does not refresh such a token. The default is
    /// false.
    pub fn accept_other_session(mut self, accept: bool) -> Self {
        self.accept_other_session = accept;
        self
    }

    /// Sets the sso-session that the token belongs to, for the login command in errors.
    pub fn sso_session(mut self, session: &SessionName) -> Self {
        self.login = LoginCommand::for_session(session);
        self
    }

    /// Sets the legacy profile that the token belongs to, for the login command in errors.
    pub fn legacy_profile(mut self, profile: &str) -> Self {
        self.login = LoginCommand::for_profile(profile);
        self.legacy()
    }

    /// Marks the token as a legacy profile's token, for error texts.
    pub(crate) fn legacy(mut self) -> Self {
        self.is_legacy = true;
        self
    }

    /// Sets the program in the login command that errors show. The default is `aws sso login`.
    pub fn login_program(mut self, program: impl Into<String>) -> Self {
        self.login_program = Some(program.into());
        self
    }

    /// Sets the clock. The default is the system clock.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.shared_clock(Arc::new(clock))
    }

    pub(crate) fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the observer of retries and of waits for other processes. The default ignores them.
    pub fn progress_observer(mut self, observer: ProgressObserver) -> Self {
        self.observer = observer;
        self
    }

    /// Builds the provider. It reads no file, sends no request and spawns no task before the first
    /// retrieval.
    ///
    /// # Errors
    ///
    /// Currently never fails.
    pub fn build(self) -> Result<SsoTokenProvider, ConfigError> {
        let never_because = match (&self.oidc, self.is_legacy) {
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
            self.observer.clone(),
        );
        let state = TokenProviderState {
            store,
            policy: RefreshPolicy { window: self.refresh_window, never_because },
            oidc: self.oidc,
            clock: self.clock,
            lock_timeout: self.lock_timeout,
            timeout: self.timeout,
            invalid_grant_wait: self.invalid_grant_wait,
            retry: self.retry.progress_observer(self.observer),
            retries_unexecuted: self.retries_unexecuted,
            allow_unsaved_refresh: self.allow_unsaved_refresh,
            region: self.region,
            start_url: self.start_url,
            login_command: login.to_string(),
            flights: SingleFlight::new(self.timeout.saturating_add(ANSWER_WAIT)),
            history: Mutex::new(History::default()),
        };
        Ok(state.into())
    }
}
