//! Builds the providers of a profile from the shared config files and the environment.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sso_cache::TokenFile;
use sso_config::{
    Locations, Setting, SettingSource, Settings, SharedConfig, SsoProfile, SsoSession,
};
use sso_http::{Endpoint, EndpointError, EndpointVariant, HttpsClient, Oidc, Portal, RetryLayer};
use sso_types::{Clock, Environment, ProgressObserver, SystemClock};

use crate::profile_providers::{ProfileProviders, Target};
use crate::token_refresh::DEFAULT_TIMEOUT;
use crate::{ConfigError, SsoTokenProvider};

impl ProfileProviders {
    /// Returns a builder whose options all have defaults.
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
            observer: ProgressObserver::default(),
        }
    }
}

/// Builds [`ProfileProviders`].
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
    observer: ProgressObserver,
}

impl ProfileProvidersBuilder {
    /// Sets the environment. The default is the environment of the process.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Sets the profile. The default is the profile that the environment names, or else `default`.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// Sets an sso-session instead of a profile. It provides access tokens, but no role
    /// credentials. Takes precedence over [`profile`](Self::profile).
    pub fn sso_session(mut self, name: impl Into<String>) -> Self {
        self.sso_session = Some(name.into());
        self
    }

    /// Sets the contents of the shared config files. By default, [`build`](Self::build) reads the
    /// files.
    pub fn shared_config(mut self, config: SharedConfig) -> Self {
        self.shared_config = Some(config);
        self
    }

