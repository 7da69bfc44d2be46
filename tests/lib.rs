//! End-to-end tests live in `main.rs`; there is no library.

#![forbid(unsafe_code)]
