//! The published crates.

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{Metadata, Package};

/// The names in the order of publication. A crate depends only on those before it.
pub(crate) const ORDER: &[&str] = &[
    "sso-files",
    "sso-types",
    "sso-emulator",
    "sso-cache",
    "sso-config",
    "sso-http",
    "sso-login",
    "sso-provider",
    "sso-endpoint",
    "sso-aws-sdk",
    "sso-object-store",
    "sso-reqsign",
    "sso-cli",
];

/// Returns the published crates in that order.
pub(crate) fn published(metadata: &Metadata) -> Result<Vec<&Package>> {
    let members = metadata.workspace_packages();
    let found = ORDER.iter().map(|name| {
        let package = members.iter().find(|it| it.name.as_str() == *name);
        package.copied().with_context(|| format!("there is no crate {name}"))
    });
    let found: Vec<_> = found.collect::<Result<_>>()?;
    let forgotten = members.iter().find(|it| it.publish.is_none() && !found.contains(it));
    if let Some(package) = forgotten {
        bail!("{} must be in ORDER, or have publish = false", package.name);
    }
    Ok(found)
}
