//! The archives of a release: the program, its licences, completions and manual pages; for Debian a
//! package; and the SHA-256 of each file. Each is unpacked and run in an empty environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::platforms::{musl, windows};

/// What can be built on Linux. The release workflow builds the others on their own systems.
const TARGETS: [&str; 2] = [musl::X86_64, windows::TARGET];
const SHELLS: [(&str, &str); 4] = [
    ("bash", "ssocreds.bash"),
    ("zsh", "_ssocreds"),
    ("fish", "ssocreds.fish"),
    ("powershell", "_ssocreds.ps1"),
];

/// Builds the archives for one target, or for all that can be built here.
pub(crate) fn run(target: Option<&str>) -> Result<()> {
    let shell = project::shell()?;
    let release = Release::new(&shell)?;
    if let Some(target) = target {
        return release.build(target);
    }
    for target in TARGETS {
        release.build(target)?;
    }
    Ok(())
}

struct Release<'a> {
    shell: &'a Shell,
    version: &'static str,
    /// Where the archives are put.
    output: PathBuf,
    /// A program for this machine, which writes the completions and manual pages.
    native: PathBuf,
}

impl<'a> Release<'a> {
    fn new(shell: &'a Shell) -> Result<Self> {
        let cargo = project::cargo();
        cmd!(shell, "{cargo} build --quiet --package sso-cli").quiet().run()?;
        let name = format!("ssocreds{}", std::env::consts::EXE_SUFFIX);
        let native = project::target()?.join("debug").join(name);
        let output = project::target()?.join("archives");
        fs::create_dir_all(&output)?;
        Ok(Self { shell, version: env!("CARGO_PKG_VERSION"), output, native })
    }

    /// Builds, checks and lists the files for a target.
    fn build(&self, target: &str) -> Result<()> {
        println!("\n== archive for {target}");
        let program = self.program(target)?;
        let name = format!("ssocreds-{}-{target}", self.version);
        let directory = TempDir::new()?;
        self.fill(&program, &directory.path().join(&name))?;
        let archive = self.pack(directory.path(), &name, target)?;
        check(&unpack(self.shell, &archive)?, &name, target, self.version)?;
        if target == musl::X86_64 {
            self.debian_package(&directory.path().join(&name))?;
        }
        self.checksums()
    }

    fn program(&self, target: &str) -> Result<PathBuf> {
        match target {
            musl::X86_64 => musl::program(),
            windows::TARGET if cfg!(target_os = "linux") => windows::program(),
            _ => {
                let (shell, cargo) = (self.shell, project::cargo());
                let flags = if target.ends_with("musl") { musl::RELEASE_FLAGS } else { "" };
                cmd!(shell, "{cargo} build --release --locked --package sso-cli --target {target}")
                    .env("RUSTFLAGS", flags)
                    .run()?;
                let suffix = std::env::consts::EXE_SUFFIX;
                Ok(project::target()?.join(target).join(format!("release/ssocreds{suffix}")))
            }
        }
    }

