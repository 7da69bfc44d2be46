//! What `cargo xtask bench` measures with: the floors, and the measurements inside a process.
//!
//! A floor is a small program that does what a job cannot do without (read the file, ask, print)
//! and nothing else: no checks, no retries, no limits, no clearing of secrets. It says what the job
//! costs on this machine, so that a ratio can be formed. It is no program that anyone should use.
//!
//! Not here: who runs them, and what the figures come to (`xtask`).

#![forbid(unsafe_code)]

mod floor;
mod samples;

pub use floor::{access_token, answer_body, request};
pub use samples::{Batches, print_samples};
