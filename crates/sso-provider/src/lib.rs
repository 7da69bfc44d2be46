//! Provides AWS credentials from an AWS IAM Identity Center (AWS SSO) login.
//!
//! A login stores an access token in a file under `~/.aws/sso/cache`. [`SsoTokenProvider`] reads
//! the token and refreshes it through SSO OIDC before it expires. [`SsoCredentialsProvider`]
//! exchanges the token at the SSO portal for the credentials of one account and role.
//! [`CredentialsCache`] keeps the credentials in memory. [`from_profile()`] builds all three from a
//! profile of the shared config files.
//!
//! This crate does not log in, because a login needs a person. When a login is needed, the error
//! names the command to run.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-endpoint, sso-cli,
//!                                                     (here)         sso-aws-sdk, sso-object-store,
//!                                                                    sso-reqsign
//! ```
//!
//! # Examples
//!
//! Get the credentials of a profile that is configured for the AWS CLI. [`from_env`] does the same
//! for the profile that `AWS_PROFILE` names:
//!
//! ```no_run
//! # #[cfg(feature = "https")]
//! # async fn example() -> Result<(), sso_provider::CredentialsError> {
//! let provider = sso_provider::from_profile("devsso").await?;
//! let retrieved = provider.retrieve().await;
//! // A short-lived program must not exit during a refresh of the access token, not even after an
//! // error.
//! provider.wait_for_refresh().await;
//! println!("{}", retrieved?.access_key_id());
//! # Ok(())
//! # }
//! ```
//!
//! [`ProfileProviders`] gives access to a profile's access token, the SSO portal, and the AWS CLI's
//! cache of role credentials:
//!
//! ```no_run
//! # #[cfg(feature = "https")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sso_provider::{CredentialsCache, ProfileProviders};
//!
//! let providers =
//!     ProfileProviders::builder().profile("devsso").role_credentials_cache(true).build()?;
//! let provider = CredentialsCache::new(providers.credentials_provider()?);
//! let token = providers.token_provider().retrieve_bearer_token().await?;
//! println!("the access token is valid until {}", token.expires_at());
//! # drop(provider);
//! # Ok(())
//! # }
//! ```
//!
//! Build every part by hand, without a config file:
//!
//! ```no_run
//! # #[cfg(feature = "https")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sso_provider::cache::{TokenFile, standard_cached_token_filepath};
//! use sso_provider::http::{HttpsClient, Oidc, Portal, RetryLayer};
//! use sso_provider::types::{Environment, Region, SessionName};
//! use sso_provider::{CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};
//! use tower::Layer;
//!
//! let (session, region): (SessionName, Region) = ("dev-session".parse()?, "us-east-1".parse()?);
//! let https = HttpsClient::from_environment(&Environment::from_process())?;
//! let portal = RetryLayer::standard().layer(Portal::new(https.clone(), region.clone()));
//! // A request that may have spent the refresh token is not retried by the layer: the provider
//! // reads the token file before it sends the request again.
//! let oidc = RetryLayer::standard().retry_ambiguous(false).layer(Oidc::new(https, region));
//!
//! let file = TokenFile::new(standard_cached_token_filepath(&session)?);
//! let token_provider = SsoTokenProvider::builder(oidc, file).sso_session(&session).build()?;
//! let (account_id, role_name) = ("123456789012".parse()?, "SSOReadOnlyRole".parse()?);
//! let provider = SsoCredentialsProvider::builder(portal, account_id, role_name)
//!     .token_provider(token_provider)
//!     .build()?;
//! let credentials = CredentialsCache::new(provider).retrieve().await?;
//! # drop(credentials);
//! # Ok(())
//! # }
//! ```
//!
//! Every part can be replaced. Requests go through any `tower::Service`, so a test can pass a
//! function:
//!
//! ```
//! use sso_provider::{CredentialsCache, SsoCredentialsProvider, SsoTokenProvider};
//! use sso_provider::{cache::{CachedToken, TokenFile}, http::{GetRoleCredentials, ServiceError}};
//! use sso_types::{AccessToken, Credentials, SecretAccessKey, SessionToken};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("token.json");
//! # let expires_at = "2100-01-01T00:00:00Z";
//! let file = TokenFile::new(&path);
//! file.store_unlocked(&CachedToken::new(AccessToken::new("token"), expires_at.parse()?))?;
//!
//! let portal = tower::service_fn(move |request: GetRoleCredentials| async move {
//!     assert_eq!(request.role_name().as_str(), "SSOReadOnlyRole");
//!     let (key, token) = (SecretAccessKey::new("key"), SessionToken::new("session"));
//!     Ok::<_, ServiceError>(Credentials::new("AKID", key, token, "2100-01-01T00:00:00Z".parse().unwrap()))
//! });
//! let provider =
//!     SsoCredentialsProvider::builder(portal, "123456789012".parse()?, "SSOReadOnlyRole".parse()?)
//!         .cached_token_filepath(&path)
//!         .build()?;
//! let provider = CredentialsCache::new(provider);
//! assert_eq!(provider.retrieve().await?.access_key_id(), "AKID");
//! # Ok(())
//! # }
//! ```
//!
//! `examples/` contains complete programs: a profile (`profile`), every part built by hand
//! (`by_hand`), mocked services (`mock`), a custom tower layer (`own_layer`), and a service that
//! runs for hours (`two_profiles`). See also [the names in other SDKs][coming] and [every error
//! with its cause and remedy][errors].
//!
//! [coming]: https://github.com/ssocreds/ssocreds/blob/main/docs/COMING_FROM.md
//! [errors]: https://github.com/ssocreds/ssocreds/blob/main/docs/TROUBLESHOOTING.md
//!
//! # Features
//!
//! * `https` (default): [`from_profile()`], [`from_env`] and [`ProfileProviders`], which use
//!   `sso-http`'s HTTPS client. Without it, use the builders with any service that sends the
//!   requests.
//!
//! # `tracing`
//!
//! Events at level `WARN` report a problem that needs attention although valid credentials are
//! returned. For example, a token could not be refreshed before its expiry or could not be written,
//! or the file system has no locks.
//!
//! No event contains a secret. To show users what a call waits for (a retry, another process), give
//! the builder a [`types::ProgressObserver`].
//!
//! # Known gaps
//!
//! * File operations, including `fsync`, block the thread of the task that performs them: the
//!   caller's task or, during a refresh, the task of the refresh.
//! * In two cases, a read blocks the thread for up to a quarter of a second, while another tool
//!   writes the token file in place: if that tool changed the file during a refresh, and if a killed
//!   process left a temporary file.
//! * Two processes may refresh the same token at once on a file system without locks. The same
//!   applies to a directory in which no lock file can be created, if `allow_unsaved_refresh` is set.

