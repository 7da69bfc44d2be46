//! The AWS shared config files (`~/.aws/config`, `~/.aws/credentials`) as the AWS CLI reads them,
//! and what an SSO profile asks for.
//!
//! * [`SharedConfig`]: both files, merged; profiles, sso-sessions and services sections, with the
//!   file and line of every property. [`Locations`] says where the files are.
//! * [`SsoProfile`] and [`SsoSession`]: a profile or a session, resolved and checked. [`Settings`]:
//!   endpoints, FIPS, dual-stack, CA bundle, attempts, each with where it came from.
//! * [`ParseError`] and [`SettingsError`]: what is wrong, in which file, on which line, and what to
//!   do about it. [`Warning`]: what was ignored. Nothing is printed here.
//!
//! Deliberately not here: writing these files, tokens and their cache, the network, anything
//! `async`, other kinds of credentials (a profile that assumes a role is recognized and refused,
//! with the name of the SSO profile behind it). The process environment is not read: the caller
//! hands in an [`Environment`](sso_types::Environment). Files are read by [`SharedConfig::load`] and by nothing else.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-aws-sdk, sso-cli
//!                          (here)
//! ```
//!
//! # Example
//!
//! ```
//! use sso_config::{Locations, SharedConfig, SsoProfile, selected_profile};
//! use sso_types::Environment;
//!
//! # let home = tempfile::tempdir()?;
//! # let home = home.path();
//! # std::fs::create_dir(home.join(".aws"))?;
//! # #[allow(clippy::disallowed_methods, reason = "a file of its own to read")]
//! # std::fs::write(home.join(".aws/config"), "
//! # [profile dev]
//! # sso_session = corp
//! # [sso-session corp]
//! # sso_start_url = https://corp.awsapps.com/start
//! # sso_region = eu-west-1
//! # ")?;
//! // A program takes Environment::from_process().
//! let environment = Environment::default().with("HOME", home).with("AWS_PROFILE", "dev");
//! let config = SharedConfig::load(&Locations::from_environment(&environment)?)?;
//! let (name, _) = selected_profile(None, &environment)?;
//! let profile = SsoProfile::resolve(&config, &name, &environment)?;
//!
//! assert_eq!(profile.start_url().as_str(), "https://corp.awsapps.com/start");
//! assert!(profile.role().is_none(), "this one asks for the token only");
//! assert_eq!(profile.settings().max_attempts.source.to_string(), "default");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The dialect
//!
//! UTF-8, lines ended by LF or CRLF, a byte order mark accepted, 16 MiB at most. Blanks are space
//! and tab. It is no INI file in any of these:
//!
//! * A section is `[name]` or `[type name]`; blanks around and inside are free, and only a comment
//!   can follow. In the config file `[default]`, `[profile NAME]`, `[sso-session NAME]` and
//!   `[services NAME]` count, and `[profile default]` replaces `[default]`. In the credentials file
//!   `[NAME]` counts. Everything else is ignored, with a [`Warning`].
//! * Names are letters, digits (of any script) and `_-/.%@:+`; in quotes (either kind) also spaces.
//! * A line whose first character is `#` or `;` is a comment, an indented one is not; in a property
//!   one starts at a blank followed by `#` or `;`, so that `https://x/start#/` keeps its tail.
//! * `key = value` is split at the first `=`. Keys are kept in (ASCII) lower case.
//! * An indented line continues the value above it, comments included; below an empty value it is a
//!   sub-property, `key = value`, and there a comment is a comment.
//! * The same section twice merges, of the same property twice the last counts, and the credentials
//!   file wins over the config file.
//!
//! Two cases that the AWS documentation leaves open are settled like this. An indented line that is
//! a whole section line, `  [profile x]`, is one, also below a property. Of `key` with
//! sub-properties, the value is what continues it, line by line, after a first line that is empty.

#![forbid(unsafe_code)]

mod load;
mod locations;
mod merge;
mod names;
mod nearest;
mod origin;
mod parse;
mod parse_error;
mod phrases;
mod print;
mod profile_name;
mod section;
mod settings;
mod settings_error;
mod shared_config;
mod sso_profile;
mod sso_session;
mod text;
mod warning;

pub use locations::Locations;
pub use origin::Origin;
pub use parse_error::{ParseError, SyntaxProblem};
pub use profile_name::{ProfileOrigin, selected_profile};
pub use section::{Profile, Property, Section, SectionKind};
pub use settings::{Setting, SettingSource, Settings};
pub use settings_error::{BehindRole, ConfiguredValue, MissingKey, SettingsError};
pub use shared_config::SharedConfig;
pub use sso_profile::SsoProfile;
pub use sso_session::SsoSession;
pub use warning::Warning;

// Its example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
