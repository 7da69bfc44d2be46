//! Runs the real binary in a temporary home directory with the emulator. One module per topic.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::needless_raw_string_hashes,
    missing_docs,
    reason = "tests: a panic is how they fail, and they write files and run other programs"
)]
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unused_imports, reason = "some tests need what only Linux or Unix has")
)]

#[cfg(unix)]
mod access;
mod cache;
#[cfg(unix)]
mod completions;
mod config;
mod configure;
mod console;
#[cfg(target_os = "linux")]
mod container;
#[cfg(target_os = "linux")]
mod core_dump;
mod dialect;
mod errors;
#[cfg(unix)]
mod exec;
mod export;
mod followed_profile;
mod help;
#[cfg(unix)]
mod hostile;
mod hostile_text;
mod lists;
mod login;
mod login_network;
#[cfg(target_os = "linux")]
mod login_other_tools;
mod logout;
mod long_lists;
mod options;
mod populate;
mod program;
mod progress;
mod refresh_ahead;
#[cfg(unix)]
mod renew;
mod secrets;
mod status;
mod token;
#[cfg(windows)]
mod windows;
