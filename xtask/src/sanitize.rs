//! All tests under the address sanitizer, which watches the memory of C code and of what is
//! `unsafe` in dependencies. Takes minutes: not part of `ci`.
//!
//! Not responsible for leaks, which statics would be.

use anyhow::Result;
use xshell::cmd;

use crate::project;

/// These count the system calls of a store, and the sanitizer makes some of its own.
const COUNT_SYSTEM_CALLS: [&str; 2] =
    ["faults::failed_at_each_system_call", "faults::killed_at_each_system_call"];

pub(crate) fn run() -> Result<()> {
    let shell = project::shell()?;
    let cargo = project::cargo();
    let [one, two] = COUNT_SYSTEM_CALLS;
    // The runtime of the sanitizer comes with every toolchain for this target; the flag that links
    // it is not stable yet. With a target, build scripts and macros go without.
    let _unstable = shell.push_env("RUSTC_BOOTSTRAP", "1");
    let _flags = shell.push_env("RUSTFLAGS", "-Zsanitizer=address");
    let _target = shell.push_env("CARGO_BUILD_TARGET", "x86_64-unknown-linux-gnu");
    let _directory = shell.push_env("CARGO_TARGET_DIR", project::root().join("target/sanitize"));
    let _options = shell.push_env("ASAN_OPTIONS", "detect_leaks=0");
    let tests = ["--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
    Ok(cmd!(shell, "{cargo} test {tests...} -- --skip {one} --skip {two}").run()?)
}
