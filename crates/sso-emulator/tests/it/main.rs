//! Tests of the emulator over real sockets, as a program, and with AWS's own clients.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests"
)]

mod aws_cli;
mod botocore;
mod client;
mod control;
mod faults;
mod home;
mod load;
mod logins;
mod oidc;
mod pages;
mod portal;
#[cfg(feature = "program")]
mod program;
mod web_pages;
