//! The provider that exchanges an access token for role credentials at the SSO portal.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sso_cache::{RoleCredentialsFile, TokenFile};
use sso_http::{GetRoleCredentials, ServiceError};
use sso_types::{
    AccountId, Clock, Credentials, Environment, ProgressObserver, RoleName, StartUrl, SystemClock,
};
use tokio::time::{Instant, timeout};
use tower::{BoxError, Service};

use crate::role_cache::RoleCache;
use crate::service::BoxedService;
use crate::token_refresh::DEFAULT_TIMEOUT;
use crate::{
    BearerToken, CallError, ConfigError, CredentialsError, CredentialsFuture, ProvideCredentials,
    SsoTokenProvider,
};

/// Provides the credentials of one account and role from the SSO portal. Clones share all state.
///
/// Every retrieval sends a request, unless the role-credential cache on disk is on and has valid
/// credentials. A long-running program should wrap the provider in a
/// [`CredentialsCache`](crate::CredentialsCache).
#[derive(Clone)]
pub struct SsoCredentialsProvider(Arc<Shared>);

struct Shared {
    portal: BoxedService<GetRoleCredentials, Credentials>,
    account_id: AccountId,
    role_name: RoleName,
    start_url: Option<StartUrl>,
    token_provider: SsoTokenProvider,
    role_cache: Option<RoleCache>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl SsoCredentialsProvider {
    /// Returns a builder of a provider for the role `role_name` in the account `account_id`.
    /// `portal` is an [`sso_http::Portal`] with any layers, or another tower service for
    /// `GetRoleCredentials`.
    pub fn builder<S>(
        portal: S,
        account_id: AccountId,
        role_name: RoleName,
    ) -> SsoCredentialsProviderBuilder
    where
        S: Service<GetRoleCredentials, Response = Credentials> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        SsoCredentialsProviderBuilder {
            portal: crate::service::erase(portal),
            account_id,
            role_name,
            token_source: None,
            start_url: None,
            role_cache: None,
            role_cache_window: Duration::from_secs(15 * 60),
            environment: None,
            clock: Arc::new(SystemClock),
            observer: ProgressObserver::default(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// Returns the role's credentials. Never returns expired credentials.
    ///
    /// If the portal rejects the access token (401), the provider gets another token and repeats
    /// the request once: see [`SsoTokenProvider::call_with_token`].
    ///
    /// Blocks the thread only to read and write files. [`SsoTokenProvider`] documents this for the
    /// token file; the cache on disk adds some system calls.
    ///
    /// # Errors
    ///
    /// Fails if a login is needed, if the role is not assigned, or if a service or the network
    /// failed. [`CredentialsError`] has a predicate for each kind.
    ///
    /// # Panics
    ///
    /// May panic outside a tokio runtime with time enabled.
    pub async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
        self.retrieve_with(true).await
    }

    /// Returns the role's credentials as [`Self::retrieve`] does, but never from the
    /// role-credential cache on disk. The new credentials replace those in that cache.
    ///
    /// Use this after a service has rejected credentials before their expiry.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::retrieve`] does.
    ///
    /// # Panics
    ///
    /// May panic outside a tokio runtime with time enabled.
    pub async fn retrieve_new(&self) -> Result<Credentials, CredentialsError> {
        self.retrieve_with(false).await
    }

    async fn retrieve_with(&self, use_cached: bool) -> Result<Credentials, CredentialsError> {
        let limit = self.0.timeout;
        let request = move |left| async move {
            let answer = timeout(left, self.request()).await;
            answer.unwrap_or_else(|_| Err(self.timed_out(limit)))
        };
        let started = Instant::now();
        if self.0.role_cache.as_ref().is_some_and(RoleCache::is_directory_missing) {
            // Get the token before taking the lock, which would create the directory. Without a
            // login there is nothing to cache.
            let token = timeout(limit, self.0.token_provider.retrieve_bearer_token());
            token.await.map_err(|_| self.timed_out(limit))??;
        }
        let left = limit.saturating_sub(started.elapsed());
        let retrieved = match &self.0.role_cache {
            Some(cache) => {
                cache.get_or_request(self.0.clock.as_ref(), use_cached, left, request).await
            }
            None => request(left).await,
        };
        retrieved.map(|credentials| match credentials.account_id() {
            Some(_) => credentials,
            // Older versions of the AWS CLI do not store the account.
            None => credentials.with_account_id(self.0.account_id.clone()),
        })
    }

    /// Returns the account of the credentials.
    pub fn account_id(&self) -> &AccountId {
        &self.0.account_id
    }

    /// Returns the role of the credentials.
    pub fn role_name(&self) -> &RoleName {
        &self.0.role_name
    }

    /// Returns the provider of the access token.
    pub fn token_provider(&self) -> &SsoTokenProvider {
        &self.0.token_provider
    }

    /// Returns the error of a retrieval that took too long. If the token has expired, the retrieval
    /// waited for its refresh, and the error names the command to log in.
    fn timed_out(&self, limit: Duration) -> CredentialsError {
        match self.0.token_provider.timed_out_refresh(limit) {
            Some(error) => error.into(),
            None => CredentialsError::Timeout { limit },
        }
    }

    async fn request(&self) -> Result<Credentials, CredentialsError> {
        let exchange = |token: BearerToken| self.exchange(&token);
        match self.0.token_provider.call_with_token(exchange).await {
            Ok(credentials) => self.check(credentials),
            Err(CallError::Token(error)) => Err(error.into()),
            Err(CallError::Service(error)) => Err(self.portal_error(error)),
        }
    }

    fn exchange(
        &self,
        token: &BearerToken,
    ) -> impl Future<Output = Result<Credentials, ServiceError>> + Send + use<> {
        let request = GetRoleCredentials::new(
            token.access_token().clone(),
            self.0.account_id.clone(),
            self.0.role_name.clone(),
        );
        let portal = self.0.portal.clone();
        async move { crate::service::call(&portal, request).await }
    }

    fn check(&self, credentials: Credentials) -> Result<Credentials, CredentialsError> {
        let now = self.0.clock.now();
        if credentials.is_expired(now) {
            return Err(CredentialsError::Expired { at: credentials.expires_at(), now });
        }
        Ok(credentials.with_account_id(self.0.account_id.clone()))
    }

    fn portal_error(&self, source: ServiceError) -> CredentialsError {
        let (account_id, role_name) = (self.0.account_id.clone(), self.0.role_name.clone());
        if source.is_forbidden() {
            let start_url = self.0.start_url.clone();
            CredentialsError::AccessDenied { account_id, role_name, start_url, source }
        } else {
            CredentialsError::Portal { account_id, role_name, source }
        }
    }
}

impl ProvideCredentials for SsoCredentialsProvider {
    fn provide_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(self.retrieve())
    }

    fn provide_new_credentials(&self) -> CredentialsFuture<'_> {
        Box::pin(self.retrieve_new())
    }

