//! A container credentials endpoint: an HTTP server on loopback that serves the credentials of any
//! [`ProvideCredentials`](sso_provider::ProvideCredentials) to AWS SDKs.
//!
//! Role credentials last about an hour. A program that runs longer can get new credentials from the
//! endpoint, as it does in an ECS container. Every AWS SDK reads the address and the token from
//! `AWS_CONTAINER_CREDENTIALS_FULL_URI` and `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`.
//!
//! This crate does not log in; if a login is needed, the error names the command. It does not
//! access files and does not implement the instance metadata service.
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
//! let endpoint = Endpoint::builder().provider("/devsso", provider).bind(([127, 0, 0, 1], 0)).await?;
//! println!("AWS_CONTAINER_CREDENTIALS_FULL_URI={}", endpoint.url("/devsso"));
//! // Write endpoint.authorization_token() to a file of mode 0600, without a line feed, and name it
//! // in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.
//! endpoint.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Responses
//!
//! The endpoint responds with credentials to a `GET` request for a served path. The request must
//! have the token in the `Authorization` header and the endpoint's address in the `Host` header.
//! The response has status 200 and a JSON body with the fields `AccessKeyId`, `SecretAccessKey`,
//! `Token`, `Expiration` and, if it is known, `AccountId`.
//!
//! The response to any other well-formed request is an error, also as JSON. Its fields are `code`
//! and `message`, and also `Code` and `Message`, because some SDKs read only one of the spellings:
//!
//! | status | code | when |
//! |---|---|---|
//! | 403 | `LoginRequired` | the user must log in; the message names the command |
//! | 403 | `AccessDenied` | the role is not assigned to the user |
//! | 403 | `InvalidAuthorizationToken` | the token is missing or wrong |
//! | 404 | `NotFound` | the path is not served |
//! | 405 | `MethodNotAllowed` | the method is not `GET` |
//! | 421 | `MisdirectedRequest` | the `Host` header is missing or names another host |
//! | 500 | `InternalError` | any other failure |
//! | 503 | `ServiceUnavailable` | a temporary failure, such as a network error |
//!
//! A malformed request, or one whose head is too large, gets a status from 400 to 499 without a
//! body, or no response.
//!
//! # Limits
//!
//! The endpoint accepts 512 connections at a time and one request for each connection. A request
//! head must arrive within 5 seconds and have at most 16 KiB and 64 header fields. A connection is
//! closed after 90 seconds.
//!
//! If there are too many connections, the endpoint closes the oldest connection that has not sent
//! the token. A client with the token is therefore served even if others hold connections open.
//!
//! # Known gaps
//!
//! * The AWS SDK for Rust (aws-config 1.13) shows only the status of an error, and the default
//!   provider chain of the AWS SDK for JavaScript shows no cause. So the endpoint also logs the first
//!   error each time the credentials stop being available, with the command to log in (`tracing`,
//!   level `WARN`).
//! * The endpoint renews credentials until it is dropped, even if no client requests them.

#![forbid(unsafe_code)]

mod answer;
mod connections;
mod credentials_service;
mod endpoint;
mod token;

pub use endpoint::{BindError, Endpoint, EndpointBuilder};
pub use token::{AuthorizationToken, MalformedToken};

// Compiles the README's example as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
