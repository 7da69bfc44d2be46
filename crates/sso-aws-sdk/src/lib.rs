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
//! # Example
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
