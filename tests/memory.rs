//! Whether secrets are still in this process's memory when nobody holds them any more: reads all
//! memory that the process can write, through `/proc/self/mem`, and looks for them.
//!
//! Not part of the other tests: nothing else may run in the process whose memory this is.

#![cfg(target_os = "linux")]
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

#[path = "memory/needle.rs"]
mod needle;
#[path = "memory/real_http.rs"]
mod real_http;
#[path = "memory/scenes.rs"]
mod scenes;

/// One test, so that one thing at a time is in memory.
#[test]
fn secrets_are_gone_when_nobody_holds_them() {
    needle::finds_what_is_there_and_nothing_else();
    for escaped in [false, true] {
        scenes::a_refresh_and_credentials(escaped);
        scenes::what_the_services_refuse(escaped);
    }
}

/// What the HTTP and TLS libraries keep in buffers of their own: reported, and judged only where it was
/// sent in a body, of which they keep nothing.
#[test]
fn what_the_http_libraries_keep_is_known() {
    real_http::report();
}

#[test]
fn as_a_child() {
    real_http::run_in_child();
}
