//! Runs the static program in a root directory that contains nothing else: no loader, no libraries, no
//! `/etc`, no `/dev`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) fn check(program: &Path) -> Result<()> {
    let root = TempDir::new()?;
    std::fs::copy(program, root.path().join("ssocreds"))?;

    let http = Emulator::start(root.path(), &[])?;
    let output = http.run(root.path(), Bundle::Given)?;
    ensure!(printed_credentials(&output), "over HTTP: {output:?}");

    let tls = Emulator::start(root.path(), &["--tls"])?;
    let output = tls.run(root.path(), Bundle::Given)?;
    ensure!(printed_credentials(&output), "over TLS: {output:?}");
    let output = tls.run(root.path(), Bundle::Missing)?;
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

/// The running program `sso-emulator`, and the line that it printed about itself.
struct Emulator {
    child: Child,
    description: Value,
}

impl Emulator {
    /// Writes a home directory with an expired token into the root directory.
    fn start(root: &Path, options: &[&str]) -> Result<Self> {
        let mut command = Command::new(project::program("sso-emulator", "sso-emulator")?);
        command.arg("--home").arg(root.join("home")).args(["--token-state", "expired"]);
        let mut child = command.args(options).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no stdout")?).read_line(&mut line)?;
        let description = serde_json::from_str(&line).context("sso-emulator did not start")?;
        Ok(Self { child, description })
    }

    /// Runs `ssocreds` with nothing but the root directory.
    fn run(&self, root: &Path, bundle: Bundle) -> Result<Output> {
        // `chroot` needs root, which `unshare` gives to others within a user namespace.
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "chroot"]).arg(root).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
        let outside = root.display().to_string();
        let environment = self.description.get("environment").and_then(Value::as_object);
        for (name, value) in environment.context("no environment")? {
            if name != "AWS_CA_BUNDLE" || bundle == Bundle::Given {
                command.env(name, value.as_str().unwrap_or_default().replace(&outside, ""));
            }
        }
        let profile = self.description.get("profile").and_then(Value::as_str);
        command.args(["/ssocreds", "credential-process", "--no-cache", "--profile"]);
        command.arg(profile.context("no profile")?);
        command.output().context("failed to run unshare, of util-linux")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn printed_credentials(output: &Output) -> bool {
    output.status.success()
        && String::from_utf8_lossy(&output.stdout).contains("\"SecretAccessKey\"")
}
