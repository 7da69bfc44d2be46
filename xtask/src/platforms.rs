//! Builds and tests for the platforms other than this one: `cargo xtask platforms`.

mod empty_root;
mod macos;
pub(crate) mod musl;
mod toolchain;
pub(crate) mod windows;

use std::time::Instant;

use anyhow::{Result, bail};
use cargo_metadata::MetadataCommand;

use crate::published;

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The crates that contain code of a platform.
    Short,
    /// All crates.
    Full,
}

/// The crates that differ between platforms, or run the real program.
const SHORT: &[&str] = &["sso-types", "sso-files", "sso-cache", "sso-cli"];

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

/// `--package NAME` for each crate to test.
fn packages(extent: Extent) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new().current_dir(project::root()).no_deps().exec()?;
    let names = published::published(&metadata).into_iter().map(|package| package.name.as_str());
    let chosen = names.filter(|name| extent == Extent::Full || SHORT.contains(name));
    Ok(chosen.flat_map(|name| ["--package".to_owned(), name.to_owned()]).collect())
}
