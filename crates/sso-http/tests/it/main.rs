//! Tests of the public API, mostly over real sockets on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

mod bodies;
mod botocore;
mod cancel;
mod endpoints;
mod errors;
mod hostile;
#[cfg(feature = "http2")]
mod http2;
mod operations;
mod pacing;
mod pages;
mod proxy;
mod retry;
mod runtimes;
mod secrets;
mod server;
mod tls;
mod transport;
mod wire;
