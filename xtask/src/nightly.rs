//! The long forms of the checks, one after the other: together they take some hours.

use std::time::Duration;

use anyhow::{Result, bail};
use xshell::cmd;

use crate::platforms::Extent;
use crate::published::{metadata, published};
use crate::step::step;
use crate::{fuzz, mutants, platforms};

/// For each fuzz target.
const FUZZING: Duration = Duration::from_secs(300);

/// Pairs of generated config files.
const CONFIG_FILES: &str = "20000";

const CHAOS_MINUTES: &str = "30";

/// A name, and what to run.
type Check = (&'static str, fn() -> Result<()>);

/// Runs every check, also after one has failed, and fails with all that did.
pub(crate) fn run() -> Result<()> {
    let checks: [Check; 7] = [
        ("tests without default features", without_default_features),
        ("config files beside other readers", || {
            project::run("interop", &["config-readers", CONFIG_FILES])
        }),
        ("fuzzing", || fuzz::all(FUZZING)),
        ("chaos", || project::run("chaos", &[CHAOS_MINUTES])),
        ("all clients", || project::run("interop", &["clients"])),
        ("mutants", || mutants::run(None)),
        ("other platforms", || platforms::run(None, Extent::Full)),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if let Err(error) = step(name, check) {
            println!("   FAILED: {error:#}");
            failed.push(name);
        }
    }
    if failed.is_empty() {
        println!("\nnightly: all checks passed");
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "));
}

/// The tests of each crate whose default features can be left out.
fn without_default_features() -> Result<()> {
    let (shell, cargo) = (project::shell()?, project::cargo());
    for package in published(&metadata()?) {
        let name = package.name.as_str();
        if package.features.contains_key("default") {
            cmd!(shell, "{cargo} test --quiet --package {name} --no-default-features").run()?;
        }
    }
    Ok(())
}
