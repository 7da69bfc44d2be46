//! Checks that dropped secrets are no longer in memory: searches all writable memory of this process
//! through `/proc/self/mem`.
//!
//! A separate test program, because no other test may run in the same process.

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

/// One test for all cases, so that they do not run at the same time.
#[test]
fn dropped_secrets_are_not_in_memory() {
    needle::the_search_finds_held_and_freed_but_not_cleared_secrets();
    for escaped in [false, true] {
        scenes::a_refresh_and_credentials(escaped);
        scenes::errors_of_services_and_files(escaped);
    }
}

/// Prints the secrets that remain in buffers of the HTTP and TLS libraries. Fails only if a secret in the
/// body of a request remains, because request bodies are in buffers of this workspace.
#[test]
fn request_bodies_are_not_kept_in_memory() {
    real_http::report();
}

#[test]
fn as_a_child() {
    real_http::run_in_child();
}
