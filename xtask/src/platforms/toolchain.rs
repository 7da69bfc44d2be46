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
pub(super) struct Toolchain {
    target: &'static str,
    /// Whether it is Debian's, which has none of the target's libraries.
    pub(super) is_debian: bool,
}

impl Toolchain {
    /// Finds a toolchain for the target, or installs Debian's.
    pub(super) fn find(target: &'static str) -> Result<Self> {
        let shell = project::shell()?;
        let installed = cmd!(shell, "rustup target list --installed").quiet().ignore_stderr();
        let is_installed =
            installed.read().is_ok_and(|targets| targets.lines().any(|line| line == target));
        if !is_installed {
            needs::packages(DEBIAN)?;
        }
        Ok(Self { target, is_debian: !is_installed })
    }

    /// The directory for programs of this profile (`debug`, `release`).
    pub(super) fn output(&self, profile: &str) -> Result<PathBuf> {
        Ok(target_directory()?.join(self.target).join(profile))
    }

    /// `cargo SUBCOMMAND ARGUMENTS` for the target.
    pub(super) fn cargo<'a>(
        &self,
        shell: &'a Shell,
        subcommand: &str,
        arguments: &[&str],
    ) -> Result<Cmd<'a>> {
        let target = self.target;
        let cargo = if self.is_debian { "/usr/bin/cargo".to_owned() } else { project::cargo() };
        let standard_library = self.is_debian.then_some(STANDARD_LIBRARY);
        let options = ["--quiet", "--locked", "--target", target];
        let command =
            cmd!(shell, "{cargo} {subcommand} {options...} {standard_library...} {arguments...}")
                .quiet()
                .env("CARGO_TARGET_DIR", target_directory()?);
        if !self.is_debian {
            return Ok(command);
        }
        // rustup's commands are first in the usual path, and cargo would start its clippy.
        let mut path = OsString::from("/usr/bin:");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        Ok(command
            .env("PATH", path)
            .env("RUSTC", "/usr/bin/rustc")
            .env("RUSTDOC", "/usr/bin/rustdoc")
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("CARGO")
            .env_remove("RUSTUP_TOOLCHAIN"))
    }
}

/// Its own directory: another compiler's files would displace those of the active one.
pub(super) fn target_directory() -> Result<PathBuf> {
    Ok(project::target()?.join("platforms"))
}
