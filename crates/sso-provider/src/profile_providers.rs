//! From a profile name to its providers: what the shared config files and the environment say, put
//! together.
//!
//! Not responsible for reading the files (`sso_config`), nor for what the providers do.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sso_cache::{CacheKey, RoleCredentialsFile, TokenFile};
use sso_config::{
    Locations, Setting, SettingSource, Settings, SharedConfig, SsoProfile, SsoSession,
};
use sso_http::{Endpoint, EndpointError, EndpointVariant, HttpsClient, Oidc, Portal, RetryLayer};
use sso_types::{Clock, Environment, Region, SessionName, StartUrl, SystemClock};
use tower::Layer;

use crate::{
    ConfigError, CredentialsCache, SsoCredentialsProvider, SsoTokenProvider,
    SsoTokenProviderBuilder,
};

/// What one profile, or one sso-session, of the shared config files gives: its token provider, its
/// portal, its credentials.
#[derive(Debug, Clone)]
pub struct ProfileProviders {
    asked_for: AskedFor,
    settings: Settings,
    token_provider: SsoTokenProvider,
    https: HttpsClient,
    portal: Portal<HttpsClient>,
    retry: RetryLayer,
    role_cache_dir: Option<PathBuf>,
    timeout: Option<Duration>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Clone)]
enum AskedFor {
    Profile(Box<SsoProfile>),
    Session(SsoSession),
}

