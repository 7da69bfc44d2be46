//! Runs the static program in a root directory that contains nothing else: no loader, no libraries, no
//! `/etc`, no `/dev`.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;

pub(crate) fn check(program: &Path) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for tls in [false, true] {
        let root = TempDir::new()?;
        std::fs::copy(program, root.path().join("ssocreds"))?;
        let emulator = runtime.block_on(Emulator::builder().tls(tls).start())?;
        let mut home = emulator.write_home(&root.path().join("home"), TokenState::Expired)?;
        let output = run(root.path(), &home)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let is_printed = output.status.success() && printed.contains("\"SecretAccessKey\"");
        ensure!(is_printed, "no credentials, with TLS: {tls}: {output:?}");
        if tls {
            home.environment.retain(|(name, _)| name != "AWS_CA_BUNDLE");
            let output = run(root.path(), &home)?;
            let error = String::from_utf8_lossy(&output.stderr);
            let is_refused = error.contains("no certificate authorities to trust");
            ensure!(!output.status.success() && is_refused, "without certificates: {output:?}");
        }
    }
    println!("   {}: works in an empty root directory", program.display());
    Ok(())
}

/// Runs `ssocreds` with nothing but the root directory.
fn run(root: &Path, home: &Home) -> Result<Output> {
    // `chroot` needs root, which `unshare` gives to others within a user namespace.
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "chroot"]).arg(root).env_clear();
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let outside = root.display().to_string();
    command.envs(home.environment.iter().map(|(name, value)| (name, value.replace(&outside, ""))));
    command.args(["/ssocreds", "credential-process", "--no-cache", "--profile", &home.profile]);
    command.output().context("failed to run unshare, of util-linux")
}
