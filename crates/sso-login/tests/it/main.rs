//! Logins and logouts over real sockets and files, against the emulator.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests: a panic is how they fail, and they write files"
)]

mod authorization_code;
mod chromium;
mod concurrency;
mod device_code;
mod listener;
mod logout;
mod registration;
mod scene;
mod start_url;
mod web_driver;
