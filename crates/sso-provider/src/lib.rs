//! AWS credentials from an AWS IAM Identity Center (AWS SSO) login: from a profile name, or part by
//! part.
//!
//! A login leaves an access token in a file under `~/.aws/sso/cache`. [`SsoTokenProvider`] reads it
//! and refreshes it through SSO OIDC when it runs out; [`SsoCredentialsProvider`] exchanges it at
//! the SSO portal for the credentials of one account and role; [`CredentialsCache`] keeps those in
//! memory. [`from_profile`] puts them together as the shared config files say.
//!
//! Deliberately not here: logging in. That takes a person; errors name the command.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-aws-sdk, sso-cli
//!                                                     (here)
//! ```
//!
//! # Example
//!
//! A profile, as configured for the AWS CLI:
//!
//! ```no_run
//! # #[cfg(feature = "https")]
//! # async fn example() -> Result<(), sso_provider::CredentialsError> {
//! let provider = sso_provider::from_profile("devsso").await?;
//! let credentials = provider.retrieve().await?;
//! println!("{}", credentials.access_key_id());
//! # Ok(())
//! # }
//! ```
//!
//! Every part can be replaced; what talks to the services is any `tower::Service`, so that a mock
//! is a function:
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
//! # let tomorrow = "2100-01-01T00:00:00Z";
//! let file = TokenFile::new(&path);
//! file.store_unlocked(&CachedToken::new(AccessToken::new("token"), tomorrow.parse()?))?;
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
//! More, to be run as they are, in `examples/`: `profile`, `by_hand` with every part replaced, `mock`.
//!
//! # `tracing`
//!
//! Warnings for what a person should know of though it works: a token that could not be refreshed
//! ahead of its expiry or not be written, a lock that is not to be had. At the target
//! `ssocreds::progress`, level `DEBUG`: an event when another process is waited for, and one with
//! `over` when that ends; before a further attempt after a lost answer one with `attempt`, `attempts`
//! and `wait_ms`, as `sso_http`'s. No event holds a secret.
//!
//! # Known gaps
//!
//! A token or role-credentials file that is broken is read several times, for up to a quarter of a
//! second, on the thread of the task that needs it.

#![forbid(unsafe_code)]

mod access;
mod credentials_cache;
mod credentials_provider;
mod decide;
mod error;
mod flight;
mod handles;
mod jitter;
mod login_command;
#[cfg(feature = "https")]
mod profile_providers;
mod role_cache;
mod seen;
mod service;
mod token_call;
mod token_provider;
mod token_provider_builder;
mod token_refresh;
mod wait;

pub use credentials_cache::{CredentialsCache, CredentialsCacheBuilder};
pub use credentials_provider::{SsoCredentialsProvider, SsoCredentialsProviderBuilder};
pub use error::{ConfigError, CredentialsError, SignInCause, TokenError};
pub use login_command::LoginCommand;
#[cfg(feature = "https")]
pub use profile_providers::{ProfileProviders, ProfileProvidersBuilder, from_env, from_profile};
pub use sso_types::PROVIDER_NAME;
pub use token_provider::{BearerToken, SsoTokenProvider};
pub use token_provider_builder::SsoTokenProviderBuilder;

// What the API above speaks of, so that a user need not name the versions of these crates, too.
pub use {sso_cache as cache, sso_config as config, sso_http as http, sso_types as types};

// Its example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
