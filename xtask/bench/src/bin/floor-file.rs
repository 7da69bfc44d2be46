//! Floor of a cold process that finds its answer on disk: read one file, print it.
//!
//! `floor-file FILE`

#![forbid(unsafe_code)]

use std::io::Write as _;

use anyhow::{Context as _, Result};

fn main() -> Result<()> {
    let file = std::env::args_os().nth(1).context("a file is wanted")?;
    std::io::stdout().write_all(&std::fs::read(file)?)?;
    Ok(())
}
