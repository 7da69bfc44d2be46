//! The programs that are measured: ssocreds, the floors, and the other clients.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

use crate::table::{AWS_CLI, AWS_CONFIG, GO};

/// Another client.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    program: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Programs {
    /// Statically linked, as it is released.
    pub(crate) ours: PathBuf,
    /// `floor.c`.
    pub(crate) floor: PathBuf,
    /// Of the package `sso-bench-floor`.
    pub(crate) floor_tls: PathBuf,
    pub(crate) peers: Vec<Peer>,
    /// Clients that are not installed or do not run, and why.
    pub(crate) missing: Vec<(&'static str, String)>,
}

impl Peer {
    /// Prints credentials.
    pub(crate) fn cold(&self, environment: &[(String, String)]) -> Command {
        let mut command = clean(&self.program, environment);
        if self.name == AWS_CLI {
            command.args(["configure", "export-credentials", "--format", "process"]);
        } else {
            command.arg("cold");
        }
        command
    }

    /// Measures an operation of a library, and prints `{"ns": [...]}`.
    pub(crate) fn operation(&self, words: &[&str], environment: &[(String, String)]) -> Command {
        let mut command = clean(&self.program, environment);
        command.args(words);
        command
    }
}

impl Programs {
    /// Installs the static programs from a directory, and builds the other clients.
    ///
    /// An installed program is a copy. Linux maps it faster than the linker's own file, which was written in pieces.
    pub(crate) fn find(directory: &Path) -> Result<Self> {
        let shell = project::shell()?;
        let installed = shell.create_dir(project::root().join("target/bench/installed"))?;
        let program = |name: &str| {
            shell.copy_file(directory.join(name), &installed)?;
            anyhow::Ok(installed.join(name))
        };
        let mut programs = Self {
            ours: program("ssocreds")?,
            floor: program("floor")?,
            floor_tls: program("sso-bench-floor")?,
            peers: Vec::new(),
            missing: Vec::new(),
        };
        println!("building the other clients for release (minutes, once)");
        programs.add(GO, go(&shell));
        programs.add(AWS_CONFIG, aws_config(&shell));
        programs.add(AWS_CLI, aws_cli());
        Ok(programs)
    }

    /// The size of ssocreds in MiB.
    pub(crate) fn size_of_ours(&self) -> f64 {
        let size = std::fs::metadata(&self.ours).map_or(0, |metadata| metadata.len());
        u32::try_from(size / 1024).map_or(f64::NAN, f64::from) / 1024.0
    }

    fn add(&mut self, name: &'static str, found: Result<PathBuf>) {
        let version = found.and_then(|program| {
            let argument = if name == AWS_CLI { "--version" } else { "version" };
            let output = clean(&program, &[]).arg(argument).output()?;
            ensure!(output.status.success(), "it does not run");
            Ok((program, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
        });
        match version {
            Ok((program, version)) => self.peers.push(Peer { name, version, program }),
            Err(error) => self.missing.push((name, format!("{error:#}"))),
        }
    }
}

/// A command with this environment and no other.
pub(crate) fn clean(program: impl AsRef<OsStr>, environment: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn go(shell: &Shell) -> Result<PathBuf> {
    let program = project::root().join("target/bench/bench-go");
    let _directory = shell.push_dir(project::root().join("xtask/bench/peers/go"));
    let stripped = "-ldflags=-s -w";
    cmd!(shell, "go build -mod=readonly -trimpath {stripped} -o {program} .").quiet().run()?;
    Ok(program)
}

fn aws_config(shell: &Shell) -> Result<PathBuf> {
    let target = project::root().join("target/bench/rust");
    let manifest = project::root().join("xtask/bench/peers/rust/Cargo.toml");
    cmd!(shell, "cargo build --quiet --release --locked --manifest-path {manifest}")
        .env("CARGO_TARGET_DIR", &target)
        .quiet()
        .run()?;
    Ok(target.join("release/bench-aws-config"))
}

/// The one that `cargo xtask interop` installs.
fn aws_cli() -> Result<PathBuf> {
    let program = project::root().join("target/interop/aws-cli-v2/dist/aws");
    ensure!(program.is_file(), "cargo xtask interop installs it");
    Ok(program)
}
