//! The crates that are tested on another platform.

use anyhow::Result;

use crate::published::{metadata, published};

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

/// `--package NAME` for each crate to test.
pub(super) fn packages(extent: Extent) -> Result<Vec<String>> {
    let metadata = metadata()?;
    let names = published(&metadata).into_iter().map(|package| package.name.as_str());
    let chosen = names.filter(|name| extent == Extent::Full || SHORT.contains(name));
    Ok(chosen.flat_map(|name| ["--package".to_owned(), name.to_owned()]).collect())
}
