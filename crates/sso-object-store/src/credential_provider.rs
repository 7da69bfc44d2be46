//! The provider that `object_store` asks for a credential before each request.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use sso_provider::types::Credentials;
use sso_provider::{CredentialsCache, CredentialsError, MappedCredentials, ProvideCredentials};

/// The name that `object_store` itself gives S3 in its errors.
const STORE: &str = "S3";

/// `object_store` errors name a path, and a credential is not about one.
const ALL_PATHS: &str = "(all)";

/// Role credentials of an AWS SSO login as `object_store`'s [`CredentialProvider`].
///
/// `object_store` calls it for each request. While the credentials are unchanged it returns the same
/// `Arc`, without a lock and without an allocation of its own. Clones share everything.
///
/// # Errors
///
/// [`CredentialProvider::get_credential`] fails only when no valid credentials are left. The source
/// of each error is the [`CredentialsError`]; the text names the command to run if a login is needed.
///
/// * [`object_store::Error::Unauthenticated`]: a person has to log in.
/// * [`object_store::Error::PermissionDenied`]: the role is not assigned to the user.
/// * [`object_store::Error::Generic`]: any other failure, such as a network that is down.
///
/// `object_store` does not retry after any of them.
#[derive(Debug, Clone)]
pub struct SsoCredentialProvider(MappedCredentials<AwsCredential>);

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
    /// # Panics
    ///
    /// Panics outside a tokio runtime, as [`sso_provider::from_profile()`] does.
    pub async fn from_env() -> Result<Self, CredentialsError> {
        Ok(sso_provider::from_env().await?.into())
    }

    /// The cache that the credentials come from, to
    /// [invalidate](CredentialsCache::invalidate) credentials that a service rejected.
    pub fn cache(&self) -> &CredentialsCache {
        self.0.cache()
    }
}

impl From<CredentialsCache> for SsoCredentialProvider {
    fn from(cache: CredentialsCache) -> Self {
        Self(cache.map(credential))
    }
}

#[async_trait]
impl CredentialProvider for SsoCredentialProvider {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        self.0.retrieve().await.map_err(error)
    }
}

fn credential(credentials: &Credentials) -> AwsCredential {
    AwsCredential {
        key_id: credentials.access_key_id().to_owned(),
        secret_key: credentials.secret_access_key().expose_secret().to_owned(),
        token: Some(credentials.session_token().expose_secret().to_owned()),
    }
}

fn error(error: CredentialsError) -> object_store::Error {
    let path = ALL_PATHS.to_owned();
    if error.needs_login() {
        object_store::Error::Unauthenticated { path, source: error.into() }
    } else if error.is_access_denied() {
        object_store::Error::PermissionDenied { path, source: error.into() }
    } else {
        object_store::Error::Generic { store: STORE, source: error.into() }
    }
}
