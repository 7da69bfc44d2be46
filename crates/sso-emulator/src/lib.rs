//! An AWS SSO portal and an SSO OIDC service in process: for tests of whatever turns an AWS IAM
//! Identity Center (SSO) login into credentials.
//!
//! It knows sessions, client registrations, access and refresh tokens, accounts and roles, and it
//! answers as AWS does, over real sockets on the loopback interface, HTTP or HTTPS. It makes
//! things go wrong on demand, tells what was asked of it, and writes the home directory that a
//! client needs. The program `sso-emulator` is the same for any language; the crate's README shows
//! it and its control interface.
//!
//! Deliberately not here: anything real. What it hands out no AWS service takes. It shares no code
//! with the crates that it judges (`sso-types` for the clock apart): it writes config and token
//! files on its own, to what the AWS CLI writes.
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
//! // A home for a client, with an expired token that must be refreshed ...
//! let directory = tempfile::tempdir()?;
//! let home = emulator.write_home(directory.path(), TokenState::Expired)?;
//! // ... a service that has its troubles ...
//! emulator.fault_next(Operation::GetRoleCredentials, 1, ErrorName::TooManyRequests);
//! // ... here the client runs, with `home.environment` ...
//! # let _ = &home.environment;
//!
//! // ... and whatever it did, the way to refresh is not lost.
//! assert_eq!(emulator.live_refresh_tokens().len(), 1);
//! assert_eq!(emulator.counts().errors, 0);
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Where it differs from AWS
//!
//! * A request for `/authorize` or `/device` allows the login at once. With
//!   [`EmulatorBuilder::interactive`] they are pages with the buttons Allow and Deny.
//! * The page for user codes is the emulator's own, not one under the start URL.
//! * There is one user, and no `CreateTokenWithIAM`.
//! * The texts of errors are AWS's where they are known, and similar where not.
//! * AWS's throttling is not public. The emulator has a plain token bucket.

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

// Its Rust example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
