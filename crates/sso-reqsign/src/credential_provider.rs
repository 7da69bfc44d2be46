//! The provider from which a reqsign signer loads its credential.

use reqsign_aws_core::Credential;
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, Error, ErrorKind, ProvideCredential};
use sso_provider::config::SettingsError;
use sso_provider::http::ServiceErrorKind;
use sso_provider::types::Credentials;
use sso_provider::{ConfigError, CredentialsCache, CredentialsError, ProvideCredentials};

/// Role credentials of an AWS SSO login as reqsign's [`ProvideCredential`].
///
/// The credential contains its expiry. A reqsign signer uses it until two minutes before the
/// expiry. This provider returns cached credentials, and renews them four to five minutes before
/// the expiry. Clones share the cache.
///
/// # Errors
///
/// [`ProvideCredential::provide_credential`] fails only when no valid credentials are left. The
/// source of each error is the [`CredentialsError`]. If a login is needed, the message names the
/// command.
///
/// * [`ErrorKind::CredentialInvalid`]: the user must log in.
/// * [`ErrorKind::PermissionDenied`]: the role is not assigned to the user.
/// * [`ErrorKind::ConfigInvalid`]: the shared config files or the options cannot be used.
/// * [`ErrorKind::RateLimited`]: the SSO portal throttled the request until the timeout.
/// * [`ErrorKind::Unexpected`]: any other failure.
///
/// `is_retryable()` returns `true` if the same call may succeed later.
#[derive(Debug, Clone)]
pub struct SsoCredentialProvider(Option<CredentialsCache>);

impl SsoCredentialProvider {
    /// Returns a provider that caches the credentials of `provider` in a [`CredentialsCache`].
    pub fn new(provider: impl ProvideCredentials) -> Self {
        CredentialsCache::new(provider).into()
    }

    /// Returns the provider of a profile of the shared config files. Sends nothing: a missing login
    /// is an error of the first retrieval.
    ///
    /// Reads the files in a blocking task. The provider can only be used in a tokio runtime with
    /// I/O and time enabled.
    ///
    /// # Errors
    ///
    /// Fails with [`CredentialsError::Config`] if the profile is missing or unusable.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime, as [`sso_provider::from_profile()`] does.
    pub async fn from_profile(profile: impl Into<String>) -> Result<Self, CredentialsError> {
        Ok(sso_provider::from_profile(profile).await?.into())
    }

    /// Like [`Self::from_profile`], with the profile of `AWS_PROFILE`, or else of
    /// `AWS_DEFAULT_PROFILE`, or else `default`.
    ///
    /// If that profile has no SSO properties, the provider returns `None`, and a chain of providers
    /// tries the next one. The same applies if that profile is `default` and does not exist. Any
    /// other problem of the configuration is an error.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime, as [`sso_provider::from_profile()`] does.
    pub async fn from_env() -> Result<Self, CredentialsError> {
        match sso_provider::from_env().await {
            Ok(cache) => Ok(cache.into()),
            Err(error) if has_no_sso_profile(&error) => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// Returns the cache of the credentials. Use it to [invalidate](CredentialsCache::invalidate)
    /// credentials that a service rejected, and to
    /// [wait for a refresh](CredentialsCache::wait_for_refresh) before a short-lived program exits.
    ///
    /// Returns `None` if [`Self::from_env`] found no SSO profile.
    pub fn cache(&self) -> Option<&CredentialsCache> {
        self.0.as_ref()
    }
}

impl From<CredentialsCache> for SsoCredentialProvider {
    fn from(cache: CredentialsCache) -> Self {
        Self(Some(cache))
    }
}

impl ProvideCredential for SsoCredentialProvider {
    type Credential = Credential;

    async fn provide_credential(&self, _: &Context) -> reqsign_core::Result<Option<Credential>> {
        let Some(cache) = &self.0 else { return Ok(None) };
        credential(&cache.retrieve().await.map_err(error)?).map(Some)
    }
}

fn credential(credentials: &Credentials) -> reqsign_core::Result<Credential> {
    Ok(Credential {
        access_key_id: credentials.access_key_id().to_owned(),
        secret_access_key: credentials.secret_access_key().expose_secret().to_owned(),
        session_token: Some(credentials.session_token().expose_secret().to_owned()),
        expires_in: Some(Timestamp::from_second(credentials.expires_at().as_second())?),
    })
}

fn error(error: CredentialsError) -> Error {
    let is_throttled = error
        .service_error()
        .is_some_and(|it| matches!(it.kind(), ServiceErrorKind::TooManyRequests));
    let kind = if error.needs_login() {
        ErrorKind::CredentialInvalid
    } else if error.is_access_denied() {
        ErrorKind::PermissionDenied
    } else if error.is_configuration() {
        ErrorKind::ConfigInvalid
    } else if is_throttled {
        ErrorKind::RateLimited
    } else {
        ErrorKind::Unexpected
    };
    let is_transient = error.is_transient();
    Error::new(kind, format!("AWS SSO gave no credentials: {error}"))
        .set_retryable(is_transient)
        .with_source(error)
}

/// Returns `true` if the configuration does not use SSO.
fn has_no_sso_profile(error: &CredentialsError) -> bool {
    let CredentialsError::Config(ConfigError::Settings(error)) = error else { return false };
    match error {
        SettingsError::NotSso { .. } => true,
        SettingsError::ProfileNotFound { profile, .. } => profile == "default",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sso_provider::ProfileProviders;
    use sso_provider::types::Environment;

    use super::*;

    fn config_error(home: &Path, profile: Option<&str>) -> CredentialsError {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let mut variables = vec![(name.to_owned(), home.display().to_string())];
        variables.extend(profile.map(|profile| ("AWS_PROFILE".to_owned(), profile.to_owned())));
        let environment: Environment = variables.into_iter().collect();
        ProfileProviders::builder().environment(environment).build().unwrap_err().into()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a config file for the test")]
    fn only_a_configuration_without_sso_settings_has_no_sso_profile() {
        let home = tempfile::tempdir().unwrap();
        assert!(has_no_sso_profile(&config_error(home.path(), None)), "no files at all");
        assert!(!has_no_sso_profile(&config_error(home.path(), Some("missing"))));

        std::fs::create_dir(home.path().join(".aws")).unwrap();
        let config = "[default]\nregion = us-east-1\n\n[profile broken]\nsso_session = missing\n";
        std::fs::write(home.path().join(".aws/config"), config).unwrap();
        assert!(has_no_sso_profile(&config_error(home.path(), None)), "no SSO properties");
        assert!(!has_no_sso_profile(&config_error(home.path(), Some("broken"))));
    }
}