impl ProfileProviders {
    /// The options, all of them optional.
    pub fn builder() -> ProfileProvidersBuilder {
        ProfileProvidersBuilder {
            environment: None,
            profile: None,
            sso_session: None,
            shared_config: None,
            cache_dir: None,
            role_credentials_cache: false,
            role_cache_dir: None,
            accept_other_session: false,
            connect_timeout: None,
            timeout: None,
            allow_unsaved_refresh: false,
            https_client: None,
            lock_timeout: None,
            refresh_window: None,
            max_attempts: None,
            login_program: None,
            user_agent: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// What the profile asks for; `None` where an sso-session was asked for.
    pub fn sso_profile(&self) -> Option<&SsoProfile> {
        match &self.asked_for {
            AskedFor::Profile(profile) => Some(profile),
            AskedFor::Session(_) => None,
        }
    }

    /// The warnings of the shared config files that concern the profile or the session.
    pub fn config_warnings(&self) -> &[sso_config::Warning] {
        match &self.asked_for {
            AskedFor::Profile(profile) => profile.warnings(),
            AskedFor::Session(session) => session.warnings(),
        }
    }

    /// The endpoints and the other settings, each with where it came from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The provider of the access token.
    pub fn token_provider(&self) -> &SsoTokenProvider {
        &self.token_provider
    }

    /// The SSO portal, without retries: for the operations that list accounts and roles.
    pub fn portal(&self) -> &Portal<HttpsClient> {
        &self.portal
    }

    /// What carries the requests: for a portal with layers of the caller's own below it.
    pub fn https_client(&self) -> &HttpsClient {
        &self.https
    }

    /// The retries that the settings ask for, as a layer over a service. Clones share one budget.
    pub fn retry_layer(&self) -> &RetryLayer {
        &self.retry
    }

    /// The file of the AWS CLI's cache that the profile's role credentials are kept in, where
    /// that cache is switched on.
    pub fn role_credentials_file(&self) -> Option<RoleCredentialsFile> {
        let (account_id, role_name) = self.sso_profile()?.role()?;
        let dir = self.role_cache_dir.as_ref()?;
        let login = self.asked_for.cache_key();
        Some(RoleCredentialsFile::standard(dir, account_id, role_name, &login))
    }

    /// The provider of the profile's role credentials. Each call makes another one, over the same token
    /// provider. Fails for a session, and for a profile without account and role
    /// ([`ConfigError::TokenOnly`]).
    pub fn credentials_provider(&self) -> Result<SsoCredentialsProvider, ConfigError> {
        let token_only = |profile: &str| ConfigError::TokenOnly { profile: profile.to_owned() };
        let profile = match &self.asked_for {
            AskedFor::Profile(profile) => profile,
            AskedFor::Session(session) => return Err(token_only(session.name().as_str())),
        };
        let Some((account_id, role_name)) = profile.role() else {
            return Err(token_only(profile.profile_name()));
        };
        let portal = self.retry.layer(self.portal.clone());
        let mut builder =
            SsoCredentialsProvider::builder(portal, account_id.clone(), role_name.clone())
                .token_provider(self.token_provider.clone())
                .start_url(profile.start_url().clone())
                .shared_clock(Arc::clone(&self.clock));
        if let Some(file) = self.role_credentials_file() {
            builder = builder.role_credentials_file(file);
        }
        if let Some(limit) = self.timeout {
            builder = builder.timeout(limit);
        }
        builder.build()
    }

    /// Returns a cache around [`Self::credentials_provider`], with the same clock.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::credentials_provider`] does.
    pub fn credentials_cache(&self) -> Result<CredentialsCache, ConfigError> {
        let mut cache = CredentialsCache::builder(self.credentials_provider()?);
        if let Some(limit) = self.timeout {
            cache = cache.timeout(limit);
        }
        Ok(cache.shared_clock(Arc::clone(&self.clock)).into_cache())
    }
}

impl AskedFor {
    fn region(&self) -> &Region {
        match self {
            Self::Profile(profile) => profile.region(),
            Self::Session(session) => session.region(),
        }
    }

    fn start_url(&self) -> &StartUrl {
        match self {
            Self::Profile(profile) => profile.start_url(),
            Self::Session(session) => session.start_url(),
        }
    }

    fn sso_session(&self) -> Option<&SessionName> {
        match self {
            Self::Profile(profile) => profile.sso_session(),
            Self::Session(session) => Some(session.name()),
        }
    }

    /// What the files of the login are named after.
    fn cache_key(&self) -> CacheKey {
        let by_start_url = || CacheKey::for_start_url(self.start_url());
        self.sso_session().map_or_else(by_start_url, CacheKey::for_session)
    }
}

/// Makes [`ProfileProviders`]. Each setter is named as the option, which says its default.
#[derive(Debug)]
#[must_use]
pub struct ProfileProvidersBuilder {
    environment: Option<Environment>,
    profile: Option<String>,
    sso_session: Option<String>,
    shared_config: Option<SharedConfig>,
    cache_dir: Option<PathBuf>,
    role_credentials_cache: bool,
    role_cache_dir: Option<PathBuf>,
    accept_other_session: bool,
    connect_timeout: Option<Duration>,
    timeout: Option<Duration>,
    allow_unsaved_refresh: bool,
    https_client: Option<HttpsClient>,
    lock_timeout: Option<Duration>,
    refresh_window: Option<Duration>,
    max_attempts: Option<u32>,
    login_program: Option<String>,
    user_agent: Option<String>,
    clock: Arc<dyn Clock>,
}

impl ProfileProvidersBuilder {
    /// The environment: the process's, unless set here.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// The profile: the one that the environment names, else `default`, unless set here.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// An sso-session instead of a profile, also where one is set here: it gives access tokens, but no
    /// role credentials.
    pub fn sso_session(mut self, name: impl Into<String>) -> Self {
        self.sso_session = Some(name.into());
        self
    }

    /// The shared config files, where they have been read already: read by
    /// [`build`](Self::build), unless set here.
    pub fn shared_config(mut self, config: SharedConfig) -> Self {
        self.shared_config = Some(config);
        self
    }

    /// The directory of the token files: `~/.aws/sso/cache`, unless set here.
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(dir.into());
        self
    }

    /// Whether role credentials are kept in, and taken from, the AWS CLI's cache on disk: no,
    /// unless set here.
    pub fn role_credentials_cache(mut self, on: bool) -> Self {
        self.role_credentials_cache = on;
        self
    }

    /// The directory of cached role credentials: the AWS CLI's, `~/.aws/cli/cache`, unless set here.
    /// Used only with [`role_credentials_cache`](Self::role_credentials_cache).
    pub fn role_cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.role_cache_dir = Some(dir.into());
        self
    }

