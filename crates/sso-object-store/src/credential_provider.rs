//! The provider, which `object_store` calls before each request.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use sso_provider::types::Credentials;
use sso_provider::{CredentialsCache, CredentialsError, MappedCredentials, ProvideCredentials};

/// The name of S3 in `object_store`'s own errors.
const STORE: &str = "S3";

/// The path in errors of `object_store`. A credential does not belong to one path.
const ALL_PATHS: &str = "(all)";

/// Role credentials of an AWS SSO login as `object_store`'s [`CredentialProvider`].
///
/// `object_store` calls it for each request. While the credentials are unchanged it returns the
/// same `Arc`, without a lock. Its only allocation is the future that the trait requires. Clones
/// share the cache.
///
/// # Errors
///
/// [`CredentialProvider::get_credential`] fails only when no valid credentials are left. The source
/// of each error is the [`CredentialsError`]. If a login is needed, the message names the command.
///
/// * [`object_store::Error::Unauthenticated`]: the user must log in.
/// * [`object_store::Error::PermissionDenied`]: the role is not assigned to the user.
/// * [`object_store::Error::Generic`]: any other failure, such as a network error.
///
/// `object_store` does not retry after these errors.
#[derive(Debug, Clone)]
pub struct SsoCredentialProvider(MappedCredentials<AwsCredential>);

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
    /// # Panics
    ///
    /// Panics outside a tokio runtime, as [`sso_provider::from_profile()`] does.
    pub async fn from_env() -> Result<Self, CredentialsError> {
        Ok(sso_provider::from_env().await?.into())
    }

    /// Returns the cache of the credentials. Use it to [invalidate](CredentialsCache::invalidate)
    /// credentials that a service rejected, and to
    /// [wait for a refresh](CredentialsCache::wait_for_refresh) before a short-lived program exits.
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
