//! The provider that a reqsign signer loads its credential from.

use reqsign_aws_core::Credential;
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, Error, ErrorKind, ProvideCredential};
use sso_provider::config::SettingsError;
use sso_provider::http::ServiceErrorKind;
use sso_provider::types::Credentials;
use sso_provider::{ConfigError, CredentialsCache, CredentialsError, ProvideCredentials};

/// Role credentials of an AWS SSO login as reqsign's [`ProvideCredential`].
///
/// The credential carries its expiry. A reqsign signer keeps it until two minutes before that, then
/// asks again; this provider answers from memory and renews five minutes before the expiry. Clones
/// share everything.
///
/// # Errors
///
/// [`ProvideCredential::provide_credential`] fails only when no valid credentials are left. The
/// source of each error is the [`CredentialsError`]; the message names the command to run if a login
/// is needed.
///
/// * [`ErrorKind::CredentialInvalid`]: a person has to log in.
/// * [`ErrorKind::PermissionDenied`]: the role is not assigned to the user.
/// * [`ErrorKind::ConfigInvalid`]: the shared config files or the options cannot be used.
/// * [`ErrorKind::RateLimited`]: the SSO portal throttled the request until the time limit.
/// * [`ErrorKind::Unexpected`]: any other failure.
///
/// `is_retryable()` says whether the same call may succeed a little later.
#[derive(Debug, Clone)]
pub struct SsoCredentialProvider(Option<CredentialsCache>);

impl SsoCredentialProvider {
    /// Returns a provider over `provider`, with a [`CredentialsCache`] in front of it.
    pub fn new(provider: impl ProvideCredentials) -> Self {
        CredentialsCache::new(provider).into()
    }

    /// Returns the provider of a profile of the shared config files. Nothing is sent: whether there
    /// is a login shows with the first request.
    ///
    /// Reads the files on one of the runtime's blocking threads. Needs a tokio runtime with I/O and
    /// time enabled, for its whole life.
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

    /// As [`Self::from_profile`], for the profile that `AWS_PROFILE` names, else
    /// `AWS_DEFAULT_PROFILE`, else `default`.
    ///
    /// For a chain of providers: if that profile has no SSO properties, or if no variable names a
    /// profile and there is no `default`, the provider gives `None` and the chain goes on. Any other
    /// fault of the configuration is an error.
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

    /// The cache that the credentials come from, to
    /// [invalidate](CredentialsCache::invalidate) credentials that a service rejected; `None` if
    /// [`Self::from_env`] found no SSO profile.
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

/// Whether the configuration simply asks for nothing from SSO.
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
    fn a_chain_goes_on_only_if_nothing_asks_for_sso() {
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
