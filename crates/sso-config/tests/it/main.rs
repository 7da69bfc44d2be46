//! Tests of the public API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod assumed_role;
mod botocore;
mod dialect;
mod document;
#[cfg(feature = "edit")]
mod document_file;
mod endpoints;
mod files;
mod mistakes;
mod other_readers;
mod resolution;
mod round_trip;
mod settings;
mod show;
mod size;
