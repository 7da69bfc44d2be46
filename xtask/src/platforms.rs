//! Builds and tests for the platforms other than this one: `cargo xtask platforms`.

mod empty_root;
mod extent;
mod macos;
pub(crate) mod musl;
mod toolchain;
pub(crate) mod windows;

use std::time::Instant;

use anyhow::{Result, bail};

pub(crate) use extent::Extent;

/// Runs one platform, or all of them.
pub(crate) fn run(only: Option<&str>, extent: Extent) -> Result<()> {
    match only {
        None => {
            timed("musl", || musl::run(extent))?;
            timed("windows", || windows::run(extent))?;
            timed("macos", macos::run)
        }
        Some("musl") => musl::run(extent),
        Some("windows") => windows::run(extent),
        Some("macos") => macos::run(),
        Some(name) => bail!("there is no platform {name:?}; there are musl, windows and macos"),
    }
}

fn timed(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    run()?;
    println!("   {name}: passed in {:.0?}", started.elapsed());
    Ok(())
}
