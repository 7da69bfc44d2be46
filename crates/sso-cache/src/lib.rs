//! The files of an AWS SSO login under `~/.aws`: the token file that all AWS tools of a user share,
//! the locks beside it, and the AWS CLI's caches of role credentials and of client registrations.
//!
//! A reader never sees an incomplete file, and a lock ensures that only one process refreshes a
//! token at a time.
//!
//! ```text
//! sso-files, sso-types <── sso-cache <── sso-login, sso-provider, sso-cli
//!                           (here)
//!
//! CacheKey ──> path ──> TokenFile ── load ──────────────> CachedToken
//!                          └─ lock ─> TokenFileLock <─ store ──┘
//! ```
//!
//! This crate sends no requests, reads no configuration, and does not decide when to refresh a
//! token. Nothing is `async`: calls block for a few system calls, and those that can sleep or wait
//! say so. [`TokenFile::try_lock`] does not wait for another holder of the lock. It can wait for the
//! disk if the last holder was killed during a store.
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
//! // A login stores the token.
//! let token = CachedToken::new(AccessToken::new("a1"), "2026-01-01T08:00:00Z".parse()?)
//!     .with_refresh_token(RefreshToken::new("r1"));
//! file.lock(Duration::from_secs(10))?.store(&token)?;
//!
//! // A refresh takes the lock and reads the token again: another process may have refreshed it.
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
//! # Guarantees
//!
//! * A reader sees the complete old file or the complete new one, even if a process is killed. It
//!   needs no lock.
//! * A failed store leaves the old file unchanged. It also removes its temporary file, unless it
//!   returns a [`PendingStore`].
//! * Fields that other tools put into a token file are written back unchanged.
//! * If a writer is killed after the new token has reached the disk and before the rename, the
//!   token is not lost: the next [`TokenFile::try_lock`] completes the rename.
//! * The lock excludes other processes and other threads. It stays valid when the token file is
//!   replaced, since it is on another file, `<token file>.lock`. It is released when the guard is
//!   dropped or the process ends. The lock file is never removed. Otherwise one process could lock
//!   the removed file while another locks a new one.
//! * Opening never blocks, even if there is a pipe or a device in place of a file.
//! * A file of another user is not used, unless it belongs to root, or this process runs as root and
//!   the file and its directory have the same owner. Files and directories that other users can read
//!   or write are reported as an [`AccessWarning`].
//! * Secrets are cleared from memory on drop, also in buffers. No error and no `Debug` shows one.
//!
//! # Other programs
//!
//! The AWS CLI and the AWS SDKs read and write the same files without a lock, and some of them
//! write in place. For this reason, a file that does not parse is read again after some
//! milliseconds.
//!
//! The leftover file of a killed writer never undoes a logout by another tool. It undoes a login by
//! another tool only if the clock ran ahead when the files were written, and was corrected before
//! that login. Another tool can still refresh the token at the same moment, since it does not take
//! the lock.
//!
//! # Known gaps
//!
//! * To survive a power failure, the file is synced before the rename and the directory after it.
//!   No test covers a power failure. Role credentials are not synced, since they can be fetched
//!   again.
//! * On Windows, a file's version consists of its times and size. A symbolic link in place of a
//!   leftover file is followed. Files inherit their access rights from the directory. The tests for
//!   Windows have been run only under Wine.
//! * If a token file has several hard links, only the given name gets the new content. Extended
//!   attributes and access control lists of the old file are not copied.
//! * On a file system without locks (see [`LockError::Unavailable`]) two processes may refresh at
//!   the same time. There, a token is lost if its writer is killed before the rename.
//! * If there is no token file yet, the token of a login is lost if the process is killed before
//!   the rename. The missing file counts as a logout, so the temporary file is removed.

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
pub use error::{CacheFileError, LockError, ParseError};
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

// Runs the example in the README as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
