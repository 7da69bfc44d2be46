//! `chaos MINUTES [SEED]`, which `cargo xtask chaos` starts.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    project::exit_code(run())
}

#[cfg(unix)]
fn run() -> Result<()> {
    use anyhow::Context as _;

    let mut arguments = std::env::args().skip(1);
    let minutes = arguments.next().context("start this with cargo xtask chaos")?;
    let minutes = minutes.parse().context("MINUTES is not a number")?;
    let seed = arguments.next().map(|seed| seed.parse());
    chaos::run(minutes, seed.transpose().context("SEED is not a number")?)
}

#[cfg(not(unix))]
fn run() -> Result<()> {
    anyhow::bail!("chaos runs on Unix only: its faults are signals, limits and file modes")
}
