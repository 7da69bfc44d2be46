//! Role credentials for the AWS SDK for Rust.
//!
//! Not responsible for getting or caching them: `sso_provider::CredentialsCache` does.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError as SdkError;
use aws_credential_types::provider::{ProvideCredentials, Result as SdkResult, future};
use sso_provider::{CredentialsCache, CredentialsError, LoginReason, TokenError};
use sso_types::AccountId;

/// A [`CredentialsCache`] as the AWS SDK's `ProvideCredentials`.
///
/// Expiry, account id and the provider's name are carried over. The SDK keeps a cache of its own
/// in front; leave it on or off as you like, ours answers from memory.
///
/// Errors, in the SDK's kinds, with ours as the source:
///
/// * *not loaded*: nobody has logged in, so that a provider chain goes on to its next provider;
/// * *timed out*: the time limit of the retrieval, which is all that the SDK keeps of it;
/// * *provider error*: all else, an expired login among it.
///
/// What is wrong with a profile or an option is found when the cache is made, before all this.
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
            self.0.retrieve().await.map(translate).map_err(classify)
        })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.0.current().map(translate)
    }
}

impl SdkCredentialsProvider {
    /// The credentials, outside of a provider chain: what `provide_credentials` gives, with the errors
    /// that [`SdkCredentialsProvider`] lists.
    pub async fn retrieve(&self) -> SdkResult {
        self.provide_credentials().await
    }
}

#[expect(clippy::needless_pass_by_value, reason = "fits Option::map and Result::map as it is")]
fn translate(credentials: sso_types::Credentials) -> Credentials {
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
        CredentialsError::Timeout { limit }
        | CredentialsError::InvalidToken(TokenError::Timeout { limit }) => {
            SdkError::provider_timed_out(*limit)
        }
        _ => SdkError::provider_error(error),
    }
}
