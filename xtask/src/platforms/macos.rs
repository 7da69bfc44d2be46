//! macOS: clippy for both architectures. Nothing is linked or run; the workflow in `.github` does that.

use anyhow::Result;

use super::toolchain::Toolchain;

const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

pub(crate) fn run() -> Result<()> {
    for target in TARGETS {
        let shell = project::shell()?;
        // clippy needs no object files, so the C of ring need not be compiled, and no SDK is read.
        for tool in ["CC", "AR"] {
            shell.set_var(format!("{tool}_{}", target.replace('-', "_")), "true");
        }
        shell.set_var("SDKROOT", "/");
        let clippy = ["--workspace", "--all-targets", "--", "-D", "warnings"];
        Toolchain::find(target)?.cargo(&shell, "clippy", &clippy)?.run()?;
        println!("   {target}: checked by clippy; not linked and not run");
    }
    Ok(())
}
