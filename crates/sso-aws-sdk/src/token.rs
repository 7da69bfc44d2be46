//! The SSO access token as a bearer token for the AWS SDK for Rust.

use aws_credential_types::Token;
use aws_credential_types::provider::error::TokenError as SdkError;
use aws_credential_types::provider::future;
use aws_credential_types::provider::token::ProvideToken;
use sso_provider::{
    BearerToken, CredentialsError, LoginReason, ProfileProviders, ProfileProvidersBuilder,
    SsoTokenProvider, TokenError,
};

/// The access token of an AWS SSO login as the AWS SDK's [`ProvideToken`], for services with bearer
/// authentication and `aws_config::defaults(..).token_provider(..)`. Clones share the cached token.
///
/// A short-lived program must call [`SsoTokenProvider::wait_for_refresh`] before it exits. For this
/// call, keep an `SsoTokenProvider` and create this provider from a clone of it.
///
/// # Errors
///
/// `provide_token` fails with the kinds of
/// [`SdkCredentialsProvider`](crate::SdkCredentialsProvider), except *invalid configuration*. The
/// source is the [`TokenError`], except for a timeout, of which the SDK keeps only the duration.
#[derive(Debug, Clone)]
pub struct SdkTokenProvider(SsoTokenProvider);

impl SdkTokenProvider {
    /// Returns the token provider of a profile of the shared config files. Sends nothing. The
    /// profile does not need an account or a role.
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
        Self::from_builder(ProfileProviders::builder().profile(profile)).await
    }

    /// Like [`Self::from_profile`], with the profile of `AWS_PROFILE`, or else of
    /// `AWS_DEFAULT_PROFILE`, or else `default`.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime, as [`sso_provider::from_profile()`] does.
    pub async fn from_env() -> Result<Self, CredentialsError> {
        Self::from_builder(ProfileProviders::builder()).await
    }

    async fn from_builder(builder: ProfileProvidersBuilder) -> Result<Self, CredentialsError> {
        let providers = tokio::task::spawn_blocking(|| builder.build());
        let providers = providers.await.map_err(|_| CredentialsError::Interrupted)??;
        Ok(Self(providers.token_provider().clone()))
    }
}

impl From<SsoTokenProvider> for SdkTokenProvider {
    fn from(provider: SsoTokenProvider) -> Self {
        Self(provider)
    }
}

impl ProvideToken for SdkTokenProvider {
    fn provide_token<'a>(&'a self) -> future::ProvideToken<'a>
    where
        Self: 'a,
    {
        future::ProvideToken::new(async {
            let token = self.0.retrieve_bearer_token().await.map_err(classify)?;
            Ok(sdk_token(&token))
        })
    }
}

/// Converts an access token to the AWS SDK's type. The secret is copied.
pub fn sdk_token(token: &BearerToken) -> Token {
    Token::new(token.access_token().expose_secret(), Some(token.expires_at_system_time()))
}

fn classify(error: TokenError) -> SdkError {
    match &error {
        TokenError::LoginRequired { reason: LoginReason::NoToken { .. }, .. } => {
            SdkError::not_loaded(error)
        }
        TokenError::Timeout { limit, .. } => SdkError::provider_timed_out(*limit),
        _ => SdkError::provider_error(error),
    }
}
