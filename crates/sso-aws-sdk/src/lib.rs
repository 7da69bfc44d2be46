//! An AWS IAM Identity Center (AWS SSO) login as credentials and token providers of the AWS SDK for
//! Rust.
//!
//! [`SdkCredentialsProvider`] implements the SDK's `ProvideCredentials`, and [`SdkTokenProvider`]
//! its `ProvideToken`. Both wrap a provider of `sso-provider`, which refreshes the token, caches
//! and renews the credentials, and returns errors that name the command to log in.
//!
//! This crate replaces the SSO provider of `aws-config`, and does not depend on `aws-config`.
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
//! The access token in a token file, for services with bearer authentication:
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
//! [`SdkTokenProvider::from_profile`] returns the token provider of a profile.
//!
//! `examples/sign_request.rs` signs a request with credentials of this crate.

#![forbid(unsafe_code)]

mod credentials;
mod token;

pub use credentials::{SdkCredentialsProvider, sdk_credentials};
pub use token::{SdkTokenProvider, sdk_token};

// Includes the README in the documentation tests. They skip its example, which is marked `ignore`;
// `cargo xtask interop` compiles and runs it.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