    fn wait_for_refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.0.token_provider.wait_for_refresh())
    }
}

// A panic leaves no inconsistent state.
impl UnwindSafe for SsoCredentialsProvider {}
impl RefUnwindSafe for SsoCredentialsProvider {}

impl fmt::Debug for SsoCredentialsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SsoCredentialsProvider")
            .field("account_id", &self.0.account_id)
            .field("role_name", &self.0.role_name)
            .field("token_provider", &self.0.token_provider)
            .field("role_cache", &self.0.role_cache)
            .finish_non_exhaustive()
    }
}

/// The source of the access token.
#[derive(Debug)]
enum TokenSource {
    Provider(SsoTokenProvider),
    File(PathBuf),
}

/// Builds an [`SsoCredentialsProvider`].
#[derive(Debug)]
#[must_use]
pub struct SsoCredentialsProviderBuilder {
    portal: BoxedService<GetRoleCredentials, Credentials>,
    account_id: AccountId,
    role_name: RoleName,
    token_source: Option<TokenSource>,
    start_url: Option<StartUrl>,
    role_cache: Option<RoleCredentialsFile>,
    role_cache_window: Duration,
    environment: Option<Environment>,
    clock: Arc<dyn Clock>,
    observer: ProgressObserver,
    timeout: Duration,
}

