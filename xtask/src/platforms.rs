//! Builds and tests for the platforms other than this one: `cargo xtask platforms`.

mod extent;
mod macos;
pub(crate) mod musl;
mod toolchain;
pub(crate) mod windows;

use anyhow::{Result, bail};

pub(crate) use extent::Extent;

use crate::step::step;

/// Runs one platform, or all of them.
pub(crate) fn run(only: Option<&str>, extent: Extent) -> Result<()> {
    match only {
        None => {
            step("musl", || musl::run(extent))?;
            step("windows", || windows::run(extent))?;
            step("macos", macos::run)
        }
        Some("musl") => musl::run(extent),
        Some("windows") => windows::run(extent),
        Some("macos") => macos::run(),
        Some(name) => bail!("there is no platform {name:?}; there are musl, windows and macos"),
    }
}
