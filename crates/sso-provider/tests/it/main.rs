//! What users of the providers rely on, through the public API: a module a story.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::needless_raw_string_hashes,
    clippy::print_stdout,
    reason = "tests: a panic is how they fail, they write files, and expect-test brings hashes"
)]

mod cache;
mod clock;
mod downstream;
mod errors;
mod flights;
mod full;
mod go_names;
mod interleavings;
#[cfg(feature = "https")]
mod profiles;
mod refresh;
mod rejected;
mod role_cache;
mod scene;
mod secrets;
mod survival;
#[cfg(windows)]
mod windows;
mod writing;