    /// The time limit for opening a connection: 3.1 seconds, unless set here.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(limit);
        self
    }

    /// The time limit for one retrieval, with the refresh of the token and all retries: 60 seconds,
    /// unless set here.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// An HTTPS client, to share its connections among profiles. The default is a client of this
    /// profile alone. The settings for certificates, proxies and connecting must be made on it.
    pub fn https_client(mut self, client: HttpsClient) -> Self {
        self.https_client = Some(client);
        self
    }

    /// How long to wait for another process that refreshes the same token. The default is 20 seconds.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = Some(limit);
        self
    }

    /// How long before its expiry the access token is refreshed. The default is 5 minutes.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = Some(window);
        self
    }

    /// How often a request is sent in all. The default is the configured number, else 3.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = Some(max_attempts);
        self
    }

    /// The program in the login command that errors name. The default is `aws sso login`.
    pub fn login_program(mut self, program: impl Into<String>) -> Self {
        self.login_program = Some(program.into());
        self
    }

    /// Whether an unexpired token of another session with the same start URL is taken where there
    /// is none of this one: no, unless set here.
    pub fn accept_other_session(mut self, accept: bool) -> Self {
        self.accept_other_session = accept;
        self
    }

    /// Whether an expired token is refreshed even if the new one cannot be written: see
    /// [`SsoTokenProviderBuilder::allow_unsaved_refresh`](crate::SsoTokenProviderBuilder::allow_unsaved_refresh).
    /// The default is not to.
    pub fn allow_unsaved_refresh(mut self, allow: bool) -> Self {
        self.allow_unsaved_refresh = allow;
        self
    }

    /// What is added to the `User-Agent` of requests, to name the program.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent = Some(suffix.into());
        self
    }

    /// The clock: the machine's, unless set here.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Resolves the configuration. Reads the shared config files, which blocks shortly; sends and
    /// spawns nothing. Fails when a file, the profile, a setting or a proxy variable cannot be used; the
    /// error names the file and the line, or the variable.
    pub fn build(mut self) -> Result<ProfileProviders, ConfigError> {
        let environment = self.environment.take().unwrap_or_else(Environment::from_process);
        let (asked_for, settings, config_file) = self.resolve(&environment)?;
        let https = match self.https_client.take() {
            Some(client) => client,
            None => self.new_https_client(&settings, &environment)?,
        };
        let variant = EndpointVariant {
            fips: settings.use_fips.value,
            dual_stack: settings.use_dual_stack.value,
        };
        let portal_endpoint = match &settings.portal_endpoint {
            Some(url) => endpoint_override(url)?,
            None => Endpoint::portal(asked_for.region(), variant),
        };
        let oidc_endpoint = match &settings.oidc_endpoint {
            Some(url) => endpoint_override(url)?,
            None => Endpoint::oidc(asked_for.region(), variant),
        };
        let mut retry = RetryLayer::standard();
        if let Some(max_attempts) = self.max_attempts {
            retry = retry.max_attempts(max_attempts);
        } else if settings.max_attempts.source != SettingSource::Default {
            retry = retry.max_attempts(settings.max_attempts.value);
        }

        let cache_dir = match self.cache_dir.take() {
            Some(dir) => dir,
            None => sso_cache::token_cache_dir(&environment)?,
        };
        let file = TokenFile::new(cache_dir.join(asked_for.cache_key().file_name()))
            .with_config_file(config_file);
        let token_provider = match (asked_for.sso_session(), &asked_for) {
            (Some(session), _) => {
                // No retry layer: the provider looks at the file before it repeats a refresh, and what
                // a layer tries again would multiply what it does.
                let oidc = Oidc::with_endpoint(https.clone(), oidc_endpoint);
                SsoTokenProvider::builder(oidc, file).sso_session(session).retry_all(retry.clone())
            }
            (None, AskedFor::Profile(profile)) => {
                SsoTokenProvider::builder_without_refresh(file).profile(profile.profile_name())
            }
            // A session has a name.
            (None, AskedFor::Session(_)) => SsoTokenProvider::builder_without_refresh(file),
        };
        let token_provider = token_provider
            .region(asked_for.region().clone())
            .start_url(asked_for.start_url().clone())
            .accept_other_session(self.accept_other_session)
            .allow_unsaved_refresh(self.allow_unsaved_refresh)
            .shared_clock(Arc::clone(&self.clock));
        let token_provider = self.with_options(token_provider).build()?;

        let role_cache_dir = match self.role_cache_dir.take() {
            _ if !self.role_credentials_cache => None,
            Some(dir) => Some(dir),
            None => Some(sso_cache::role_cache_dir(&environment)?),
        };
        Ok(ProfileProviders {
            portal: Portal::with_endpoint(https.clone(), portal_endpoint),
            https,
            asked_for,
            settings,
            token_provider,
            retry,
            role_cache_dir,
            timeout: self.timeout,
            clock: self.clock,
        })
    }

    /// The requested profile or session with its settings, and the config file that they come from.
    fn resolve(
        &self,
        environment: &Environment,
    ) -> Result<(AskedFor, Settings, PathBuf), ConfigError> {
        let loaded;
        let config = if let Some(config) = &self.shared_config {
            config
        } else {
            loaded = SharedConfig::load(&Locations::from_environment(environment)?)?;
            &loaded
        };
        let config_file = config.config_file().to_owned();
        if let Some(name) = &self.sso_session {
            let settings = Settings::resolve(None, config, environment)?;
            let session = AskedFor::Session(SsoSession::resolve(config, name)?);
            return Ok((session, settings, config_file));
        }
        let (name, _) = sso_config::selected_profile(self.profile.as_deref(), environment)?;
        let profile = SsoProfile::resolve(config, &name, environment)?;
        let settings = profile.settings().clone();
        Ok((AskedFor::Profile(Box::new(profile)), settings, config_file))
    }

    fn with_options(&self, mut builder: SsoTokenProviderBuilder) -> SsoTokenProviderBuilder {
        if let Some(limit) = self.timeout {
            builder = builder.timeout(limit);
        }
        if let Some(limit) = self.lock_timeout {
            builder = builder.lock_timeout(limit);
        }
        if let Some(window) = self.refresh_window {
            builder = builder.refresh_window(window);
        }
        if let Some(program) = &self.login_program {
            builder = builder.login_program(program);
        }
        builder
    }

    fn new_https_client(
        &self,
        settings: &Settings,
        environment: &Environment,
    ) -> Result<HttpsClient, ConfigError> {
        let mut client =
            HttpsClient::builder().proxies_from(environment).certificates_from(environment);
        if let Some(bundle) = &settings.ca_bundle {
            client = client.ca_bundle(&bundle.value).ca_bundle_origin(bundle.source.to_string());
        }
        if let Some(limit) = self.connect_timeout {
            client = client.connect_timeout(limit);
        }
        if let Some(suffix) = &self.user_agent {
            client = client.user_agent_suffix(suffix);
        }
        Ok(client.build()?)
    }
}

/// The endpoint that a setting sets; its errors, and those of calls to it, name the setting.
fn endpoint_override(url: &Setting<String>) -> Result<Endpoint, EndpointError> {
    let origin = url.source.to_string();
    match url.value.parse::<Endpoint>() {
        Ok(endpoint) => Ok(endpoint.with_origin(origin)),
        Err(error) => Err(error.with_origin(origin)),
    }
}
