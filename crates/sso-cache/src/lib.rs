//! The files of an AWS SSO login under `~/.aws`, so kept that no token is torn, lost or refreshed
//! twice: the token file that all AWS tools of a user share, the locks beside it, the AWS CLI's
//! cache of role credentials, and its client registrations.
//!
//! ```text
//! sso-types <── sso-cache <── sso-provider
//!                (here)
//!
//! CacheKey ──> path ──> TokenFile ── load ──────────────> CachedToken
//!                          └─ lock ─> TokenFileLock ── store ──┘
//! ```
//!
//! Deliberately not here: the network, configuration files, when a token should be refreshed, and
//! anything `async` (every call blocks for a few system calls; [`TokenFile::try_lock`] is the form
//! of the lock that does not wait).
//!
//! # Example
//!
//! ```
//! use sso_cache::{CachedToken, TokenFile, standard_cached_token_filepath_in};
//! use sso_types::{AccessToken, Environment, RefreshToken};
//! use std::time::Duration;
//!
//! # let home = tempfile::tempdir()?;
//! let environment = Environment::from_iter([("HOME", home.path())]);
//! # let environment = environment.with("USERPROFILE", home.path()); // on Windows
//! let file = TokenFile::new(standard_cached_token_filepath_in("my-session", &environment)?);
//!
//! // Logged in.
//! let token = CachedToken::new(AccessToken::new("a1"), "2026-01-01T08:00:00Z".parse()?)
//!     .with_refresh_token(RefreshToken::new("r1"));
//! file.store_unlocked(&token)?;
//!
//! // Refreshed: by one process at a time, each of which reads again what the last one wrote.
//! let lock = file.lock(Duration::from_secs(10))?;
//! let token = lock.load()?;
//! let token = token.refreshed(AccessToken::new("a2"), "2026-01-01T16:00:00Z".parse()?, None);
//! lock.store(&token)?;
//! drop(lock);
//!
//! assert_eq!(file.load()?.access_token().expose_secret(), "a2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What can be relied on
//!
//! * A reader sees the complete old file or the complete new one, no matter which process is killed
//!   when. It needs no lock.
//! * A failed store leaves the old file, and nothing beside it.
//! * Members that other tools put into a token file are written back unchanged.
//! * A writer that is killed after the new token has reached the disk and before the rename loses
//!   nothing: [`TokenFile::try_lock`] finishes the rename.
//! * The lock excludes other processes and other threads, also while the token file is replaced, and
//!   ends when its holder dies. Its file, `<token file>.lock`, is never removed: otherwise one process
//!   could hold the removed file's lock and another the new file's.
//! * Nothing waits for a pipe or a device in the place of a file.
//! * A file of another user is not used. Files and directories that other users can read or write are
//!   reported as an [`AccessWarning`].
//! * Secrets are cleared from memory on drop, buffers included; no error and no `Debug` shows one.
//!
//! # Other programs
//!
//! The AWS CLI and the AWS SDKs read and write the same files without a lock, and some of them write
//! in place. A file that does not parse is therefore read again after some milliseconds. A login or
//! logout by another tool stands: it is never undone by what a killed writer left. A refresh by
//! another tool at the same moment cannot be kept out, as it asks for no lock.
//!
//! # Known gaps
//!
//! * That a token survives a power cut follows from `fsync` of file and directory before and after
//!   the rename; no test here cuts the power. Role credentials are not synced, on purpose: they can
//!   be fetched again.
//! * Windows: compiled and linted, not run. There, a file's version is told by its times and size
//!   alone, a removed lock file is noticed only as missing, a symbolic link in place of a leftover
//!   is followed, and access is what the directory's rights say.
//! * A token file with several hard links gets its new content under the one name that was given.
//!   Extended attributes and access control lists of the old file are not carried over.
//! * On a file system without locks (see [`LockError::Unsupported`]) two processes may refresh at
//!   once, and a token whose writer is killed before it is in place is lost.
//! * The first token of a login, for which there is no file yet, is not rescued from a kill in the
//!   middle of the store.

#![forbid(unsafe_code)]

mod cache_file;
mod cache_key;
mod cached_token;
mod client_registration;
mod error;
mod leftover;
mod location;
mod near_miss;
mod object;
mod reservation;
mod role_cache_key;
mod role_credentials_file;
mod role_json;
mod timestamp;
mod token_content;
mod token_file;
mod token_json;
mod token_member;

pub use cache_key::{CacheKey, CacheKeyOrigin};
pub use cached_token::{CachedToken, NotRefreshable, RefreshMaterial};
pub use client_registration::{ClientRegistration, ClientRegistrationFile};
pub use error::{LockError, ParseError, StoreError};
pub use location::{
    role_cache_dir, standard_cached_token_filepath, standard_cached_token_filepath_in,
    token_cache_dir,
};
pub use near_miss::{NearMiss, NearMissKind, cached_tokens, token_files};
pub use reservation::{PendingStore, Reservation, StoreFailure};
pub use role_cache_key::role_cache_key;
pub use role_credentials_file::{
    RoleCredentialsFile, RoleCredentialsFileLock, role_credentials_files,
};
pub use sso_files::{AccessRisk, AccessWarning, Fingerprint};
pub use token_file::{LoginLock, TokenFile, TokenFileLock};

// Its example is compiled with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
