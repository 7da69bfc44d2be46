//! An AWS IAM Identity Center (AWS SSO) login as a credential provider of `reqsign`, and through it
//! of OpenDAL and iceberg-rust.
//!
//! [`SsoCredentialProvider`] implements `reqsign_core`'s `ProvideCredential`. It gets its
//! credentials from `sso-provider`, which refreshes the login, caches the credentials and renews
//! them before they expire.
//!
//! Not here: signing requests, and other sources of credentials. The AWS SDK is not a dependency.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-reqsign
//!                                                                      (here)
//! ```
//!
//! # Examples
//!
//! In front of reqsign's own providers:
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
//! A provider of your own, with the caching of this one:
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

// The README's example is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
