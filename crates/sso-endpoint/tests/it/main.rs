//! Tests of the endpoint with raw requests over sockets.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: a panic is how they fail"
)]

mod answers;
mod crowds;
mod hostile;
mod scene;
