//! The programs that are measured: ours, the floors, and the peers that are here.
//!
//! Not responsible for installing what comes from npm and `PyPI`: `cargo xtask interop` does that, and
//! its installation is used.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

use crate::project;

/// A peer: how it is started, and what it is.
pub(crate) struct Peer {
    /// As in the table's head.
    pub(crate) name: &'static str,
    pub(crate) version: String,
    program: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    /// It takes hundreds of milliseconds to start: fewer runs say enough.
    pub(crate) slow: bool,
    /// Whether it is a program over a library, with the commands of `xtask/bench/peers`; else the
    /// AWS CLI.
    pub(crate) is_library: bool,
}

/// All of them.
pub(crate) struct Programs {
    pub(crate) ours: PathBuf,
    pub(crate) emulator: PathBuf,
    pub(crate) in_process: PathBuf,
    pub(crate) floor_http: PathBuf,
    pub(crate) floor_file: PathBuf,
    pub(crate) floor_tls: PathBuf,
    /// None: there is no C compiler.
    pub(crate) floor_c: Option<PathBuf>,
    pub(crate) peers: Vec<Peer>,
    /// Peers that are not here, and why.
    pub(crate) missing: Vec<(&'static str, String)>,
}

impl Peer {
    /// A command that does `what`, with this environment and no other.
    pub(crate) fn command(&self, what: &[&str], environment: &[(String, String)]) -> Command {
        let mut program = self.program.iter();
        let mut command = clean(program.next().map_or(OsStr::new(""), OsStr::new), environment);
        command.args(program).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if self.is_library {
            command.args(what);
        } else if what == ["version"] {
            command.arg("--version");
        } else {
            command.args(["configure", "export-credentials", "--format", "process"]);
        }
        command
    }
}

/// A command with an environment of nothing but this, and a search path.
pub(crate) fn clean(program: impl AsRef<OsStr>, environment: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

impl Programs {
    /// Builds what can be built here, for release, and looks for the rest.
    pub(crate) fn build() -> Result<Self> {
        let mut programs = Self::build_ours()?;
        let shell = project::shell()?;
        let here = project::target()?.join("bench");
        fs::create_dir_all(&here)?;
        let installed = project::root().join("target/interop");
        println!("building the peers, for release (minutes, once) …");
        programs.add("Go SDK v2", false, go(&shell, &here));
        programs.add("aws-config", false, rust(&shell, &here));
        programs.add("JS fromSSO", true, node(&shell, &installed));
        programs.add("botocore", true, python(&shell, &installed));
        programs.add("AWS CLI v2", true, aws_cli(&installed));
        Ok(programs)
    }

    /// The same without the peers.
    pub(crate) fn build_ours() -> Result<Self> {
        let (shell, cargo) = (project::shell()?, project::cargo());
        println!("building ssocreds, the emulator and the floors, for release …");
        let ours = project::released_program()?;
        cmd!(shell, "{cargo} build --quiet --release -p sso-emulator").quiet().run()?;
        cmd!(shell, "{cargo} build --quiet --release -p sso-bench").quiet().run()?;
        let target = project::target()?;
        let program = |name: &str| {
            target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
        };
        Ok(Self {
            ours,
            emulator: program("sso-emulator"),
            in_process: program("in-process"),
            floor_http: program("floor-http"),
            floor_file: program("floor-file"),
            floor_tls: program("floor-tls"),
            floor_c: floor_c(&shell, &target),
            peers: Vec::new(),
            missing: Vec::new(),
        })
    }

    fn add(&mut self, name: &'static str, slow: bool, found: Result<Found>) {
        let started = found.and_then(|found| {
            let (program, environment) = found;
            let is_library = name != "AWS CLI v2";
            let mut peer =
                Peer { name, version: String::new(), program, environment, slow, is_library };
            let asked = peer.command(&["version"], &[]).output().context("it does not start")?;
            let said = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
            anyhow::ensure!(asked.status.success(), "it does not run");
            said.split(" exe/").next().unwrap_or(&said).clone_into(&mut peer.version);
            Ok(peer)
        });
        match started {
            Ok(peer) => {
                println!("  {name}: {}", peer.version);
                self.peers.push(peer);
            }
            Err(error) => {
                println!("  {name}: not here: {error:#}");
                self.missing.push((name, format!("{error:#}")));
            }
        }
    }
}

type Found = (Vec<OsString>, Vec<(&'static str, OsString)>);

fn floor_c(shell: &Shell, target: &Path) -> Option<PathBuf> {
    let source = project::root().join("xtask/bench/src/floor_http.c");
    let program = target.join("release/floor-c");
    let built = cmd!(shell, "cc -O2 -o {program} {source}").quiet().ignore_stderr().run();
    built.is_ok().then_some(program)
}

fn peers() -> PathBuf {
    project::root().join("xtask/bench/peers")
}

fn go(shell: &Shell, here: &Path) -> Result<Found> {
    let program = here.join("bench-go");
    let _there = shell.push_dir(peers().join("go"));
    // Without what a release leaves out: the symbols, and paths of this machine.
    let stripped = "-ldflags=-s -w";
    cmd!(shell, "go build -mod=readonly -trimpath {stripped} -o {program} .").quiet().run()?;
    Ok((vec![program.into()], Vec::new()))
}

fn rust(shell: &Shell, here: &Path) -> Result<Found> {
    let (cargo, target) = (project::cargo(), here.join("rust"));
    let manifest = peers().join("rust/Cargo.toml");
    cmd!(shell, "{cargo} build --quiet --release --locked --manifest-path {manifest}")
        .env("CARGO_TARGET_DIR", &target)
        .quiet()
        .run()?;
    Ok((vec![target.join("release/bench-aws-config").into()], Vec::new()))
}

fn node(shell: &Shell, installed: &Path) -> Result<Found> {
    let home = installed.join("javascript");
    there(&home.join("node_modules/@aws-sdk/credential-providers"))?;
    let program = cmd!(shell, "node -p process.execPath").quiet().read()?;
    let program = vec![program.into(), peers().join("node/client.mjs").into()];
    Ok((program, vec![("BENCH_NODE_MODULES", home.into())]))
}

fn python(shell: &Shell, installed: &Path) -> Result<Found> {
    let mut program = installed.join("python/bin/python");
    if !program.exists() {
        // The machine's own, and no launcher of it.
        let itself = "import botocore, sys; print(sys.executable)";
        let found = cmd!(shell, "python3 -c {itself}").quiet().ignore_stderr().read();
        program = found.ok().context("not installed; `cargo xtask interop` installs it")?.into();
    }
    Ok((vec![program.into(), peers().join("python/client.py").into()], Vec::new()))
}

fn aws_cli(installed: &Path) -> Result<Found> {
    let versions = installed.join("aws-cli-v2/awscli/v2");
    there(&versions)?;
    let entries = fs::read_dir(&versions)?.flatten().map(|entry| entry.path().join("dist/aws"));
    let program = entries.into_iter().find(|path| path.is_file());
    Ok((vec![program.context("no VERSION/dist/aws")?.into()], Vec::new()))
}

fn there(path: &Path) -> Result<()> {
    anyhow::ensure!(path.exists(), "not installed; `cargo xtask interop` installs it");
    Ok(())
}
