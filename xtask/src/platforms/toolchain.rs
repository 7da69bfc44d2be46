//! A toolchain that builds for another target.
//!
//! With rustup, that is the active toolchain if the target is installed. Otherwise it is Debian's
//! compiler, which comes with the source of its standard library: cargo builds that first.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use xshell::{Cmd, Shell, cmd};

use crate::needs::{self, Package};

/// Debian's compiler, in a version that is recent enough on Debian 12.
const DEBIAN: &[Package] = &[
    ("/usr/bin/cargo", "cargo-web"),
    ("/usr/bin/cargo-clippy", "rust-web-clippy"),
    ("/usr/bin/rustc", "rustc-web"),
    ("/usr/lib/rustlib/src/rust/library/Cargo.lock", "rust-web-src"),
];
const STANDARD_LIBRARY: &str = "-Zbuild-std=std,panic_unwind,panic_abort,test";

/// Builds for one target.
#[derive(Debug)]
pub(crate) struct Toolchain {
    target: &'static str,
    is_debian: bool,
}

impl Toolchain {
    /// Finds a toolchain for the target, or installs Debian's.
    pub(crate) fn find(target: &'static str) -> Result<Self> {
        let shell = project::shell()?;
        let installed = cmd!(shell, "rustup target list --installed").quiet().ignore_stderr();
        let is_installed =
            installed.read().is_ok_and(|targets| targets.lines().any(|line| line == target));
        if !is_installed {
            needs::packages(DEBIAN)?;
        }
        Ok(Self { target, is_debian: !is_installed })
    }

    /// Whether it is Debian's, which has none of the target's libraries.
    pub(crate) fn is_debian(&self) -> bool {
        self.is_debian
    }

    /// The directory for programs of this profile (`debug`, `release`).
    pub(crate) fn output(&self, profile: &str) -> Result<PathBuf> {
        Ok(target_directory()?.join(self.target).join(profile))
    }

    /// `cargo SUBCOMMAND ARGUMENTS` for the target. `variables` name their target where cargo and the
    /// crate `cc` want it.
    pub(crate) fn cargo<'a>(
        &self,
        shell: &'a Shell,
        subcommand: &str,
        arguments: &[&str],
        variables: &[(&str, String)],
    ) -> Result<Cmd<'a>> {
        let target = self.target;
        let cargo = if self.is_debian { "/usr/bin/cargo".to_owned() } else { project::cargo() };
        let standard_library = self.is_debian.then_some(STANDARD_LIBRARY);
        let mut command = cmd!(
            shell,
            "{cargo} {subcommand} --quiet --locked {standard_library...} --target {target} {arguments...}"
        )
        .quiet()
        .env("CARGO_TARGET_DIR", target_directory()?)
        .envs(variables.iter().map(|(name, value)| (*name, value)));
        if self.is_debian {
            // rustup's commands are first in the usual path, and cargo would start its clippy.
            let path = std::env::var_os("PATH").unwrap_or_default();
            let directories =
                std::iter::once("/usr/bin".into()).chain(std::env::split_paths(&path));
            let path: OsString = std::env::join_paths(directories)?;
            command = command
                .env("PATH", path)
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTDOC", "/usr/bin/rustdoc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env_remove("CARGO")
                .env_remove("RUSTUP_TOOLCHAIN");
        }
        Ok(command)
    }
}

/// Its own directory: another compiler's files would displace those of the active one.
pub(crate) fn target_directory() -> Result<PathBuf> {
    Ok(project::target()?.join("platforms"))
}
