//! Builds the static programs and starts `xtask/bench`, which measures them.

use anyhow::Result;
use xshell::cmd;

use crate::platforms::musl;

pub(crate) fn run(quick: bool, write: bool) -> Result<()> {
    println!("building static programs for release (minutes, once)");
    let output = musl::build("sso-cli")?;
    musl::build("sso-bench-floor")?;
    let shell = project::shell()?;
    let (floor, source) = (output.join("floor"), "xtask/bench/floor/floor.c");
    cmd!(shell, "musl-gcc -static -O2 -o {floor} {source}").quiet().run()?;
    let cargo = project::cargo();
    let options = [quick.then_some("--quick"), write.then_some("--write")];
    let options = options.into_iter().flatten();
    Ok(cmd!(shell, "{cargo} run --quiet --profile bench -p sso-bench -- {output} {options...}")
        .quiet()
        .run()?)
}
