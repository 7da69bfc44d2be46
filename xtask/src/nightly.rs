//! The long forms of the checks, one after the other: together they take about two hours.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::platforms::Extent;
use crate::{chaos, config_readers, fuzz, interop, platforms};

/// For each fuzz target.
const FUZZING: Duration = Duration::from_secs(300);

/// Pairs of generated config files.
const CONFIG_FILES: u32 = 20_000;

const CHAOS_MINUTES: f64 = 30.0;

/// A name, and what to run.
type Check = (&'static str, fn() -> Result<()>);

/// Runs every check, also after one has failed, and fails with all that did.
pub(crate) fn run() -> Result<()> {
    let checks: [Check; 5] = [
        ("config files beside other readers", || config_readers::run(Some(CONFIG_FILES))),
        ("fuzzing", || fuzz::all(FUZZING)),
        ("chaos", || chaos::run(CHAOS_MINUTES, None)),
        ("all clients", || interop::run(None, false)),
        ("other platforms", || platforms::run(None, Extent::Full)),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        println!("\n== {name}");
        let started = Instant::now();
        match check() {
            Ok(()) => println!("   passed in {:.0?}", started.elapsed()),
            Err(error) => {
                println!("   FAILED: {error:#}");
                failed.push(name);
            }
        }
    }
    if failed.is_empty() {
        println!("\nnightly: all checks passed");
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "));
}
