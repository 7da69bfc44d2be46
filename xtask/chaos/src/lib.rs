//! Runs many processes in one home directory, causes random faults, and checks the invariants.
//!
//! A run is a series of periods ("weather"). Each has its kinds of faults, and ends with a check of
//! the home directory. A seed repeats the choices, not the timing. docs/CONTRIBUTING.md describes the
//! output.

#![forbid(unsafe_code)]
#![cfg(unix)]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a maintainer's task: it prints, and reads files"
)]

mod config;
mod disk;
mod faults;
mod files;
mod job;
mod logins;
mod process;
mod quiet;
mod run;
mod secrets;
mod serve;
mod span;
mod stage;
mod tally;
mod verdict;

pub use run::run;
