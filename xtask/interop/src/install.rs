//! The table of clients, and their installation into `target/interop` by `install.sh`.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xshell::cmd;

use crate::client::{Client, Kind};
use crate::process::answer;

/// How a client is installed and started.
struct Recipe {
    /// The name for `--client`.
    name: &'static str,
    title: &'static str,
    kind: Kind,
    /// In `xtask/interop` and in `target/interop`.
    directory: &'static str,
    /// Programs and files without which the client is skipped.
    needs: &'static [&'static str],
    /// The program and its first arguments. `$HERE` is the directory in `target/interop`.
    program: &'static str,
}

/// In the order of the matrix.
const RECIPES: [Recipe; 8] = [
    Recipe {
        name: "botocore",
        title: "boto3",
        kind: Kind::Library,
        directory: "python",
        needs: &["python3"],
        program: "$HERE/bin/python $HERE/client.py",
    },
    Recipe {
        name: "aws-cli-v1",
        title: "AWS CLI v1",
        kind: Kind::AwsCli,
        directory: "python",
        needs: &["python3"],
        program: "$HERE/bin/python $HERE/bin/aws",
    },
    Recipe {
        name: "aws-cli-v2",
        title: "AWS CLI v2",
        kind: Kind::AwsCli,
        directory: "aws-cli-v2",
        // Its package is for Linux on x86-64.
        needs: &["python3", "/lib64/ld-linux-x86-64.so.2"],
        program: "$HERE/dist/aws",
    },
    Recipe {
        name: "go",
        title: "Go SDK v2",
        kind: Kind::Library,
        directory: "go",
        needs: &["go"],
        program: "$HERE/client",
    },
    Recipe {
        name: "javascript",
        title: "JavaScript SDK v3",
        kind: Kind::Library,
        directory: "javascript",
        needs: &["node", "npm"],
        program: "node $HERE/client.mjs",
    },
    Recipe {
        name: "rust",
        title: "Rust SDK",
        kind: Kind::Library,
        directory: "rust",
        needs: &[],
        program: "$HERE/debug/interop-rust",
    },
    Recipe {
        name: "java",
        title: "Java SDK 2.x",
        kind: Kind::Library,
        directory: "java",
        needs: &["javac", "java", "mvn"],
        program: "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
            -cp $HERE/classes:$HERE/libraries/* Client",
    },
    Recipe {
        name: "object_store",
        title: "object_store",
        kind: Kind::Storage,
        directory: "storage",
        needs: &[],
        program: "$HERE/debug/interop-storage",
    },
];

pub(crate) fn names() -> Vec<&'static str> {
    RECIPES.iter().map(|recipe| recipe.name).collect()
}

/// Installs a client, unless that has been done. Returns `None` if this machine cannot run it.
pub(crate) fn client(name: &str) -> Result<Option<Client>> {
    let recipe = RECIPES.iter().find(|recipe| recipe.name == name);
    let recipe = recipe.with_context(|| {
        format!("there is no client {name:?}; the clients are {}", names().join(", "))
    })?;
    if let Some(missing) = recipe.needs.iter().find(|file| !project::is_installed(file)) {
        eprintln!("{name}: MISSING: there is no `{missing}` on this machine");
        return Ok(None);
    }
    let here = directory(recipe.directory)?.display().to_string();
    let words = recipe.program.split_whitespace();
    let program: Vec<String> = words.map(|word| word.replace("$HERE", &here)).collect();
    let (first, rest) = program.split_first().context("no program")?;
    let argument = if recipe.kind == Kind::AwsCli { "--version" } else { "version" };
    let shell = project::shell()?;
    let version = cmd!(shell, "{first} {rest...} {argument}").quiet().read()?;
    let version = answer(&version).unwrap_or(version);
    Ok(Some(Client { name: recipe.title, version, kind: recipe.kind, program }))
}

/// Installs what a directory of `xtask/interop` describes, unless that has been done. Returns the directory
/// in `target/interop`.
pub(crate) fn directory(name: &str) -> Result<PathBuf> {
    let shell = project::shell()?;
    let script = sources().join("install.sh");
    let directory = project::root().join("target/interop").join(name);
    let stamp = directory.join("installed.txt");
    let files = shell.read_dir(sources().join(name))?;
    let mut wanted = shell.read_file(&script)?;
    // cargo itself skips what has not changed.
    if !files.iter().any(|file| file.ends_with("Cargo.toml")) {
        for file in files {
            wanted += &shell.read_file(file)?;
        }
        if shell.read_file(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(directory);
        }
        eprintln!("installing target/interop/{name} (once)");
        shell.remove_path(&directory)?;
    }
    shell.create_dir(&directory)?;
    shell.change_dir(&directory);
    cmd!(shell, "sh {script} {name}")
        .quiet()
        .run()
        .with_context(|| format!("failed to install {name}"))?;
    shell.write_file(stamp, wanted)?;
    Ok(directory)
}

/// `PATH` that begins with the AWS CLI version 2, and then Python with botocore and the AWS CLI version 1.
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

fn sources() -> PathBuf {
    project::root().join("xtask/interop")
}
