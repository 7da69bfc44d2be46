//! Private files done safely: locked, reserved, replaced in one step, and never through a link that
//! another user made.
//!
//! Not here: the content of the files, and anything async. Every call blocks for a few system calls.
//!
//! ```
//! use sso_files::{Durability, PrivateFile, TempName};
//!
//! # let home = tempfile::tempdir()?;
//! let file = PrivateFile::new(home.path().join("cache/secret.json")).below(home.path());
//!
//! let place = file.locate_or_create()?;
//! if let Some(lock) = place.try_lock(".lock").unwrap() {
//!     // Space is on the disk before anything is at stake.
//!     let mut staged = place.stage(lock.temp_name(), &|_| false)?;
//!     staged.reserve()?;
//!     staged.write(b"{}", Durability::Synced)?;
//!     staged.rename()?;
//! }
//! assert_eq!(file.read(1024)?.bytes(), b"{}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! * A reader sees a complete old file or a complete new one, whichever process is killed when. It
//!   needs no lock.
//! * Files are made with mode 0600, directories with 0700. Root gives both to the owner of the
//!   directory that they are made in.
//! * A symbolic link below the [base](PrivateFile::below) is followed only if root, this user, or
//!   the owner of its target made it. See [`rules`].
//! * On Unix all of it is relative to directory descriptors: no user gains by exchanging a directory
//!   between a check and its use.
//! * Nothing waits for a pipe or a device in the place of a file.
//!
//! # Known gaps
//!
//! * Outside Linux and Android, a link and its owner are read in two steps, and compared by inode and
//!   time of change.
//! * On Windows files have no owners here, links of directories are followed by the operating system,
//!   and access is what the rights of the directory say.
//! * `NFSv4` access control lists are not looked at.

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
