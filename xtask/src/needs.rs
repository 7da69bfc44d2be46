//! Installs the programs that tests marked `#[ignore = "needs NAME"]` run.
//!
//! A new one is a row in `PACKAGES`, or for Python a line in `xtask/interop/python/requirements.txt`.

use std::ffi::OsString;

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

/// A program or file, and the Debian package that contains it.
pub(crate) type Package = (&'static str, &'static str);

const PACKAGES: &[Package] = &[
    ("strace", "strace"),
    ("faketime", "faketime"),
    ("script", "bsdutils"),
    ("dash", "dash"),
    ("fish", "fish"),
    ("zsh", "zsh"),
    ("setfacl", "acl"),
    ("setpriv", "util-linux"),
    ("ip", "iproute2"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("curl", "curl"),
];

/// Installs everything, and returns the `PATH` with which the ignored tests find it.
///
/// It starts with the AWS CLI version 2, then Python with botocore and the AWS CLI version 1.
pub(crate) fn install() -> Result<OsString> {
    packages(PACKAGES)?;
    let (shell, cargo) = (project::shell()?, project::cargo());
    Ok(cmd!(shell, "{cargo} run --quiet --package interop -- path").quiet().read()?.into())
}

/// Installs the Debian packages whose program or file is missing.
pub(crate) fn packages(packages: &[Package]) -> Result<()> {
    let missing = packages.iter().filter(|(file, _)| !project::is_installed(file));
    let missing: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let shell = project::shell()?;
    let may_install = cmd!(shell, "id -u").quiet().read().is_ok_and(|user| user == "0");
    ensure!(
        may_install && project::is_installed("apt-get"),
        "these Debian packages are missing: {}; install them, or run this as root on Debian",
        missing.join(" ")
    );
    eprintln!("   installing {}", missing.join(" "));
    let _quiet = shell.push_env("DEBIAN_FRONTEND", "noninteractive");
    cmd!(shell, "apt-get update -qq").quiet().ignore_stdout().run()?;
    cmd!(shell, "apt-get install -qq -y --no-install-recommends {missing...}")
        .quiet()
        .ignore_stdout()
        .run()
        .context("apt-get failed")
}
