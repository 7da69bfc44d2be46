//! `chaos MINUTES [SEED]`, which `cargo xtask chaos` starts.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(unix)]
    let done = chaos::run(std::env::args().skip(1));
    #[cfg(not(unix))]
    let done = Err(anyhow::anyhow!("chaos runs on Unix only: its faults are signals and limits"));
    project::exit_code(done)
}
