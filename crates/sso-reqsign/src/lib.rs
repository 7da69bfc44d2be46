//! An AWS IAM Identity Center (AWS SSO) login as a credential provider of `reqsign`, and through it
//! of OpenDAL and iceberg-rust.
//!
//! [`SsoCredentialProvider`] implements `reqsign_core`'s `ProvideCredential`. It gets its
//! credentials from `sso-provider`, which refreshes the token, caches the credentials and renews
//! them before they expire.
//!
//! This crate does not sign requests and has no other sources of credentials. It does not depend on
//! the AWS SDK.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-reqsign
//!                                                                      (here)
//! ```
//!
//! # Examples
//!
//! As the first provider of a chain:
//!
//! ```
//! use reqsign_core::ProvideCredentialChain;
//! use sso_reqsign::SsoCredentialProvider;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let chain = ProvideCredentialChain::new().push(SsoCredentialProvider::from_env().await?);
//! // OpenDAL:  opendal::services::S3::default().credential_provider_chain(chain)
//! // reqsign:  reqsign_core::Signer::new(context, chain, request_signer)
//! # drop(chain);
//! # Ok(())
//! # }
//! ```
//!
//! Your own provider, with the same cache:
//!
//! ```
//! use reqsign_core::{Context, ProvideCredential as _};
//! use sso_provider::types::{Credentials, SecretAccessKey, SessionToken};
//! use sso_provider::{CredentialsFuture, ProvideCredentials};
//! use sso_reqsign::SsoCredentialProvider;
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
//! # async fn main() -> reqsign_core::Result<()> {
//! let provider = SsoCredentialProvider::new(Vault);
//! let credential = provider.provide_credential(&Context::new()).await?.unwrap();
//! assert_eq!(credential.access_key_id, "AKID");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod credential_provider;

pub use credential_provider::SsoCredentialProvider;

// Includes the README in the documentation tests. They skip its examples, which are marked
// `ignore`; `cargo xtask interop` compiles and runs them.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
