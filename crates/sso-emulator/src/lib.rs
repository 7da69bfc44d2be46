//! An AWS SSO portal and an SSO OIDC service in process, for tests of programs that turn an AWS IAM
//! Identity Center (SSO) login into credentials.
//!
//! It has sessions, client registrations, access and refresh tokens, accounts and roles. It answers
//! like AWS, with HTTP or HTTPS over real sockets on the loopback interface. It injects faults,
//! records the requests, and writes a home directory for a client. The program `sso-emulator`
//! offers the same to other languages; the crate's README describes it and its control interface.
//!
//! No AWS service accepts its tokens and credentials. Except for the clock of `sso-types`, it
//! shares no code with the crates that it tests. It has its own code for config and token files,
//! which follows the AWS CLI.
//!
//! ```text
//!   your test ── Emulator ─┐                     ┌─ portal   /federation, /assignment, /logout
//!                          ├─ state ─ server ────┼─ oidc     /token, /client/register, ...
//!   any program ── HTTP ───┘  (one lock, faults, ├─ browser  /authorize, /device
//!            /emulator/...     counters, clock)  └─ control  /emulator/...
//! ```
//!
//! # Example
//!
//! ```
//! use sso_emulator::{Emulator, ErrorName, Operation, TokenState};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await?;
//!
//! // A home for a client, with an expired token that must be refreshed.
//! let directory = tempfile::tempdir()?;
//! let home = emulator.write_home(directory.path(), TokenState::Expired)?;
//! // The next request gets an error.
//! emulator.fault_next(Operation::GetRoleCredentials, 1, ErrorName::TooManyRequests);
//! // Run the client here, with `home.environment`.
//! # let _ = &home.environment;
//!
//! // The refresh token is still valid.
//! assert_eq!(emulator.live_refresh_tokens().len(), 1);
//! assert_eq!(emulator.counts().errors, 0);
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Differences from AWS
//!
//! * A request for `/authorize` or `/device` allows the login at once. With
//!   [`EmulatorBuilder::interactive`] they are pages with the buttons Allow and Deny.
//! * The page for user codes is the emulator's own, not one under the start URL.
//! * There is one user, and no `CreateTokenWithIAM`.
//! * The texts of errors are AWS's if they are known, and otherwise similar.
//! * AWS's throttling is not public. The emulator uses a token bucket.

#![forbid(unsafe_code)]

mod answer;
mod assignments;
mod browser;
mod builder;
mod control;
mod emulator;
mod faults;
mod home;
mod issued_token;
mod log;
mod logins;
mod oidc;
mod pages;
mod portal;
mod query;
mod server;
mod sessions;
mod settings;
mod tls;
mod web_pages;
mod wire;
mod world;

pub use answer::{ErrorName, ScriptedAnswer};
pub use assignments::{Owner, RoleCredentials};
pub use builder::{EmulatorBuilder, StartError};
pub use emulator::Emulator;
pub use faults::Fault;
pub use home::{Home, HomeError, TokenState};
pub use issued_token::IssuedToken;
pub use log::{Counts, LoggedRequest, Operation};

// Compiles the README's Rust example as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
