//! The long forms of the checks, one after the other: together they take some hours.

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::ci::step;
use crate::platforms::{macos, musl, windows};
use crate::{fuzz, mutants, tool};

/// A name, and what to run.
type Check = (&'static str, fn() -> Result<()>);

const CHECKS: &[Check] = &[
    ("tests without default features", without_default_features),
    ("20,000 config files beside other readers", || {
        project::run("interop", &["config-readers", "20000"])
    }),
    ("fuzzing, for 5 minutes each", || fuzz::run("5", None)),
    ("chaos, for 30 minutes", || project::run("chaos", &["30"])),
    ("all clients", || project::run("interop", &["clients"])),
    ("mutants", || mutants::run(None)),
    ("musl", musl::run),
    ("Windows", windows::run),
    ("macOS", macos::run),
];

/// Runs every check, also after one has failed, and fails with all that did.
pub(crate) fn run() -> Result<()> {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        if let Err(error) = step(name, check) {
            println!("   FAILED: {error:#}");
            failed.push(*name);
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    println!("\nnightly: all checks passed");
    Ok(())
}

fn without_default_features() -> Result<()> {
    let (shell, hack) = (project::shell()?, tool::installed("cargo-hack", "0.6.45")?);
    let packages = ["sso-http", "sso-provider", "sso-emulator"];
    let packages = packages.iter().flat_map(|name| ["--package", name]);
    Ok(cmd!(shell, "{hack} hack test --quiet --no-default-features {packages...}").run()?)
}
