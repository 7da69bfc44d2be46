//! The archives of a release: the program, its licences, completions and manual pages; for Debian a
//! package. Each is unpacked, and its program is run in an empty environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::platforms::{musl, windows};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What can be built on Linux. The release workflow builds the others on their own systems.
pub(crate) const TARGETS: [&str; 2] = [musl::X86_64, windows::TARGET];

const SHELLS: [(&str, &str); 4] = [
    ("bash", "ssocreds.bash"),
    ("zsh", "_ssocreds"),
    ("fish", "ssocreds.fish"),
    ("powershell", "_ssocreds.ps1"),
];

/// Builds and tries what is released for a target, in `target/archives`.
pub(crate) fn build(target: &str) -> Result<()> {
    println!("\n== archive for {target}");
    let shell = project::shell()?;
    let program = program(&shell, target)?;
    let file_name = program.file_name().context("a program has a name")?;
    let output = shell.create_dir(project::target()?.join("archives"))?;
    let directory = TempDir::new()?;
    let name = format!("ssocreds-{VERSION}-{target}");
    let content = directory.path().join(&name);
    fill(&shell, target, &program, &content)?;
    let there = pack_and_unpack(&shell, directory.path(), &name, &output)?;
    runs(command(target, &there.path().join(&name).join(file_name))?)?;
    if target == musl::X86_64 {
        let package = debian_package(&shell, &content, &output)?;
        let there = TempDir::new()?;
        let root = there.path();
        cmd!(shell, "dpkg-deb --extract {package} {root}").quiet().run()?;
        runs(Command::new(root.join("usr/bin/ssocreds")))?;
    }
    Ok(())
}

/// Builds the program for release.
fn program(shell: &Shell, target: &str) -> Result<PathBuf> {
    match target {
        musl::X86_64 => return musl::program(),
        windows::TARGET if cfg!(target_os = "linux") => return windows::program(),
        _ => {}
    }
    let cargo = project::cargo();
    let flags = if target.ends_with("musl") { musl::RELEASE_FLAGS } else { "" };
    cmd!(shell, "{cargo} build --release --locked --package sso-cli --target {target}")
        .env("RUSTFLAGS", flags)
        .run()?;
    let name = format!("ssocreds{}", std::env::consts::EXE_SUFFIX);
    Ok(project::target()?.join(target).join("release").join(name))
}

/// The command that runs a program for this target here.
fn command(target: &str, program: &Path) -> Result<Command> {
    match target {
        windows::TARGET if cfg!(target_os = "linux") => windows::command(program),
        _ if target.starts_with(std::env::consts::ARCH) => Ok(Command::new(program)),
        _ => bail!("a program for {target} cannot be run here"),
    }
}

/// Puts everything that an archive contains into a directory.
fn fill(shell: &Shell, target: &str, program: &Path, directory: &Path) -> Result<()> {
    shell.create_dir(directory)?;
    shell.copy_file(program, directory)?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "crates/sso-cli/README.md"] {
        shell.copy_file(file, directory)?;
    }
    let printed = |words: &[&str]| -> Result<String> {
        let output = command(target, program)?.args(words).output()?;
        ensure!(output.status.success() && !output.stdout.is_empty(), "{words:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    };
    for (name, file) in SHELLS {
        let completions = printed(&["completions", name])?;
        shell.write_file(directory.join("completions").join(file), completions)?;
    }
    let pages = directory.join("man/man1");
    let page = printed(&["man"])?;
    // It refers to the pages of the commands: `ssocreds\-credential\-process(1)`.
    let references = page.lines().filter_map(|line| line.strip_prefix("ssocreds\\-"));
    for reference in references.filter_map(|line| line.strip_suffix("(1)")) {
        let command = reference.replace('\\', "");
        if command != "help" {
            let page = printed(&["man", &command])?;
            shell.write_file(pages.join(format!("ssocreds-{command}.1")), page)?;
        }
    }
    Ok(shell.write_file(pages.join("ssocreds.1"), page)?)
}

/// Packs a directory, and returns one into which the archive is unpacked.
fn pack_and_unpack(shell: &Shell, parent: &Path, name: &str, output: &Path) -> Result<TempDir> {
    let unpacked = TempDir::new()?;
    let there = unpacked.path();
    let _parent = shell.push_dir(parent);
    if name.contains("windows") {
        let archive = output.join(format!("{name}.zip"));
        cmd!(shell, "python3 -m zipfile -c {archive} {name}").quiet().run()?;
        cmd!(shell, "python3 -m zipfile -e {archive} {there}").quiet().run()?;
    } else {
        let archive = output.join(format!("{name}.tar.gz"));
        cmd!(shell, "tar --owner=0 --group=0 -czf {archive} {name}").quiet().run()?;
        cmd!(shell, "tar -C {there} -xzf {archive}").quiet().run()?;
    }
    Ok(unpacked)
}

/// Makes the package from the content of an archive, and returns its path.
fn debian_package(shell: &Shell, content: &Path, output: &Path) -> Result<PathBuf> {
    let root = TempDir::new()?;
    let root = root.path();
    for (file, place) in [
        ("ssocreds", "usr/bin/ssocreds"),
        ("LICENSE-MIT", "usr/share/doc/ssocreds/copyright"),
        ("LICENSE-APACHE", "usr/share/doc/ssocreds/LICENSE-APACHE"),
        ("completions/ssocreds.bash", "usr/share/bash-completion/completions/ssocreds"),
        ("completions/_ssocreds", "usr/share/zsh/vendor-completions/_ssocreds"),
        ("completions/ssocreds.fish", "usr/share/fish/vendor_completions.d/ssocreds.fish"),
    ] {
        let place = root.join(place);
        shell.create_dir(place.parent().context("a path below the root")?)?;
        shell.copy_file(content.join(file), place)?;
    }
    let pages = shell.create_dir(root.join("usr/share/man/man1"))?;
    for page in shell.read_dir(content.join("man/man1"))? {
        shell.copy_file(page, &pages)?;
    }
    let control = format!(
        "Package: ssocreds\nVersion: {VERSION}\nArchitecture: amd64\nSection: utils\n\
         Priority: optional\nMaintainer: the ssocreds maintainers \
         <ssocreds@users.noreply.github.com>\nHomepage: https://github.com/ssocreds/ssocreds\n\
         Description: AWS credentials from an AWS SSO login\n \
         For credential_process of any AWS tool, and for the shell.\n"
    );
    shell.write_file(root.join("DEBIAN/control"), control)?;
    let package = output.join(format!("ssocreds_{VERSION}_amd64.deb"));
    cmd!(shell, "dpkg-deb --root-owner-group --build {root} {package}").quiet().run()?;
    Ok(package)
}

/// Checks that the program runs without any environment and prints its version.
fn runs(mut command: Command) -> Result<()> {
    let output = command.arg("--version").env_clear().output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let is_printed = output.status.success() && printed.trim().ends_with(VERSION);
    ensure!(is_printed, "it does not print version {VERSION}: {output:?}");
    println!("   {}: prints {}", command.get_program().display(), printed.trim());
    Ok(())
}
