//! Safe access to private files: locks, reserved disk space, atomic replacement, and checks of the
//! links and owners on the path.
//!
//! This crate does not know the formats of the files, and nothing in it is async. Every call blocks
//! for a few system calls, unless its documentation says otherwise.
//!
//! ```
//! use sso_files::{Durability, PrivateFile, TempName};
//!
//! # let home = tempfile::tempdir()?;
//! let file = PrivateFile::new(home.path().join("cache/secret.json")).below(home.path());
//!
//! let place = file.locate_or_create()?;
//! if let Some(lock) = place.try_lock(".lock").unwrap() {
//!     let mut staged = place.stage(lock.temp_name(), &|_| false)?;
//!     staged.reserve()?;
//!     // From here on, writing cannot fail for lack of disk space.
//!     staged.write(b"{}", Durability::Synced)?;
//!     staged.rename()?;
//! }
//! assert_eq!(file.read(1024)?.bytes(), b"{}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! * A reader sees the complete old file or the complete new one, even if a process is killed. It
//!   needs no lock.
//! * Files are created with mode 0600 and directories with mode 0700. If the process runs as root,
//!   they get the owner of the directory that they are created in.
//! * A symbolic link below the [base](PrivateFile::below) is followed only if it was made by root,
//!   by this user, or by the owner of its target. See [`rules`].
//! * On Unix, files are read, created, renamed and removed relative to directory descriptors. If
//!   another user replaces a directory between a check and its use, that has no effect.
//! * Opening never blocks, even if there is a pipe or a device in place of the file.
//!
//! # Known gaps
//!
//! * Outside Linux and Android, a link and its owner are read in two steps. The inode and its
//!   change time are compared before and after.
//! * On Windows, this crate does not check owners. The operating system follows links to
//!   directories, and the access rights are those that the file inherits from its directory.
//! * `NFSv4` access control lists are not checked.

#![forbid(unsafe_code)]

mod access;
mod config_owner;
mod dir;
mod edit;
mod error;
mod lock;
mod private_file;
mod resolve;
pub mod rules;
mod staged;
mod version;

pub use access::{AccessRisk, AccessWarning};
pub use config_owner::untrusted_config_owner;
pub use edit::EditedMode;
pub use error::FileError;
pub use lock::{FileLock, NoLock};
pub use private_file::{Content, Leftover, LeftoverFile, Place, PrivateFile, entries};
pub use staged::{Durability, StagedFile, TempName, temp_is_for};
pub use version::Fingerprint;
