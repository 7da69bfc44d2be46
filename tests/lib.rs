//! End-to-end tests live in `main.rs`; there is no library.
