//! The static program in a root directory that contains nothing else: no loader, no libraries, no
//! `/etc`, no `/dev`.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use sso_emulator::{Emulator, TokenState};
use tempfile::TempDir;

pub(crate) fn check(program: &Path) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let root = TempDir::new()?;
    std::fs::copy(program, root.path().join("ssocreds"))?;

    let http = runtime.block_on(Emulator::builder().start())?;
    let output = run(&http, root.path(), Bundle::Given)?;
    ensure!(printed_credentials(&output), "over HTTP: {output:?}");

    let tls = runtime.block_on(Emulator::builder().tls(true).start())?;
    let output = run(&tls, root.path(), Bundle::Given)?;
    ensure!(printed_credentials(&output), "over TLS: {output:?}");
    let output = run(&tls, root.path(), Bundle::Missing)?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !output.status.success() && error.contains("no certificate authorities to trust"),
        "without certificates: {output:?}"
    );
    println!("   {}: works in an empty root directory", program.display());
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bundle {
    Given,
    Missing,
}

/// Writes a home into the root directory, and runs the program there.
fn run(emulator: &Emulator, root: &Path, bundle: Bundle) -> Result<Output> {
    let home = emulator.write_home(&root.join("home"), TokenState::Expired)?;
    // `chroot` needs root, which `unshare` gives to others within a user namespace.
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "chroot"]).arg(root).env_clear();
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
    let outside = root.display().to_string();
    for (name, value) in &home.environment {
        if name != "AWS_CA_BUNDLE" || bundle == Bundle::Given {
            command.env(name, value.replace(&outside, ""));
        }
    }
    command.args(["/ssocreds", "credential-process", "--no-cache", "--profile", &home.profile]);
    command.output().context("failed to run unshare, of util-linux")
}

fn printed_credentials(output: &Output) -> bool {
    output.status.success()
        && String::from_utf8_lossy(&output.stdout).contains("\"SecretAccessKey\"")
}
