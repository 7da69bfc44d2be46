//! Builds the static programs and starts `xtask/bench`, which measures them.

use anyhow::Result;
use xshell::cmd;

use crate::platforms::musl;

pub(crate) fn run(options: &[&str]) -> Result<()> {
    println!("building static programs for release (minutes, once)");
    let output = musl::build("sso-cli")?;
    musl::build("sso-bench-floor")?;
    let (shell, cargo) = (project::shell()?, project::cargo());
    let (floor, source) = (output.join("floor"), "xtask/bench/floor/floor.c");
    cmd!(shell, "musl-gcc -static -O2 -o {floor} {source}").quiet().run()?;
    let run = ["run", "--quiet", "--profile", "bench", "--package", "sso-bench", "--"];
    Ok(cmd!(shell, "{cargo} {run...} {output} {options...}").quiet().run()?)
}
