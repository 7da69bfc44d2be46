//! The published crates.

use anyhow::Result;
use cargo_metadata::{Metadata, MetadataCommand, Package};

/// What cargo knows of the workspace, without its dependencies.
pub(crate) fn metadata() -> Result<Metadata> {
    Ok(MetadataCommand::new().current_dir(project::root()).no_deps().exec()?)
}

/// The crates of the workspace without `publish = false`.
pub(crate) fn published(metadata: &Metadata) -> Vec<&Package> {
    let members = metadata.workspace_packages().into_iter();
    members.filter(|package| package.publish.is_none()).collect()
}
