//! Finds the tools that checks need, or builds them into `target/tools`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::cmd;

/// The path of a cargo tool: one that is installed already, else this version, built once.
pub(crate) fn installed(name: &str, version: &str) -> Result<PathBuf> {
    let shell = project::shell()?;
    if cmd!(shell, "{name} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
        return Ok(PathBuf::from(name));
    }
    let home = project::root().join("target/tools");
    let binary = home.join("bin").join(name);
    if !binary.is_file() {
        println!("   installing {name} {version} into target/tools (once)");
        let cargo = project::cargo();
        // Unoptimized: building it takes longer than all that it does here.
        cmd!(
            shell,
            "{cargo} install --quiet --locked --debug --root {home} --version {version} {name}"
        )
        .quiet()
        .run()?;
    }
    Ok(binary)
}
