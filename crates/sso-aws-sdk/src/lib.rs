//! An AWS IAM Identity Center (AWS SSO) login as credentials and token providers of the AWS SDK for
//! Rust.
//!
//! [`SdkCredentialsProvider`] implements the SDK's `ProvideCredentials`, [`SdkTokenProvider`] its
//! `ProvideToken`. Both wrap a provider of `sso-provider`, which refreshes the login, caches and
//! renews the credentials, and names the command to log in.
//!
//! Not here: `aws-config`, whose SSO provider this replaces.
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
//! let provider = SdkCredentialsProvider::from_profile("devsso").await?;
//! // aws_config::defaults(BehaviorVersion::latest()).credentials_provider(provider).load().await
//! # drop(provider);
//! # Ok(())
//! # }
//! ```
//!
//! The access token of a made-up login, for services with bearer auth:
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
//! The token provider of a profile is [`SdkTokenProvider::from_profile`].
//!
//! `examples/sign_request.rs` signs a request with credentials from here.

#![forbid(unsafe_code)]

mod credentials;
mod token;

pub use credentials::{SdkCredentialsProvider, sdk_credentials};
pub use token::{SdkTokenProvider, sdk_token};

// Its example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
