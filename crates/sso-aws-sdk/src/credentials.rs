//! Role credentials for the AWS SDK for Rust.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError as SdkError;
use aws_credential_types::provider::{ProvideCredentials, Result as SdkResult, future};
use sso_provider::{
    CredentialsCache, CredentialsError, LoginReason, ProvideCredentials as Provider, TokenError,
};
use sso_types::AccountId;

/// Role credentials of an AWS SSO login as the AWS SDK's [`ProvideCredentials`], for
/// `aws_config::defaults(..).credentials_provider(..)` and the configuration of any service client.
///
/// The SDK's credentials have the expiry, the account ID and the provider's name. The SDK caches
/// them, and so does this provider. Clones share the cache.
///
/// # Errors
///
/// `provide_credentials` fails with one of the SDK's kinds. The source is the [`CredentialsError`],
/// except for a timeout, of which the SDK keeps only the duration.
///
/// * *credentials not loaded*: there is no login. A provider chain tries its next provider.
/// * *provider timed out*: the retrieval took longer than its timeout.
/// * *invalid configuration*: the configuration cannot be used.
/// * *provider error*: any other failure, including an expired login.
#[derive(Debug, Clone)]
pub struct SdkCredentialsProvider(CredentialsCache);

impl From<CredentialsCache> for SdkCredentialsProvider {
    fn from(cache: CredentialsCache) -> Self {
        Self(cache)
    }
}

impl ProvideCredentials for SdkCredentialsProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.0.retrieve().await.map_err(classify)?;
            Ok(sdk_credentials(&credentials))
        })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.0.current().as_ref().map(sdk_credentials)
    }
}

impl SdkCredentialsProvider {
    /// Returns a provider that caches the credentials of `provider` in a [`CredentialsCache`].
    pub fn new(provider: impl Provider) -> Self {
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

    /// Like `provide_credentials`, but without an import of the trait.
    pub async fn retrieve(&self) -> SdkResult {
        self.provide_credentials().await
    }

    /// Returns the cache of the credentials. Use it to [invalidate](CredentialsCache::invalidate)
    /// credentials that a service rejected, and to
    /// [wait for a refresh](CredentialsCache::wait_for_refresh) before a short-lived program exits.
    pub fn cache(&self) -> &CredentialsCache {
        &self.0
    }
}

/// Converts credentials to the AWS SDK's type. The secrets are copied.
pub fn sdk_credentials(credentials: &sso_types::Credentials) -> Credentials {
    let mut builder = Credentials::builder()
        .access_key_id(credentials.access_key_id())
        .secret_access_key(credentials.secret_access_key().expose_secret())
        .session_token(credentials.session_token().expose_secret())
        .expiry(credentials.expires_at_system_time())
        .provider_name(credentials.provider_name());
    builder.set_account_id(credentials.account_id().map(AccountId::as_str).map(Into::into));
    builder.build()
}

fn classify(error: CredentialsError) -> SdkError {
    match &error {
        CredentialsError::InvalidToken(TokenError::LoginRequired {
            reason: LoginReason::NoToken { .. },
            ..
        }) => SdkError::not_loaded(error),
        CredentialsError::Timeout { limit, .. }
        | CredentialsError::InvalidToken(TokenError::Timeout { limit, .. }) => {
            SdkError::provider_timed_out(*limit)
        }
        CredentialsError::Config(_) => SdkError::invalid_configuration(error),
        _ => SdkError::provider_error(error),
    }
}
