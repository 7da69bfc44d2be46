//! The types that all `ssocreds` crates share: secrets, names, credentials, the clock
//! and the environment.
//!
//! This crate has few dependencies, no code for files or the network, and nothing `async`. It is
//! enough for code that only passes credentials on. Only [`Environment::from_process`] may block.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-endpoint, adapters, sso-cli
//!  (here)
//! ```
//!
//! # Example
//!
//! ```
//! use sso_types::{AccountId, Credentials, Region, SecretAccessKey, SessionToken};
//!
//! let region: Region = "eu-central-1".parse()?;
//! let account: AccountId = "123456789012".parse()?;
//! let credentials = Credentials::new(
//!     "AKIAIOSFODNN7EXAMPLE",
//!     SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
//!     SessionToken::new("AQoDYXdzEJr"),
//!     "2026-01-01T00:00:00Z".parse()?,
//! )
//! .with_account_id(account);
//!
//! assert_eq!(region.as_str(), "eu-central-1");
//! // `Debug` shows the account, and no secret.
//! assert!(!format!("{credentials:?}").contains("wJalr"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod clock;
mod command_option;
mod credentials;
mod environment;
mod error_chain;
mod json_string;
mod names;
mod progress;
mod random;
mod secret;

pub use clock::{Clock, ManualClock, SystemClock, system_time};
#[doc(hidden)]
pub use command_option::CommandOption;
pub use credentials::{Credentials, PROVIDER_NAME};
pub use environment::{Environment, EnvironmentError};
#[doc(hidden)]
pub use error_chain::error_chain;
#[doc(hidden)]
pub use json_string::json_string;
pub use names::{AccountId, NameError, Region, RoleName, SessionName, StartUrl};
pub use progress::{ProgressEvent, ProgressObserver};
#[doc(hidden)]
pub use random::random_fraction;
pub use secret::{
    AccessToken, AuthorizationCode, ClientSecret, CodeVerifier, DeviceCode, IdToken, RefreshToken,
    SecretAccessKey, SessionToken,
};

// The public API contains types of `jiff`, so a caller must use the same version.
pub use jiff;

// Runs the example in the README as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
