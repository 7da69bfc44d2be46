//! Runs many processes in one home directory, causes random faults, and checks the invariants.
//!
//! A run is a series of periods ("weather"). Each has its kinds of faults, and ends with a check of the
//! home directory while no process runs. A seed repeats the choices, not the timing. Runs on Unix only,
//! since the faults are signals, limits and file modes. docs/CONTRIBUTING.md says how to read the output.

#![forbid(unsafe_code)]
#![cfg(unix)]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a maintainer's task: it prints, and reads the machine's clock and files"
)]

mod command;
mod config;
mod disk;
mod edits;
mod faults;
mod files;
mod judge;
mod logins;
mod process;
mod quiet;
mod run;
mod secrets;
mod serve;
mod signals;
mod span;
mod stage;
mod tally;
mod worker;

pub use run::run;
