//! End-to-end tests with the real binary, real files and sockets, and other AWS clients. One module per
//! topic.

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
mod credential_process;
mod full_disk;
mod program;
mod python;
mod real_clients;
