//! Tests of the public API with real files, real locks and processes that are killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests: they write files as other tools do, and read what they were asked for"
)]
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unused_imports, unused_variables, reason = "not every story is told there")
)]

#[cfg(unix)]
mod access;
mod child;
mod client_registration;
mod concurrency;
#[cfg(unix)]
mod crash;
#[cfg(target_os = "linux")]
mod faults;
mod fixture;
#[cfg(unix)]
mod leftover;
mod locking;
mod near_miss;
mod odd_files;
#[cfg(target_os = "linux")]
mod other_users;
mod reserving;
mod role_credentials;
mod storing;
#[cfg(target_os = "linux")]
mod strace;
mod token;
#[cfg(windows)]
mod windows;
