//! The SSO access token as a bearer token for the AWS SDK for Rust.
//!
//! Not responsible for reading or refreshing it: `sso_provider::SsoTokenProvider` does.

use aws_credential_types::Token;
use aws_credential_types::provider::error::TokenError as SdkError;
use aws_credential_types::provider::future;
use aws_credential_types::provider::token::ProvideToken;
use sso_provider::{BearerToken, LoginReason, SsoTokenProvider, TokenError};

/// An [`SsoTokenProvider`] as the AWS SDK's `ProvideToken`, for services with bearer auth.
///
/// The kinds of errors are those of [`SdkCredentialsProvider`](crate::SdkCredentialsProvider).
#[derive(Debug, Clone)]
pub struct SdkTokenProvider(SsoTokenProvider);

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
            let token = self.0.retrieve_bearer_token().await;
            token.map(translate).map_err(classify)
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "fits Result::map as it is")]
fn translate(token: BearerToken) -> Token {
    let expires_at = token.expires_at_system_time();
    Token::new(token.access_token().expose_secret(), Some(expires_at))
}

fn classify(error: TokenError) -> SdkError {
    match &error {
        TokenError::LoginRequired { reason: LoginReason::NoToken { .. }, .. } => {
            SdkError::not_loaded(error)
        }
        TokenError::Timeout { limit } => SdkError::provider_timed_out(*limit),
        _ => SdkError::provider_error(error),
    }
}
