//! The providers of a profile.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sso_cache::{CacheKey, RoleCredentialsFile};
use sso_config::{Settings, SsoProfile, SsoSession};
use sso_http::{HttpsClient, Portal, RetryLayer};
use sso_types::{Clock, ProgressObserver, Region, SessionName, StartUrl};
use tower::Layer;

use crate::{ConfigError, CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};

/// The providers of one profile or sso-session of the shared config files: the access token, the
/// SSO portal, and the credentials.
#[derive(Debug, Clone)]
pub struct ProfileProviders {
    pub(crate) target: Target,
    pub(crate) settings: Settings,
    pub(crate) token_provider: SsoTokenProvider,
    pub(crate) https: HttpsClient,
    pub(crate) portal: Portal<HttpsClient>,
    pub(crate) retry: RetryLayer,
    pub(crate) role_cache_dir: Option<PathBuf>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: ProgressObserver,
}

#[derive(Debug, Clone)]
pub(crate) enum Target {
    Profile(Box<SsoProfile>),
    Session(SsoSession),
}

impl ProfileProviders {
    /// Returns the resolved profile, or `None` for an sso-session.
    pub fn sso_profile(&self) -> Option<&SsoProfile> {
        match &self.target {
            Target::Profile(profile) => Some(profile),
            Target::Session(_) => None,
        }
    }

    /// Returns the warnings about the profile or the sso-session in the shared config files.
    pub fn config_warnings(&self) -> &[sso_config::Warning] {
        match &self.target {
            Target::Profile(profile) => profile.warnings(),
            Target::Session(session) => session.warnings(),
        }
    }

    /// Returns the endpoints and the other settings, each with its source.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the provider of the access token.
    pub fn token_provider(&self) -> &SsoTokenProvider {
        &self.token_provider
    }

    /// Returns the SSO portal without retries, for the operations that list accounts and roles.
    pub fn portal(&self) -> &Portal<HttpsClient> {
        &self.portal
    }

    /// Returns the HTTPS client. A caller can wrap it in its own layers and build a portal with the
    /// result.
    pub fn https_client(&self) -> &HttpsClient {
        &self.https
    }

    /// Returns the layer that retries requests as the settings configure. Clones share one retry
    /// budget.
    pub fn retry_layer(&self) -> &RetryLayer {
        &self.retry
    }

    /// Returns the observer that was given to the builder.
    pub fn progress_observer(&self) -> &ProgressObserver {
        &self.observer
    }

    /// Returns the AWS CLI's cache file for the profile's role credentials. Returns `None` if that
    /// cache is off, for an sso-session, and for a profile without account and role.
    pub fn role_credentials_file(&self) -> Option<RoleCredentialsFile> {
        let (account_id, role_name) = self.sso_profile()?.role()?;
        let dir = self.role_cache_dir.as_ref()?;
        let login = self.target.cache_key();
        Some(RoleCredentialsFile::standard(dir, account_id, role_name, &login))
    }

    /// Returns a new provider of the profile's role credentials. All providers that this method
    /// returns share one token provider.
    ///
    /// # Errors
    ///
    /// Fails with [`ConfigError::TokenOnly`] for an sso-session, and for a profile without account
    /// and role.
    pub fn credentials_provider(&self) -> Result<SsoCredentialsProvider, ConfigError> {
        let profile = match &self.target {
            Target::Profile(profile) => profile,
            Target::Session(session) => {
                return Err(ConfigError::token_only(session.name().as_str()));
            }
        };
        let Some((account_id, role_name)) = profile.role() else {
            return Err(ConfigError::token_only(profile.profile_name()));
        };
        let portal = self.retry.layer(self.portal.clone());
        let mut builder =
            SsoCredentialsProvider::builder(portal, account_id.clone(), role_name.clone())
                .token_provider(self.token_provider.clone())
                .start_url(profile.start_url().clone())
                .shared_clock(Arc::clone(&self.clock))
                .progress_observer(self.observer.clone());
        if let Some(file) = self.role_credentials_file() {
            builder = builder.role_credentials_file(file);
        }
        if let Some(limit) = self.timeout {
            builder = builder.timeout(limit);
        }
        builder.build()
    }

    /// Returns a cache over [`Self::credentials_provider`], with the same clock.
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

// A panic leaves no inconsistent state.
impl UnwindSafe for ProfileProviders {}
impl RefUnwindSafe for ProfileProviders {}

impl Target {
    pub(crate) fn region(&self) -> &Region {
        match self {
            Self::Profile(profile) => profile.region(),
            Self::Session(session) => session.region(),
        }
    }

    pub(crate) fn start_url(&self) -> &StartUrl {
        match self {
            Self::Profile(profile) => profile.start_url(),
            Self::Session(session) => session.start_url(),
        }
    }

    pub(crate) fn sso_session(&self) -> Option<&SessionName> {
        match self {
            Self::Profile(profile) => profile.sso_session(),
            Self::Session(session) => Some(session.name()),
        }
    }

    /// Returns the key that names the login's cache files.
    pub(crate) fn cache_key(&self) -> CacheKey {
        let by_start_url = || CacheKey::for_start_url(self.start_url());
        self.sso_session().map_or_else(by_start_url, CacheKey::for_session)
    }
}
