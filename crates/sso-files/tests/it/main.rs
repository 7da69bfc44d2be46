//! Tests that run only on Linux: files in `/proc`, and access control lists. The tests of sso-cache
//! and sso-config cover the rest of this crate.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests: a panic is how they fail, and they write files"
)]

mod access;
mod reading;
