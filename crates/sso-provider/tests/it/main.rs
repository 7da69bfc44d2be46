//! Tests of the providers through the public API, one module per topic.

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
mod concurrency;
mod errors;
mod full;
mod go_names;
mod interleavings;
mod log;
mod outages;
#[cfg(feature = "https")]
mod profiles;
mod refresh;
mod rejected;
mod role_cache;
mod scene;
mod secrets;
mod user_program;
mod warnings;
#[cfg(windows)]
mod windows;
mod writing;
