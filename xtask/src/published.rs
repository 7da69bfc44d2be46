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

/// `--package NAME` for each of them.
pub(crate) fn package_options() -> Result<Vec<String>> {
    let metadata = metadata()?;
    let names = published(&metadata).into_iter().map(|package| package.name.to_string());
    Ok(names.flat_map(|name| ["--package".to_owned(), name]).collect())
}
