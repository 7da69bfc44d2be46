//! End to end, a module a story: the real binary, real files, real sockets, other AWS clients.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests: a panic is how they fail, and they write files and run other programs"
)]

mod contention;
mod corpus;
mod full_disk;
mod main_job;
mod program;
mod python;
mod real_clients;
