//! Builds and tests for the platforms other than this one: `cargo xtask platforms`.

pub(crate) mod macos;
pub(crate) mod musl;
mod toolchain;
pub(crate) mod windows;

use anyhow::{Result, bail};

/// Runs one platform, or all of them.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    match only {
        Some("musl") => musl::run(),
        Some("windows") => windows::run(),
        Some("macos") => macos::run(),
        Some(name) => bail!("there is no platform {name:?}; there are musl, windows and macos"),
        None => musl::run().and_then(|()| windows::run()).and_then(|()| macos::run()),
    }
}
