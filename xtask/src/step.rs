//! One check of a task.

use std::time::Instant;

use anyhow::{Context as _, Result};

/// Runs a check, and prints its name and duration.
pub(crate) fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let started = Instant::now();
    check().with_context(|| format!("the check {name:?} failed"))?;
    println!("   passed in {:.0?}", started.elapsed());
    Ok(())
}