    /// Puts everything that an archive contains into a directory.
    fn fill(&self, program: &Path, directory: &Path) -> Result<()> {
        let (completions, manual) = (directory.join("completions"), directory.join("man/man1"));
        fs::create_dir_all(&completions)?;
        fs::create_dir_all(&manual)?;
        let file_name = program.file_name().context("a program has a name")?;
        fs::copy(program, directory.join(file_name))?;
        for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
            fs::copy(project::root().join(file), directory.join(file))?;
        }
        fs::copy(project::root().join("crates/sso-cli/README.md"), directory.join("README.md"))?;
        for (name, file) in SHELLS {
            fs::write(completions.join(file), self.output_of(&["completions", name])?)?;
        }
        fs::write(manual.join("ssocreds.1"), self.output_of(&["man"])?)?;
        for command in self.commands()? {
            let page = self.output_of(&["man", &command])?;
            fs::write(manual.join(format!("ssocreds-{command}.1")), page)?;
        }
        Ok(())
    }

    /// The subcommands, as the help lists them.
    fn commands(&self) -> Result<Vec<String>> {
        let help = self.output_of(&["--help"])?;
        let (_, list) = help.split_once("Commands:\n").context("the help lists no commands")?;
        let list = list.split("\n\n").next().unwrap_or(list);
        // The lines of a long description are indented further.
        let lines = list.lines().filter_map(|line| line.strip_prefix("  "));
        let lines = lines.filter(|line| !line.starts_with(' '));
        let names = lines.filter_map(|line| line.split_whitespace().next());
        Ok(names.filter(|name| *name != "help").map(str::to_owned).collect())
    }

    fn output_of(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.native).args(arguments).output()?;
        ensure!(output.status.success() && !output.stdout.is_empty(), "{arguments:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }

    fn pack(&self, parent: &Path, name: &str, target: &str) -> Result<PathBuf> {
        let shell = self.shell;
        if target.contains("windows") {
            let archive = self.output.join(format!("{name}.zip"));
            let _there = shell.push_dir(parent);
            cmd!(shell, "python3 -m zipfile -c {archive} {name}").quiet().run()?;
            return Ok(archive);
        }
        let archive = self.output.join(format!("{name}.tar.gz"));
        cmd!(shell, "tar --owner=0 --group=0 -C {parent} -czf {archive} {name}").quiet().run()?;
        Ok(archive)
    }

    fn debian_package(&self, content: &Path) -> Result<()> {
        let root = TempDir::new()?;
        let place = |file: &str, at: &str| -> Result<()> {
            let path = root.path().join(at);
            fs::create_dir_all(path.parent().context("a path below the root")?)?;
            fs::copy(content.join(file), path)?;
            Ok(())
        };
        place("ssocreds", "usr/bin/ssocreds")?;
        place("LICENSE-MIT", "usr/share/doc/ssocreds/copyright")?;
        place("LICENSE-APACHE", "usr/share/doc/ssocreds/LICENSE-APACHE")?;
        for (file, at) in [
            ("ssocreds.bash", "usr/share/bash-completion/completions/ssocreds"),
            ("_ssocreds", "usr/share/zsh/vendor-completions/_ssocreds"),
            ("ssocreds.fish", "usr/share/fish/vendor_completions.d/ssocreds.fish"),
        ] {
            place(&format!("completions/{file}"), at)?;
        }
        for page in fs::read_dir(content.join("man/man1"))? {
            let name = page?.file_name().into_string().ok().context("a name in UTF-8")?;
            place(&format!("man/man1/{name}"), &format!("usr/share/man/man1/{name}"))?;
        }
        let version = self.version;
        fs::create_dir(root.path().join("DEBIAN"))?;
        fs::write(
            root.path().join("DEBIAN/control"),
            format!(
                "Package: ssocreds\nVersion: {version}\nArchitecture: amd64\nSection: utils\n\
                 Priority: optional\nMaintainer: the ssocreds maintainers \
                 <ssocreds@users.noreply.github.com>\nHomepage: https://github.com/ssocreds/ssocreds\n\
                 Description: AWS credentials from an AWS SSO login\n \
                 For credential_process of any AWS tool, and for the shell.\n"
            ),
        )?;
        let (shell, root) = (self.shell, root.path());
        let package = self.output.join(format!("ssocreds_{version}_amd64.deb"));
        cmd!(shell, "dpkg-deb --root-owner-group --build {root} {package}").quiet().run()?;
        let unpacked = TempDir::new()?;
        let there = unpacked.path();
        cmd!(shell, "dpkg-deb --extract {package} {there}").quiet().run()?;
        runs(&mut Command::new(there.join("usr/bin/ssocreds")), version)
    }

    /// Writes the SHA-256 of all archives.
    fn checksums(&self) -> Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.output)? {
            let name = entry?.file_name().into_string().ok().context("a name in UTF-8")?;
            files.extend((name != "SHA256SUMS").then_some(name));
        }
        files.sort();
        let shell = self.shell;
        let _there = shell.push_dir(&self.output);
        // macOS has no `sha256sum`.
        let sums = if cfg!(target_os = "macos") {
            cmd!(shell, "shasum -a 256 {files...}").quiet().read()?
        } else {
            cmd!(shell, "sha256sum {files...}").quiet().read()?
        };
        fs::write(self.output.join("SHA256SUMS"), sums + "\n")?;
        Ok(())
    }
}

fn unpack(shell: &Shell, archive: &Path) -> Result<TempDir> {
    let directory = TempDir::new()?;
    let there = directory.path();
    if archive.extension().is_some_and(|extension| extension == "zip") {
        cmd!(shell, "python3 -m zipfile -e {archive} {there}").quiet().run()?;
    } else {
        cmd!(shell, "tar -C {there} -xzf {archive}").quiet().run()?;
    }
    Ok(directory)
}

/// Runs the program of an unpacked archive in an empty environment, and looks for the other files.
fn check(unpacked: &TempDir, name: &str, target: &str, version: &str) -> Result<()> {
    let directory = unpacked.path().join(name);
    let expected = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "man/man1/ssocreds.1"];
    let completions = SHELLS.map(|(_, file)| format!("completions/{file}"));
    for file in expected.into_iter().chain(completions.iter().map(String::as_str)) {
        ensure!(directory.join(file).is_file(), "{name} does not contain {file}");
    }
    let is_native = target.starts_with(std::env::consts::ARCH);
    match target {
        windows::TARGET if cfg!(target_os = "linux") => {
            runs(&mut windows::command(&directory.join("ssocreds.exe"))?, version)
        }
        _ if is_native => {
            let file = format!("ssocreds{}", std::env::consts::EXE_SUFFIX);
            runs(&mut Command::new(directory.join(file)), version)
        }
        _ => bail!("a program for {target} cannot be run here"),
    }
}

/// Checks that the program runs without any environment and prints its version.
pub(crate) fn runs(command: &mut Command, version: &str) -> Result<()> {
    let output = command.arg("--version").env_clear().output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && printed.trim().ends_with(version),
        "it does not print version {version}: {output:?}"
    );
    println!("   {}: prints {}", command.get_program().display(), printed.trim());
    Ok(())
}
