//! The published crates.

use cargo_metadata::{Metadata, Package};

/// The crates of the workspace without `publish = false`.
pub(crate) fn published(metadata: &Metadata) -> Vec<&Package> {
    let members = metadata.workspace_packages().into_iter();
    members.filter(|package| package.publish.is_none()).collect()
}
