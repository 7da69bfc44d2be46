//! Role credentials: an access token exchanged at the SSO portal.
//!
//! `CredentialsCache` keeps them in memory.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sso_cache::{RoleCredentialsFile, TokenFile};
use sso_http::{GetRoleCredentials, ServiceError};
use sso_types::{AccountId, Clock, Credentials, Environment, RoleName, StartUrl, SystemClock};
use tower::{BoxError, Service};

use crate::role_cache::RoleCache;
use crate::service::Operation;
use crate::{
    BearerToken, CallError, ConfigError, CredentialsError, CredentialsFuture, ProvideCredentials,
    SsoTokenProvider,
};

/// Returns the credentials of one account and role from the SSO portal. Clones share everything.
///
/// Every retrieval sends a request, unless the role-credential cache on disk is on and holds valid
/// credentials. A long-running program wraps it in a [`CredentialsCache`](crate::CredentialsCache).
#[derive(Clone)]
pub struct SsoCredentialsProvider(Arc<Shared>);

struct Shared {
    portal: Operation<GetRoleCredentials, Credentials>,
    account_id: AccountId,
    role_name: RoleName,
    start_url: Option<StartUrl>,
    token_provider: SsoTokenProvider,
    role_cache: Option<RoleCache>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl SsoCredentialsProvider {
    /// Returns a builder of a provider of the credentials of `role_name` in `account_id`. Requests
    /// go to `portal`: an [`sso_http::Portal`], with any layers, or another tower service for
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
            timeout: Duration::from_secs(60),
        }
    }

    /// Returns the role's credentials. Never expired ones.
    ///
    /// If the portal rejects the token (401), the token file is read again, the token refreshed once
    /// if that is possible, and the request repeated once.
    ///
    /// Blocks the thread only to read and write files: as [`SsoTokenProvider`] says, and for some
    /// system calls if the cache on disk is on.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] has a predicate for each kind: a login is needed, the role is not
    /// assigned, or a service or the network did not answer within the time limit.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with time enabled.
    pub async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
        self.retrieve_with(true).await
    }

    /// As [`Self::retrieve`], but never from the role-credential cache on disk. The new credentials
    /// replace the ones in that cache.
    ///
    /// For use after a service rejected credentials before their expiry.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::retrieve`] does.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with time enabled.
    pub async fn retrieve_new(&self) -> Result<Credentials, CredentialsError> {
        self.retrieve_with(false).await
    }

    async fn retrieve_with(&self, use_cached: bool) -> Result<Credentials, CredentialsError> {
        let limit = self.0.timeout;
        let request = move |left| async move {
            let answer = tokio::time::timeout(left, self.request()).await;
            answer.unwrap_or(Err(CredentialsError::Timeout { limit }))
        };
        if self.0.role_cache.as_ref().is_some_and(RoleCache::is_unused) {
            // Without a login there is nothing to write, and taking the lock would create directories.
            let token = tokio::time::timeout(limit, self.0.token_provider.retrieve_bearer_token());
            token.await.map_err(|_| CredentialsError::Timeout { limit })??;
        }
        let retrieved = match &self.0.role_cache {
            Some(cache) => {
                cache.get_or_request(self.0.clock.as_ref(), use_cached, limit, request).await
            }
            None => request(limit).await,
        };
        retrieved.map(|credentials| match credentials.account_id() {
            Some(_) => credentials,
            // Older versions of the AWS CLI do not store it.
            None => credentials.with_account_id(self.0.account_id.clone()),
        })
    }

    /// The account of the credentials.
    pub fn account_id(&self) -> &AccountId {
        &self.0.account_id
    }

    /// The role of the credentials.
    pub fn role_name(&self) -> &RoleName {
        &self.0.role_name
    }

    /// The provider of the access token.
    pub fn token_provider(&self) -> &SsoTokenProvider {
        &self.0.token_provider
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
        if source.is_access_denied() {
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
}

// A panic leaves no state half changed.
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
    portal: Operation<GetRoleCredentials, Credentials>,
    account_id: AccountId,
    role_name: RoleName,
    token_source: Option<TokenSource>,
    start_url: Option<StartUrl>,
    role_cache: Option<RoleCredentialsFile>,
    role_cache_window: Duration,
    environment: Option<Environment>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl SsoCredentialsProviderBuilder {
    /// The provider of the access token. A token provider, a token file or a start URL is required;
    /// the token provider takes precedence, then the file.
    pub fn token_provider(mut self, token_provider: SsoTokenProvider) -> Self {
        self.token_source = Some(TokenSource::Provider(token_provider));
        self
    }

    /// The file of the access token, which is then never refreshed.
    pub fn cached_token_filepath(mut self, path: impl Into<PathBuf>) -> Self {
        if !matches!(self.token_source, Some(TokenSource::Provider(_))) {
            self.token_source = Some(TokenSource::File(path.into()));
        }
        self
    }

    /// The start URL of the IAM Identity Center instance, for error texts. Without a token provider
    /// and a token file, the access token comes from the standard token file for this URL, as for a
    /// legacy profile, and is never refreshed.
    pub fn start_url(mut self, start_url: StartUrl) -> Self {
        self.start_url = Some(start_url);
        self
    }

    /// Keeps the credentials also in this file, which the AWS CLI uses too, and takes them from it
    /// while they are valid: all processes together make one request. The default is not to, since
    /// it writes credentials to disk.
    pub fn role_credentials_file(mut self, file: RoleCredentialsFile) -> Self {
        self.role_cache = Some(file);
        self
    }

    /// The remaining lifetime that credentials in the file must have. The default is 15 minutes, as
    /// for the AWS CLI.
    pub fn role_credentials_window(mut self, window: Duration) -> Self {
        self.role_cache_window = window;
        self
    }

    /// The environment that gives the home directory, for [`Self::start_url`]. The default is the
    /// process's.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
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

    /// How long a whole retrieval may take, the token's refresh and retries included. The default is
    /// 60 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Builds the provider. Nothing is read, sent or spawned before the first retrieval.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoTokenSource`] without a token provider, a token file and a start URL;
    /// [`ConfigError::Cache`] if the start URL is used and no home directory is known.
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
            role_cache: self.role_cache.map(|file| RoleCache::new(file, self.role_cache_window)),
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
