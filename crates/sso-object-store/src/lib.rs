//! An AWS IAM Identity Center (AWS SSO) login as a credential provider of `object_store`.
//!
//! [`SsoCredentialProvider`] implements `object_store`'s `CredentialProvider`. It gets its
//! credentials from `sso-provider`, which refreshes the token, caches the credentials and renews
//! them before they expire.
//!
//! This crate only provides credentials: `object_store` signs and sends its requests itself. This
//! crate does not depend on the AWS SDK.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-object-store
//!                                                                       (here)
//! ```
//!
//! # Examples
//!
//! The credentials of a profile, for a bucket:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use object_store::aws::AmazonS3Builder;
//! use sso_object_store::SsoCredentialProvider;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let provider = SsoCredentialProvider::from_profile("devsso").await?;
//! let store = AmazonS3Builder::new()
//!     .with_region("us-east-1")
//!     .with_bucket_name("my-bucket")
//!     .with_credentials(Arc::new(provider))
//!     .build()?;
//! # drop(store);
//! # Ok(())
//! # }
//! ```
//!
//! Your own provider, with the same cache:
//!
//! ```
//! use object_store::CredentialProvider as _;
//! use sso_object_store::SsoCredentialProvider;
//! use sso_provider::types::{Credentials, SecretAccessKey, SessionToken};
//! use sso_provider::{CredentialsFuture, ProvideCredentials};
//!
//! #[derive(Debug)]
//! struct Vault;
//!
//! impl ProvideCredentials for Vault {
//!     fn provide_credentials(&self) -> CredentialsFuture<'_> {
//!         let (key, token) = (SecretAccessKey::new("key"), SessionToken::new("token"));
//!         let expires_at = "2100-01-01T00:00:00Z".parse().unwrap();
//!         Box::pin(async move { Ok(Credentials::new("AKID", key, token, expires_at)) })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> object_store::Result<()> {
//! let credential = SsoCredentialProvider::new(Vault).get_credential().await?;
//! assert_eq!(credential.key_id, "AKID");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod credential_provider;

pub use credential_provider::SsoCredentialProvider;

// Compiles the README's first example as a documentation test. The second is marked `ignore`;
// `cargo xtask interop` compiles and runs both.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
