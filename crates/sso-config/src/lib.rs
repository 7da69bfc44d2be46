//! The AWS shared config files (`~/.aws/config`, `~/.aws/credentials`) as the AWS CLI reads them,
//! and the SSO profiles in them, resolved.
//!
//! * [`SharedConfig`]: both files, merged; profiles, sso-sessions and services sections, with the
//!   file and line of every property. [`Locations`] are the paths of the files.
//! * [`SsoProfile`] and [`SsoSession`]: a profile or a session, resolved and checked. [`Settings`]:
//!   endpoints, FIPS, dual-stack, CA bundle, attempts, each with where it came from.
//! * [`LoadError`] and [`SettingsError`]: what is wrong, in which file, on which line, and what to
//!   do about it. [`Warning`]: what was ignored. Nothing is printed here.
//!
//! * [`Document`]: the text of a file for editing, which keeps every byte that is not edited.
//!   `DocumentFile` (feature `edit`) saves it.
//!
//! Not in this crate: tokens and their cache, the network, anything
//! `async`, other kinds of credentials (a profile that assumes a role is recognized and refused,
//! with the name of the SSO profile behind it). The process environment is not read: the caller
//! hands in an [`Environment`](sso_types::Environment). Files are read by [`SharedConfig::load`], and
//! with the feature `edit` read and written by `DocumentFile`.
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
//! # let environment = environment.with("USERPROFILE", home); // on Windows
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
//! A file that the AWS CLI reads is read, with the same values. UTF-8, 16 MiB at most; a line ends
//! with LF, CRLF or CR; a byte order mark is accepted. Blanks are space and tab.
//!
//! * A section is `[name]` or `[type name]`, at any indentation. It ends at the `]` before a comment
//!   or the end of the line, else at the last `]`. In the config file `[default]`,
//!   `[profile NAME]`, `[sso-session NAME]` and `[services NAME]` count. In the credentials file
//!   `[NAME]` counts, with the name as it is. Everything else is ignored, with a [`Warning`].
//! * In the config file a name is what a POSIX shell reads as one word: `[profile R&D]`,
//!   `[profile "two words"]`. A name cannot hold control characters.
//! * A line that begins with `#` or `;`, indented or not, is a comment. Behind a value, a comment
//!   begins at a blank followed by `#` or `;`, so that `https://x/start#/` keeps its tail.
//! * `key = value` and `key: value` are split at the first `=` or `:`. Both sides are trimmed. Keys
//!   are kept in (ASCII) lower case; they are letters, digits and `_-/.%@+`.
//! * A line that is indented deeper than the property above continues it: the lines of a value are
//!   joined with `\n`. Below an empty value, such lines are sub-properties, `key = value`, whose keys
//!   are case-sensitive. A file that is indented throughout is read like one that is not.
//! * The same section twice merges. `[profile default]` replaces `[default]`, and another spelling
//!   of the same name (`[profile "a"]` for `[profile a]`) replaces the one before. Of the same
//!   property twice the last counts. The credentials file wins over the config file.
//! * The properties of `[DEFAULT]` count for all sections of its file, as in the AWS CLI.
//!
//! A fault belongs to its section: a line that cannot be understood is a [`Warning`], and an error
//! ([`SettingsError::FaultyLine`]) only for a caller who uses the section.

#![forbid(unsafe_code)]

mod assumed_role;
mod document;
#[cfg(feature = "edit")]
mod document_file;
mod load;
mod load_error;
mod locate;
mod locations;
mod missing_key;
mod nearest;
mod not_found;
mod origin;
mod parse;
mod print;
mod profile_name;
mod property;
mod section;
mod section_name;
mod setting;
mod settings;
mod settings_error;
mod shared_config;
mod sso_profile;
mod sso_session;
mod syntax;
mod text;
mod value;
mod warning;

pub use assumed_role::BehindRole;
pub use document::{Document, EditError};
#[cfg(feature = "edit")]
pub use document_file::{DocumentFile, DocumentFileError};
pub use load_error::LoadError;
pub use locations::Locations;
pub use missing_key::MissingKey;
pub use not_found::NotFound;
pub use origin::Origin;
pub use profile_name::{ProfileOrigin, selected_profile};
pub use property::Property;
pub use section::{Section, SectionKind};
pub use section_name::NameProblem;
pub use setting::{Setting, SettingSource};
pub use settings::Settings;
pub use settings_error::{ConfiguredValue, SettingsError};
pub use shared_config::SharedConfig;
pub use sso_profile::SsoProfile;
pub use sso_session::SsoSession;
pub use warning::{FileKind, Warning, WarningKind};

// Its example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