#![forbid(unsafe_code)]
// Show on docs.rs which feature each item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod credentials_cache;
mod credentials_provider;
mod error;
#[cfg(feature = "https")]
mod from_profile;
mod host_notice;
mod login_command;
mod mapped_credentials;
mod other_sessions;
#[cfg(feature = "https")]
mod profile_providers;
#[cfg(feature = "https")]
mod profile_providers_builder;
mod provide_credentials;
mod refresh_policy;
mod role_cache;
mod service;
mod single_flight;
mod token_provider;
mod token_provider_builder;
mod token_provider_state;
mod token_refresh;
mod token_snapshot;
mod token_store;
mod wait;

pub use credentials_cache::{CredentialsCache, CredentialsCacheBuilder};
pub use credentials_provider::{SsoCredentialsProvider, SsoCredentialsProviderBuilder};
pub use error::{CallError, CannotRefresh, ConfigError, CredentialsError, LoginReason, TokenError};
#[cfg(feature = "https")]
pub use from_profile::{from_env, from_profile};
pub use login_command::LoginCommand;
pub use mapped_credentials::MappedCredentials;
#[cfg(feature = "https")]
pub use profile_providers::ProfileProviders;
#[cfg(feature = "https")]
pub use profile_providers_builder::ProfileProvidersBuilder;
pub use provide_credentials::{CredentialsFuture, ProvideCredentials};
pub use sso_types::PROVIDER_NAME;
pub use token_provider::{BearerToken, SsoTokenProvider};
pub use token_provider_builder::SsoTokenProviderBuilder;

// Crates whose types appear in this API, so that users need not depend on matching versions of
// them.
pub use {sso_cache as cache, sso_config as config, sso_http as http, sso_types as types};

// Compiles the README's example as a documentation test.
#[cfg(all(doctest, feature = "https"))]
#[doc = include_str!("../README.md")]
struct Readme;
