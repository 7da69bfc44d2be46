//! Reads the AWS shared config files (`~/.aws/config`, `~/.aws/credentials`) as the AWS CLI does,
//! and resolves the SSO profiles in them.
//!
//! * [`SharedConfig`]: both files, merged into profiles, sso-sessions and services sections. Every
//!   property has its file and line. [`Locations`] holds the paths of the files.
//! * [`SsoProfile`] and [`SsoSession`]: a profile or a session, resolved and checked. [`Settings`]:
//!   endpoints, FIPS, dual-stack, CA bundle and attempts, each with its source.
//! * [`LoadError`] and [`SettingsError`]: errors, with the file, the line and the remedy.
//!   [`Warning`]: text that was ignored, or is probably a mistake. The crate prints nothing.
//! * [`Document`]: the text of a file for editing. Every byte that is not edited is kept.
//!   `DocumentFile` (feature `edit`) saves it.
//!
//! This crate does not read tokens, does not use the network, and has no `async` code. It resolves
//! no other kind of credentials: for a profile that assumes a role, the error names the SSO profile
//! that the role is based on. The process environment is not read: the caller passes an
//! [`Environment`](sso_types::Environment). Only [`SharedConfig::load`] and `DocumentFile` access
//! files.
//!
//! ```text
//! sso-types <── sso-cache, sso-config, sso-http <── sso-provider <── sso-endpoint, adapters, sso-cli
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
//! # Syntax
//!
//! With a few exceptions, every file that the AWS CLI reads is accepted and gives the same values.
//! `tests/it/botocore/differences.rs` lists the exceptions. A file is UTF-8 text of at most 16 MiB,
//! with or without a byte order mark. A line ends with LF, CRLF or CR. Blanks are space and tab.
//!
//! * A section line is `[name]` or `[type name]`, at any indentation. The name ends at the first
//!   `]` that is followed by a comment or the end of the line. If there is no such `]`, the name
//!   ends at the last `]`.
//! * The config file can contain `[default]`, `[profile NAME]`, `[sso-session NAME]` and
//!   `[services NAME]`. The credentials file can contain `[NAME]`, with the name taken literally.
//!   All other sections are ignored, with a [`Warning`].
//! * In the config file, a name is one word by the rules of Python's `shlex.split`, in which only
//!   blanks, quotes and backslashes are special: `[profile R&D]`, `[profile "two words"]`. A name
//!   cannot contain control characters.
//! * A line that begins with `#` or `;`, indented or not, is a comment. After a value, a comment
//!   begins at a blank followed by `#` or `;`. The `#` of `https://x/start#/` begins no comment.
//! * `key = value` and `key: value` are split at the first `=` or `:`, and both sides are trimmed.
//!   A key consists of letters, digits and `_-/.%@+`. ASCII letters are converted to lower case.
//! * A line that is indented deeper than the property above it continues that property. The lines
//!   of a value are joined with `\n`. If the property's own value is empty, the lines are
//!   sub-properties, `key = value`, with case-sensitive keys. A file in which all lines are
//!   indented is read like one without indentation.
//! * Sections with the same name are merged. If a file repeats a property, the last one is used. A
//!   property of the credentials file replaces that of the config file.
//! * In the config file, a section whose name is spelled differently (`[profile "a"]` after
//!   `[profile a]`) is not merged with the earlier one but replaces it. `[profile default]` always
//!   replaces `[default]`.
//! * The properties of `[DEFAULT]` apply to all sections of its file that do not set them, as in
//!   the AWS CLI.
//!
//! A line that cannot be parsed affects only its section. It is a [`Warning`], and an error
//! ([`SettingsError::FaultyLine`]) only if the caller uses the section.

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

pub use assumed_role::RoleCredentialsSource;
pub use document::{Document, EditError};
#[cfg(feature = "edit")]
pub use document_file::{DocumentFile, DocumentFileError};
pub use load_error::LoadError;
pub use locations::Locations;
pub use missing_key::MissingKey;
pub use not_found::NotFound;
pub use origin::Origin;
pub use profile_name::{ProfileNameSource, selected_profile};
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

// Compiles the README's example as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
