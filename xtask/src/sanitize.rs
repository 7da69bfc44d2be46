//! Runs all tests under the address sanitizer, which checks C code and `unsafe` code of dependencies.
//!
//! It takes minutes, so it is not part of `ci`. Leaks are not checked, since statics would count as
//! leaks.

use anyhow::Result;
use xshell::cmd;

/// These see the sanitizer itself: two count the system calls of a store, and it makes some of its
/// own; one looks for what is left on the stack, which it lays out in another way.
const SKIPPED: [&str; 3] = [
    "faults::a_failed_system_call_leaves_the_old_or_the_new_token",
    "faults::a_writer_killed_at_any_system_call_loses_no_token",
    "dropped_secrets_are_not_in_memory",
];

pub(crate) fn run() -> Result<()> {
    let shell = project::shell()?;
    let cargo = project::cargo();
    let skips = SKIPPED.iter().flat_map(|test| ["--skip", test]);
    // The runtime of the sanitizer comes with every toolchain for this target; the flag that links
    // it is not stable yet. With a target, build scripts and macros go without.
    let _unstable = shell.push_env("RUSTC_BOOTSTRAP", "1");
    let _flags = shell.push_env("RUSTFLAGS", "-Zsanitizer=address");
    let _target = shell.push_env("CARGO_BUILD_TARGET", "x86_64-unknown-linux-gnu");
    let _directory = shell.push_env("CARGO_TARGET_DIR", project::root().join("target/sanitize"));
    let _options = shell.push_env("ASAN_OPTIONS", "detect_leaks=0");
    let tests = ["--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
    Ok(cmd!(shell, "{cargo} test {tests...} -- {skips...}").run()?)
}
