//! Cache files on disk: the only place, with `lock`, where this crate touches files.
//!
//! Not responsible for what is in a file, nor for who may write it when.

mod access;
mod read;
mod replace;

pub(crate) use access::access_warnings;
pub use access::{AccessRisk, AccessWarning};
pub use read::Fingerprint;
pub(crate) use read::{entries, fingerprint, is_json, json_files, read, read_leftover, read_once};
pub(crate) use replace::{
    Durability, Staged, TempName, check_size, create_directory_of, directory_of, finish_leftover,
    fixed_temp_path, give_to_owner_of, make_private, modified, real_path, remove, remove_all,
    replace, temp_is_for, with_suffix,
};

/// The largest cache file that is read or written, in bytes: 1 MiB.
pub(crate) const MAX_FILE_SIZE: usize = 1 << 20;
