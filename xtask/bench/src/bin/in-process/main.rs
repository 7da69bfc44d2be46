//! Measurements of ours inside a process, for `cargo xtask bench`, with the peers' command line:
//! `warm THREADS MILLISECONDS | uncached COUNT | concurrent COUNT | config COUNT`, and the same of
//! the floor, of the files, and of single operations to count instructions of.
//!
//! Prints one line of JSON, `{"ns": [...]}`: nanoseconds per operation.

#![forbid(unsafe_code)]

mod files;
mod instructions;
mod retrieve;
mod warm;

use anyhow::{Context as _, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |at: usize| arguments.get(at).map(String::as_str).context("an argument is missing");
    let number = |at: usize| -> Result<u32> { Ok(text(at)?.parse()?) };
    let samples = match text(0)? {
        "warm" => warm::ours(number(1)?, number(2)?)?,
        "warm-floor" => warm::floor(number(1)?, number(2)?),
        "clock" => warm::clock(number(1)?, number(2)?),
        "uncached" => retrieve::uncached(number(1)?)?,
        "concurrent" => retrieve::concurrent(number(1)?)?,
        "config" => files::config(number(1)?)?,
        "path" => files::path(number(1)?),
        "token-load" => files::token_load(number(1)?, text(2)?)?,
        "token-store" => files::token_store(number(1)?, text(2)?)?,
        "role-load" => files::role_load(number(1)?, text(2)?)?,
        "instructions" => {
            instructions::repeat(text(1)?, number(2)?)?;
            return Ok(());
        }
        other => bail!("not understood: {other}"),
    };
    sso_bench::print_samples(&samples);
    Ok(())
}
