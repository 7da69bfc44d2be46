//! Logs in to AWS IAM Identity Center (AWS SSO) and logs out.
//!
//! A login writes a token to the file that all AWS tools of the user read. There are two flows:
//!
//! ```text
//! Login ── registration (the AWS CLI's file, or RegisterClient)
//!   ├─ authorization code with PKCE: 127.0.0.1 listener, browser, CreateToken ─┐
//!   └─ device code: user code on any device, CreateToken polled ───────────────┤
//!                                       token file, replaced under its lock ‹──┘
//! ```
//!
//! The crate does not use a terminal or a browser by itself: the caller passes a [`LoginPrompt`]
//! and optionally an [`OpenBrowser`]. It does not refresh tokens (`sso-provider` does) and does not
//! read config files.
//!
//! # Example
//!
//! ```no_run
//! use sso_cache::{TokenFile, standard_cached_token_filepath};
//! use sso_http::HttpsClient;
//! use sso_login::{Login, LoginEvent, LoginSession};
//! use sso_types::Environment;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let https = HttpsClient::from_environment(&Environment::from_process())?;
//! let session = LoginSession::new(
//!     "dev-session".parse()?,
//!     "https://my-sso-portal.awsapps.com/start".parse()?,
//!     "us-east-1".parse()?,
//! );
//! let file = TokenFile::new(standard_cached_token_filepath("dev-session")?);
//! let login = Login::builder(https, session, file).build();
//! let finished = login
//!     .run(&|event: &LoginEvent<'_>| {
//!         if let LoginEvent::OpenPage { url, .. } = event {
//!             eprintln!("Open this page: {url}");
//!         }
//!     })
//!     .await?;
//! println!("logged in until {}", finished.token().expires_at());
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! * If several logins for one token file run at the same time, only one asks the user. The others
//!   wait for it and return its token. If it fails, the next one asks. This needs a file system
//!   with locks.
//! * The listener is bound to 127.0.0.1 only. It accepts only a GET request for the callback path
//!   with this login's `state`. Any other request gets a 4xx response and changes nothing.
//! * A login does not hold the token file's lock while it waits for the user.
//! * Dropping the future of [`Login::run`] closes the port and releases the locks.
//! * No error and no `Debug` output contains a secret. Only a [`LoginEvent`] contains the page's
//!   URL, with its `state`, and the user code: the user needs them.

#![forbid(unsafe_code)]

mod attempt;
mod authorization_code;
mod callback;
mod device_code;
mod error;
mod grant;
mod listener;
mod login;
mod login_lock;
mod logout;
mod page;
mod pkce;
mod prompt;
mod registration;
mod session;
mod start_url;

#[doc(hidden)]
pub use callback::{Answer, Rejection, read_callback};
pub use error::LoginError;
pub use login::{FinishedLogin, Flow, Login, LoginBuilder};
pub use logout::{FinishedLogout, Logout, LogoutError};
pub use prompt::{LoginEvent, LoginPrompt, OpenBrowser};
pub use session::LoginSession;

// Compiles the README's example as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
