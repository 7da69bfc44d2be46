//! Role credentials: an access token exchanged at the SSO portal.
//!
//! Not responsible for keeping them in memory (`CredentialsCache`), nor for the token's refresh.

use std::fmt;
use std::future::Future;
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

/// Gives the credentials of one account and role, from the SSO portal. Clone it freely.
///
/// Every retrieval asks the portal, unless the role-credential cache on disk is switched on and
/// answers; [`CredentialsCache`](crate::CredentialsCache) is what a long-running program wants
/// around it. Needs a tokio runtime with time enabled.
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
    time_limit: Duration,
}

impl SsoCredentialsProvider {
    /// A provider of the credentials of `role_name` in `account_id` that asks `portal`: an
    /// [`sso_http::Portal`], with whatever layers, or any other tower service for
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
            time_limit: Duration::from_secs(60),
        }
    }

    /// The role's credentials. Never expired ones.
    ///
    /// Fails when a login is needed, when the role is not assigned, when a service or the network does
    /// not answer within the time limit: [`CredentialsError`] has a predicate for each. Waits without
    /// blocking the thread, but for reading and writing files: for as long as [`SsoTokenProvider`] says,
    /// and for some system calls where the cache on disk is switched on.
    ///
    /// A token that the portal refuses before its time (401) is looked for anew: the file is read
    /// again, the token refreshed once where it can be, and the portal asked once more.
    pub async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
        self.retrieve_with(true).await
    }

    /// As [`Self::retrieve`], but never from the role-credential cache on disk. The new credentials
    /// replace the ones in that cache.
    ///
    /// For credentials that a service rejected before their expiry.
    pub async fn retrieve_new(&self) -> Result<Credentials, CredentialsError> {
        self.retrieve_with(false).await
    }

    async fn retrieve_with(&self, use_cached: bool) -> Result<Credentials, CredentialsError> {
        let limit = self.0.time_limit;
        let ask = move |left| async move {
            let answer = tokio::time::timeout(left, self.ask()).await;
            answer.unwrap_or(Err(CredentialsError::Timeout { limit }))
        };
        if self.0.role_cache.as_ref().is_some_and(RoleCache::is_unused) {
            // Without a login there is nothing to write: the lock would only make directories.
            let token = tokio::time::timeout(limit, self.0.token_provider.retrieve_bearer_token());
            token.await.map_err(|_| CredentialsError::Timeout { limit })??;
        }
        let retrieved = match &self.0.role_cache {
            Some(cache) => cache.get_or(self.0.clock.as_ref(), use_cached, limit, ask).await,
            None => ask(limit).await,
        };
        retrieved.map(|credentials| match credentials.account_id() {
            Some(_) => credentials,
            // What an older AWS CLI has cached does not say it.
            None => credentials.with_account_id(self.0.account_id.clone()),
        })
    }

    /// The account whose credentials these are.
    pub fn account_id(&self) -> &AccountId {
        &self.0.account_id
    }

    /// The role whose credentials these are.
    pub fn role_name(&self) -> &RoleName {
        &self.0.role_name
    }

    /// Where the access token comes from.
    pub fn token_provider(&self) -> &SsoTokenProvider {
        &self.0.token_provider
    }

    async fn ask(&self) -> Result<Credentials, CredentialsError> {
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

/// Where the access token comes from, as the caller says it.
#[derive(Debug)]
enum TokenSource {
    Provider(SsoTokenProvider),
    File(PathBuf),
}

/// Makes an [`SsoCredentialsProvider`]. Each setter is named as the option, which says its default.
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
    time_limit: Duration,
}

impl SsoCredentialsProviderBuilder {
    /// The access token comes from here, refreshed when it runs out. This, a token file or a start
    /// URL must be given; this one wins, then the file.
    pub fn token_provider(mut self, token_provider: SsoTokenProvider) -> Self {
        self.token_source = Some(TokenSource::Provider(token_provider));
        self
    }

    /// The access token comes from this file and is never refreshed.
    pub fn cached_token_filepath(mut self, path: impl Into<PathBuf>) -> Self {
        if !matches!(self.token_source, Some(TokenSource::Provider(_))) {
            self.token_source = Some(TokenSource::File(path.into()));
        }
        self
    }

    /// The start URL of the IAM Identity Center instance, for error texts; and where nothing else
    /// says where the access token comes from, it comes from the standard token file for this URL
    /// (as for a legacy profile) and is never refreshed.
    pub fn start_url(mut self, start_url: StartUrl) -> Self {
        self.start_url = Some(start_url);
        self
    }

    /// Keeps the credentials in this file too, the one that the AWS CLI keeps them in, and takes
    /// them from there while they are good: shared between processes, which make one request.
    /// Off, unless set here: it puts credentials on the disk.
    pub fn role_credentials_file(mut self, file: RoleCredentialsFile) -> Self {
        self.role_cache = Some(file);
        self
    }

    /// How much of their life the credentials in the file must have left: 15 minutes, as for the
    /// AWS CLI, unless set here.
    pub fn role_credentials_window(mut self, window: Duration) -> Self {
        self.role_cache_window = window;
        self
    }

    /// The environment that tells the home directory, for [`Self::start_url`]: the process's,
    /// unless set here.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
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

    /// How long a whole retrieval may take, the token's refresh and retries included: 60 seconds,
    /// unless set here.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Makes the provider. Nothing is read, sent or spawned before the first retrieval. Fails when
    /// nothing says where the access token comes from, or when a start URL does and no home directory
    /// is known.
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
            time_limit: self.time_limit,
        })))
    }
}