impl SsoCredentialsProviderBuilder {
    /// Sets the provider of the access token. A token provider, a token file or a start URL is
    /// required. The token provider takes precedence over the token file, which takes precedence
    /// over the start URL.
    pub fn token_provider(mut self, token_provider: SsoTokenProvider) -> Self {
        self.token_source = Some(TokenSource::Provider(token_provider));
        self
    }

    /// Sets the file of the access token. The provider never refreshes a token from this file.
    pub fn cached_token_filepath(mut self, path: impl Into<PathBuf>) -> Self {
        if !matches!(self.token_source, Some(TokenSource::Provider(_))) {
            self.token_source = Some(TokenSource::File(path.into()));
        }
        self
    }

    /// Sets the start URL of the IAM Identity Center instance, for error texts.
    ///
    /// Without a token provider or a token file, the provider reads the access token from the
    /// standard token file for this URL, as for a legacy profile. It never refreshes that token.
    pub fn start_url(mut self, start_url: StartUrl) -> Self {
        self.start_url = Some(start_url);
        self
    }

    /// Caches the credentials in this file, which the AWS CLI uses too. Processes that use this
    /// crate and this file share one request. By default no file is used, so that no credentials
    /// are written to disk.
    pub fn role_credentials_file(mut self, file: RoleCredentialsFile) -> Self {
        self.role_cache = Some(file);
        self
    }

    /// Sets the remaining lifetime that credentials in the file must have to be used. The default
    /// is 15 minutes, as in the AWS CLI.
    pub fn role_credentials_window(mut self, window: Duration) -> Self {
        self.role_cache_window = window;
        self
    }

    /// Sets the environment that determines the home directory, for [`Self::start_url`]. The
    /// default is the environment of the process.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
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

    /// Sets the observer of waits for other processes that request the same credentials. The default
    /// ignores them.
    pub fn progress_observer(mut self, observer: ProgressObserver) -> Self {
        self.observer = observer;
        self
    }

    /// Sets the time limit for one retrieval, including a token refresh and all retries. The
    /// default is 60 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Builds the provider. It reads no file, sends no request and spawns no task before the first
    /// retrieval.
    ///
    /// # Errors
    ///
    /// Fails with [`ConfigError::NoTokenSource`] if there is no token provider, no token file and
    /// no start URL. Fails with [`ConfigError::Cache`] if the start URL is used and the home
    /// directory is unknown.
    pub fn build(self) -> Result<SsoCredentialsProvider, ConfigError> {
        let unrefreshed = |path: PathBuf| {
            SsoTokenProvider::builder_without_refresh(TokenFile::new(path))
                .shared_clock(Arc::clone(&self.clock))
        };
        let token_provider = match (self.token_source, &self.start_url) {
            (Some(TokenSource::Provider(provider)), _) => provider,
            (Some(TokenSource::File(path)), None) => unrefreshed(path).build()?,
            (Some(TokenSource::File(path)), Some(start_url)) => {
                unrefreshed(path).start_url(start_url.clone()).build()?
            }
            (None, Some(start_url)) => {
                let environment = self.environment.unwrap_or_else(Environment::from_process);
                let path = sso_cache::standard_cached_token_filepath_in(start_url, &environment)?;
                unrefreshed(path).start_url(start_url.clone()).legacy().build()?
            }
            (None, None) => return Err(ConfigError::NoTokenSource),
        };
        Ok(SsoCredentialsProvider(Arc::new(Shared {
            role_cache: self
                .role_cache
                .map(|file| RoleCache::new(file, self.role_cache_window, self.observer)),
            portal: self.portal,
            account_id: self.account_id,
            role_name: self.role_name,
            start_url: self.start_url,
            token_provider,
            clock: self.clock,
            timeout: self.timeout,
        })))
    }
}
