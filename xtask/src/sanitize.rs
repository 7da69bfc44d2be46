//! Runs all tests under the address sanitizer, which checks C code and `unsafe` code of dependencies.
//!
//! It takes minutes, so it is not part of `ci`. Leaks are not checked, since statics would count as
//! leaks.

use anyhow::Result;
use xshell::cmd;

/// The sanitizer itself makes these fail: two count the system calls of a store, and it makes some of its
/// own; one looks for secrets on the stack, which it lays out in another way.
const SKIPPED: [&str; 3] = [
    "faults::a_failed_system_call_leaves_the_old_or_the_new_token",
    "faults::a_writer_killed_at_any_system_call_loses_no_token",
    "dropped_secrets_are_not_in_memory",
];

pub(crate) fn run() -> Result<()> {
    let (shell, cargo) = (project::shell()?, project::cargo());
    let skips = SKIPPED.iter().flat_map(|test| ["--skip", test]);
    // The runtime of the sanitizer comes with every toolchain for this target; the flag that links it
    // is not stable yet. With a target, build scripts and macros go without.
    let options = ["--target", "x86_64-unknown-linux-gnu", "--target-dir", "target/sanitize"];
    let tests = ["--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
    Ok(cmd!(shell, "{cargo} test {options...} {tests...} -- {skips...}")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .run()?)
}
