//! Finds the cargo commands that checks need, or installs them into `target/tools`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::cmd;

/// The path of a cargo command: one that is installed already, else this version, installed once.
pub(crate) fn installed(name: &str, version: &str) -> Result<PathBuf> {
    if project::is_installed(name) {
        return Ok(PathBuf::from(name));
    }
    let home = project::root().join("target/tools").join(format!("{name}-{version}"));
    let program = home.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }
    println!("   installing {name} {version} into target/tools (once)");
    let (shell, cargo) = (project::shell()?, project::cargo());
    // Unoptimized: compiling it takes longer than all that it does here.
    shell.set_var("CARGO_PROFILE_DEV_DEBUG", "0");
    let options = ["--quiet", "--locked", "--debug"];
    cmd!(shell, "{cargo} install {options...} --root {home} --version {version} {name}")
        .quiet()
        .run()?;
    Ok(program)
}
