//! Instructions of single operations, counted by callgrind: what they cost, whatever the machine does
//! beside.
//!
//! Not responsible for times. The count is the difference of two runs of different length, so that
//! starting and ending the process cancel out.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::programs::Programs;
use crate::project;

/// The operations, and how often they are repeated in the shorter of the two runs.
const OPERATIONS: [(&str, u64); 4] =
    [("token-parse", 50), ("config-parse", 5), ("token-path", 100), ("warm-retrieval", 1000)];
/// The committed figures.
const FILE: &str = "xtask/bench/instructions.json";
const REGRESSION: f64 = 1.05;

/// Counts, shows the change against the committed figures, and fails on a regression; or, to
/// `write`, commits what it counted to the file.
pub(crate) fn run(write: bool) -> Result<()> {
    let shown = Command::new("valgrind").arg("--version").output();
    let version = shown.context("valgrind is not here")?.stdout;
    println!("{}", String::from_utf8_lossy(&version).trim());
    let programs = Programs::build_ours()?;
    let file = project::root().join(FILE);
    let mut counted = BTreeMap::new();
    for (operation, count) in OPERATIONS {
        let short = total(&programs, operation, count)?;
        let long = total(&programs, operation, 2 * count)?;
        let now = long.saturating_sub(short) / count;
        counted.insert(operation.to_owned(), now);
        println!("  {operation}: {now} instructions");
    }
    if write {
        let text = serde_json::to_string_pretty(&counted)?;
        std::fs::write(&file, text + "\n")?;
        println!("written: {FILE}");
        return Ok(());
    }
    let committed = std::fs::read_to_string(&file).context(FILE)?;
    judge(&serde_json::from_str(&committed).context(FILE)?, &counted)
}

/// Shows the changes. What has no committed figure, or has one and is not counted any more, is held
/// to nothing: as bad as a regression.
fn judge(committed: &BTreeMap<String, u64>, counted: &BTreeMap<String, u64>) -> Result<()> {
    ensure!(
        committed.keys().eq(counted.keys()),
        "{FILE} is of other operations; --write makes it anew"
    );
    let mut worse = Vec::new();
    for ((operation, before), now) in committed.iter().zip(counted.values()) {
        let change = ratio(*now, *before);
        println!("  {operation}: {:+.1} %", (change - 1.0) * 100.0);
        if change > REGRESSION {
            worse.push(format!("{operation}: {before} before, {now} now"));
        }
    }
    ensure!(
        worse.is_empty(),
        "more than 5 % more instructions than committed:\n{}",
        worse.join("\n")
    );
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "for a ratio to a tenth of a percent")]
fn ratio(now: u64, before: u64) -> f64 {
    now as f64 / before.max(1) as f64
}

fn total(programs: &Programs, operation: &str, count: u64) -> Result<u64> {
    let directory = TempDir::new()?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(&programs.in_process).args(["instructions", operation, &count.to_string()]);
    let output = command.env_clear().current_dir(directory.path()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{operation} failed: {said}");
    let collected = said.lines().find_map(|line| line.split("Collected :").nth(1));
    Ok(collected.context("callgrind tells no count")?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_instructions_fail_and_so_does_what_is_held_to_nothing() {
        let figures = |figures: &[(&str, u64)]| -> BTreeMap<_, _> {
            figures.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
        };
        let committed = figures(&[("load", 1000), ("parse", 100)]);
        assert!(judge(&committed, &figures(&[("load", 1049), ("parse", 90)])).is_ok());
        for (load, parse) in [(1051, 100), (900, 106)] {
            let error = judge(&committed, &figures(&[("load", load), ("parse", parse)]));
            assert!(error.unwrap_err().to_string().contains(" before, "));
        }
        for others in [&[("load", 1000)][..], &[("load", 1000), ("parse", 100), ("new", 1)], &[]] {
            assert!(judge(&committed, &figures(others)).is_err(), "{others:?}");
        }
    }
}
