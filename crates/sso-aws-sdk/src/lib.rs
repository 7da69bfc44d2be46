//! An AWS IAM Identity Center (AWS SSO) login as credentials and token providers of the AWS SDK for
//! Rust.
//!
//! [`SdkCredentialsProvider`] is the SDK's `ProvideCredentials`, [`SdkTokenProvider`] its
//! `ProvideToken`; each wraps a provider of `sso-provider` and keeps what that one promises: one
//! refresh whoever asks, also across processes, and errors that say what to do.
//!
//! Deliberately not here: any logic of its own, and `aws-config`, which this replaces for SSO.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-aws-sdk
//!                                                                      (here)
//! ```
//!
//! # Examples
//!
//! The credentials of a profile:
//!
//! ```no_run
//! # async fn example() -> Result<(), sso_provider::CredentialsError> {
//! use sso_aws_sdk::SdkCredentialsProvider;
//!
//! let provider = SdkCredentialsProvider::from(sso_provider::from_profile("devsso").await?);
//! // let config = aws_sdk_s3::Config::builder().credentials_provider(provider)…
//! # drop(provider);
//! # Ok(())
//! # }
//! ```
//!
//! The access token, for services with bearer auth; here of a login that is made up:
//!
//! ```
//! use aws_credential_types::provider::token::ProvideToken;
//! use sso_aws_sdk::SdkTokenProvider;
//! use sso_provider::SsoTokenProvider;
//! use sso_provider::cache::{CachedToken, TokenFile};
//! use sso_types::AccessToken;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let file = TokenFile::new(directory.path().join("token.json"));
//! file.store_unlocked(&CachedToken::new(AccessToken::new("token"), "2100-01-01T00:00:00Z".parse()?))?;
//!
//! let provider = SsoTokenProvider::builder_without_refresh(file).build()?;
//! let token = SdkTokenProvider::from(provider).provide_token().await?;
//! assert_eq!(token.token(), "token");
//! # Ok(())
//! # }
//! ```
//!
//! The token provider of a profile is `ProfileProviders::token_provider` of `sso-provider`.
//!
//! `examples/sign_request.rs` signs a request with credentials from here.

#![forbid(unsafe_code)]

mod credentials;
mod token;

pub use credentials::SdkCredentialsProvider;
pub use token::SdkTokenProvider;

// Its example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
