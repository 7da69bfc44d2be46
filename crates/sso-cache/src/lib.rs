//! Being documented.

#![forbid(unsafe_code)]

mod cache_key;
mod cached_token;
mod error;
mod leftover;
mod location;
mod lock;
mod near_miss;
mod object;
mod role_cache_key;
mod role_credentials_file;
mod role_json;
mod store;
mod timestamp;
mod token_file;
mod token_json;

pub use cache_key::{CacheKey, CacheKeyOrigin};
pub use cached_token::{CachedToken, NotRefreshable, RefreshMaterial};
pub use error::{LockError, ParseError, StoreError};
pub use location::{
    role_cache_dir, standard_cached_token_filepath, standard_cached_token_filepath_in,
    token_cache_dir,
};
pub use near_miss::{NearMiss, cached_tokens};
pub use role_cache_key::role_cache_key;
pub use role_credentials_file::{
    RoleCredentialsFile, RoleCredentialsFileLock, role_credentials_files,
};
pub use store::Fingerprint;
pub use token_file::{TokenFile, TokenFileLock};

/// The largest cache file that is read or written, in bytes: 1 MiB.
pub const MAX_FILE_SIZE: usize = 1 << 20;