    /// Sets the directory of the token files. The default is `~/.aws/sso/cache`.
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(dir.into());
        self
    }

    /// Sets whether to use the AWS CLI's cache of role credentials on disk. The default is false.
    pub fn role_credentials_cache(mut self, on: bool) -> Self {
        self.role_credentials_cache = on;
        self
    }

    /// Sets the directory of cached role credentials. The default is the AWS CLI's directory,
    /// `~/.aws/cli/cache`. Used only with [`role_credentials_cache`](Self::role_credentials_cache).
    pub fn role_cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.role_cache_dir = Some(dir.into());
        self
    }

    /// Sets the time limit for opening a connection. The default is 3.1 seconds.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(limit);
        self
    }

    /// Sets the time limit for one retrieval, including a token refresh and all retries. The
    /// default is 60 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sets the HTTPS client, so that several profiles can share connections. The default is a new
    /// client for this profile. The builder and the settings do not change the certificates, proxies,
    /// connect timeout or `User-Agent` of the given client.
    pub fn https_client(mut self, client: HttpsClient) -> Self {
        self.https_client = Some(client);
        self
    }

    /// Sets the time limit for waiting while another process refreshes the same token. The default
    /// is 20 seconds.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = Some(limit);
        self
    }

    /// Sets how long before its expiry the access token is refreshed. The default is 5 minutes.
    pub fn refresh_window(mut self, window: Duration) -> Self {
        self.refresh_window = Some(window);
        self
    }

    /// Sets the maximum number of attempts for a request, including the first. The default is the
    /// configured number, or else 3.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = Some(max_attempts);
        self
    }

    /// Sets the program in the login command that errors show. The default is `aws sso login`.
    pub fn login_program(mut self, program: impl Into<String>) -> Self {
        self.login_program = Some(program.into());
        self
    }

    /// Sets whether to use an unexpired token of another session with the same start URL if this
    /// session has no token. The default is false.
    pub fn accept_other_session(mut self, accept: bool) -> Self {
        self.accept_other_session = accept;
        self
    }

    /// Sets whether to refresh an expired token even if the new token cannot be written. The
    /// default is false. See
    /// [`SsoTokenProviderBuilder::allow_unsaved_refresh`](crate::SsoTokenProviderBuilder::allow_unsaved_refresh).
    pub fn allow_unsaved_refresh(mut self, allow: bool) -> Self {
        self.allow_unsaved_refresh = allow;
        self
    }

    /// Sets a suffix for the `User-Agent` header of requests, such as the program's name and
    /// version.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent = Some(suffix.into());
        self
    }

    /// Sets the clock. The default is the system clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the observer of retries and of waits for other processes. The default ignores them.
    pub fn progress_observer(mut self, observer: ProgressObserver) -> Self {
        self.observer = observer;
        self
    }

    /// Resolves the configuration. Reads the shared config files, which blocks for some system
    /// calls. Sends no request and spawns no task.
    ///
    /// # Errors
    ///
    /// Fails if a file, the profile, a setting or a proxy variable cannot be used. The error names
    /// the file and the line, or the variable.
    pub fn build(self) -> Result<ProfileProviders, ConfigError> {
        let environment = self.environment.clone().unwrap_or_else(Environment::from_process);
        let (target, settings, config_files) = self.resolve(&environment)?;
        let https = match &self.https_client {
            Some(client) => client.clone(),
            None => self.new_https_client(&settings, &environment)?,
        };
        let (portal, oidc) = endpoints(&target, &settings)?;
        let retry = self.retry(&settings);

        let cache_dir = match &self.cache_dir {
            Some(dir) => dir.clone(),
            None => sso_cache::token_cache_dir(&environment)?,
        };
        let file = TokenFile::new(cache_dir.join(target.cache_key().file_name()));
        let file = config_files.into_iter().fold(file, TokenFile::with_config_file);
        let oidc = Oidc::with_endpoint(https.clone(), oidc);
        let token_provider = self.token_provider(&target, oidc, file, retry.clone())?;

        let role_cache_dir = match self.role_cache_dir {
            _ if !self.role_credentials_cache => None,
            Some(dir) => Some(dir),
            None => Some(sso_cache::role_cache_dir(&environment)?),
        };
        Ok(ProfileProviders {
            portal: Portal::with_endpoint(https.clone(), portal),
            https,
            target,
            settings,
            token_provider,
            retry,
            role_cache_dir,
            timeout: self.timeout,
            clock: self.clock,
            observer: self.observer,
        })
    }

    /// Returns the requested profile or session, its settings, and the config files that exist.
    fn resolve(
        &self,
        environment: &Environment,
    ) -> Result<(Target, Settings, Vec<PathBuf>), ConfigError> {
        let loaded;
        let config = if let Some(config) = &self.shared_config {
            config
        } else {
            loaded = SharedConfig::load(&Locations::from_environment(environment)?)?;
            &loaded
        };
        let files = [
            config.config_file_exists().then(|| config.config_file().to_owned()),
            config.credentials_file_exists().then(|| config.credentials_file().to_owned()),
        ];
        let files = files.into_iter().flatten().collect();
        if let Some(name) = &self.sso_session {
            let settings = Settings::resolve(None, config, environment)?;
            let session = Target::Session(SsoSession::resolve(config, name)?);
            return Ok((session, settings, files));
        }
        let (name, _) = sso_config::selected_profile(self.profile.as_deref(), environment)?;
        let profile = SsoProfile::resolve(config, &name, environment)?;
        let settings = profile.settings().clone();
        Ok((Target::Profile(Box::new(profile)), settings, files))
    }

    fn retry(&self, settings: &Settings) -> RetryLayer {
        let configured = &settings.max_attempts;
        let is_configured = configured.source != SettingSource::Default;
        let max_attempts = self.max_attempts.or(is_configured.then_some(configured.value));
        // Shorter than the timeout of the whole retrieval, so that the error is that of the service.
        let throttle_timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT) / 10 * 9;
        let retry = RetryLayer::standard()
            .progress_observer(self.observer.clone())
            .throttle_timeout(throttle_timeout);
        max_attempts.into_iter().fold(retry, RetryLayer::max_attempts)
    }

    /// Returns the provider of the access token. The token of a legacy profile is not refreshed.
    fn token_provider(
        &self,
        target: &Target,
        oidc: Oidc<HttpsClient>,
        file: TokenFile,
        retry: RetryLayer,
    ) -> Result<SsoTokenProvider, ConfigError> {
        let mut builder = match (target.sso_session(), target) {
            // No retry layer: the token provider retries by itself, and reads the token file before
            // each retry. A layer would multiply the attempts.
            (Some(session), _) => {
                SsoTokenProvider::builder(oidc, file).sso_session(session).retry_all(retry)
            }
            (None, Target::Profile(profile)) => SsoTokenProvider::builder_without_refresh(file)
                .legacy_profile(profile.profile_name()),
            // Unreachable, since a session always has a name.
            (None, Target::Session(_)) => SsoTokenProvider::builder_without_refresh(file),
        };
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
            .region(target.region().clone())
            .start_url(target.start_url().clone())
            .accept_other_session(self.accept_other_session)
            .allow_unsaved_refresh(self.allow_unsaved_refresh)
            .shared_clock(Arc::clone(&self.clock))
            .progress_observer(self.observer.clone())
            .build()
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

/// Returns the endpoints of the portal and of OIDC.
fn endpoints(target: &Target, settings: &Settings) -> Result<(Endpoint, Endpoint), EndpointError> {
    let variant = EndpointVariant::default()
        .with_fips(settings.use_fips.value)
        .with_dual_stack(settings.use_dual_stack.value);
    let portal = match &settings.portal_endpoint {
        Some(url) => endpoint_override(url)?,
        None => Endpoint::portal(target.region(), variant),
    };
    let oidc = match &settings.oidc_endpoint {
        Some(url) => endpoint_override(url)?,
        None => Endpoint::oidc(target.region(), variant.for_oidc(target.start_url())),
    };
    Ok((portal, oidc))
}

/// Returns the endpoint that a setting configures. Errors in its URL, and errors of requests to it,
/// name the setting.
fn endpoint_override(url: &Setting<String>) -> Result<Endpoint, EndpointError> {
    let origin = url.source.to_string();
    match url.value.parse::<Endpoint>() {
        Ok(endpoint) => Ok(endpoint.with_origin(origin)),
        Err(error) => Err(error.with_origin(origin)),
    }
}
