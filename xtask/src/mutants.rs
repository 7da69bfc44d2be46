//! Changes the sources of the library crates in small ways with cargo-mutants, and checks that tests
//! fail.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xshell::cmd;

use crate::{needs, tool};

/// The library crates, and the packages whose tests check each.
const CRATES: &[(&str, &str)] = &[
    ("sso-files", "sso-files,sso-cache,sso-config"),
    ("sso-types", "sso-types"),
    ("sso-cache", "sso-cache"),
    ("sso-config", "sso-config"),
    ("sso-http", "sso-http"),
    ("sso-login", "sso-login"),
    ("sso-provider", "sso-provider"),
    ("sso-endpoint", "sso-endpoint"),
    ("sso-aws-sdk", "sso-aws-sdk"),
    ("sso-object-store", "sso-object-store"),
    ("sso-reqsign", "sso-reqsign"),
    ("sso-emulator", "sso-emulator"),
];

/// Every tenth mutant of a crate.
const SHARD: &str = "3/10";

/// The directory of the results, one directory for each crate.
const OUTPUT: &str = "target/mutants";

/// The percentage of mutants that tests must catch, of those that compile.
const MIN_CAUGHT: u64 = 95;

/// Tests the mutants of one crate, or of all.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let chosen = CRATES.iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let chosen: Vec<_> = chosen.collect();
    ensure!(!chosen.is_empty(), "there is no library crate {}", only.unwrap_or_default());
    let mut failed = Vec::new();
    for (name, tests) in chosen {
        let (caught, viable) = test_mutants(name, tests)?;
        println!("   {name}: {caught} of {viable} mutants caught");
        if 100 * caught < MIN_CAUGHT * viable {
            failed.push(*name);
        }
    }
    let failed = failed.join(", ");
    ensure!(
        failed.is_empty(),
        "fewer than {MIN_CAUGHT} % of the mutants are caught in {failed}; see missed.txt in {OUTPUT}"
    );
    Ok(())
}

/// Returns how many mutants tests caught, and how many compiled.
fn test_mutants(name: &str, tests: &str) -> Result<(u64, u64)> {
    let cargo_mutants = tool::installed("cargo-mutants", "27.1.0")?;
    let shell = project::shell()?;
    let output = project::root().join(OUTPUT).join(name);
    shell.create_dir(&output)?;
    // Each run copies the sources to a new directory. The dependencies need not be built each time.
    shell.set_var("CARGO_TARGET_DIR", project::root().join(OUTPUT).join("target"));
    // Some rules are tested only by tests that need root, such as those on the owners of files.
    shell.set_var("PATH", needs::install()?);
    let command = cmd!(
        shell,
        "{cargo_mutants} mutants --all-features --package {name} --test-package {tests}
             --shard {SHARD} --sharding round-robin --output {output}
             -- --tests -- --include-ignored --skip other_readers"
    );
    let code = Command::from(command).status()?.code();
    // 2 and 3 mean that mutants were missed or ran into the time limit.
    ensure!(matches!(code, Some(0 | 2 | 3)), "cargo-mutants failed in {name}");
    let outcomes = shell.read_file(output.join("mutants.out/outcomes.json"))?;
    let outcomes: Value = serde_json::from_str(&outcomes)?;
    let count =
        |field| outcomes.get(field).and_then(Value::as_u64).with_context(|| format!("no {field}"));
    let caught = count("caught")? + count("timeout")?;
    Ok((caught, caught + count("missed")?))
}
