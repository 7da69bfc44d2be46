//! A container credentials endpoint: an HTTP server on loopback that gives AWS SDKs the credentials
//! of any [`ProvideCredentials`](sso_provider::ProvideCredentials).
//!
//! Role credentials last an hour or so. A program that runs longer asks the endpoint for new ones,
//! as it does in an ECS container: every AWS SDK reads `AWS_CONTAINER_CREDENTIALS_FULL_URI` and
//! `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`.
//!
//! Not here: logging in (an error names the command), files, and the instance metadata service.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-endpoint <── sso-cli
//!                                                                      (here)
//! ```
//!
//! # Example
//!
//! ```
//! use sso_endpoint::Endpoint;
//! # use sso_provider::types::{Credentials, SecretAccessKey, SessionToken};
//! # use sso_provider::{CredentialsFuture, ProvideCredentials};
//! # #[derive(Debug)]
//! # struct Provider;
//! # impl ProvideCredentials for Provider {
//! #     fn provide_credentials(&self) -> CredentialsFuture<'_> {
//! #         let (key, token) = (SecretAccessKey::new("key"), SessionToken::new("token"));
//! #         let expires_at = "2100-01-01T00:00:00Z".parse().unwrap();
//! #         Box::pin(async move { Ok(Credentials::new("AKID", key, token, expires_at)) })
//! #     }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), sso_endpoint::BindError> {
//! # let provider = Provider;
//! // The provider: ProfileProviders::credentials_provider() of sso-provider, or your own.
//! let endpoint = Endpoint::builder().serve("/devsso", provider).bind(([127, 0, 0, 1], 0)).await?;
//! println!("AWS_CONTAINER_CREDENTIALS_FULL_URI={}", endpoint.url("/devsso"));
//! // Write endpoint.authorization_token() to a file of mode 0600, without a line feed, and name it
//! // in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.
//! endpoint.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it answers
//!
//! `GET` of a served path, with the token in the `Authorization` header and the address that is
//! listened on in the `Host` header, gives 200 and
//! `{"AccessKeyId","SecretAccessKey","Token","Expiration","AccountId"}`. Anything else gives an
//! error with `code`, `message`, `Code` and `Message`, since SDKs differ in the spelling they read:
//!
//! | status | code | when |
//! |---|---|---|
//! | 403 | `LoginRequired` | a person has to log in; the message names the command |
//! | 403 | `AccessDenied` | the role is not assigned to the user |
//! | 403 | `InvalidAuthorizationToken` | the token is missing or wrong |
//! | 404 | `NotFound` | the path is not served |
//! | 405 | `MethodNotAllowed` | the method is not `GET` |
//! | 421 | `MisdirectedRequest` | the `Host` header is missing or names another host |
//! | 500 | `InternalError` | any other failure |
//! | 503 | `ServiceUnavailable` | a failure that may pass, such as a network that is down |
//!
//! # Limits
//!
//! 512 connections at a time, a request head of 16 KiB and 64 fields that arrives within 5 seconds, one
//! request for each connection, 90 seconds for an answer. At the limit of connections the one that
//! has been silent the longest is closed, so that a client with a token is served even if others
//! hold connections open.
//!
//! # Known gaps
//!
//! * The AWS SDK for Rust (aws-config 1.13) shows only the status of an error. The endpoint therefore
//!   also logs each failure, with the command to log in, through `tracing` at level warn.
//! * A provider is asked for new credentials ahead of their expiry for as long as the endpoint lives,
//!   whether or not a client asks.

#![forbid(unsafe_code)]

mod answer;
mod connections;
mod credentials_service;
mod endpoint;
mod token;

pub use endpoint::{BindError, Endpoint, EndpointBuilder};
pub use token::{AuthorizationToken, InvalidToken};

// The README's example is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
