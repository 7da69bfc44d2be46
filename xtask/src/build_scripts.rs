//! Checks the code that runs at build time: the build scripts of all dependencies, and the crates that
//! they use.
//!
//! A maintainer has read each of them. One that nobody has read fails the check. Not covered: macros, and
//! the workspaces of the fuzz targets and of the interoperability clients.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, PackageId, TargetKind};

/// The build scripts that a maintainer has read, with their versions and what they do. None opens a
/// connection, and none runs a program that is not listed here. Read the new version before you update
/// one. The content of a version cannot change: Cargo.lock has its checksum.
const READ: &[(&str, &str, &str)] = &[
    ("anyhow", "1.0.104", COMPILER),
    ("camino", "1.2.6", VERSION),
    ("crunchy", "0.2.4", "writes a macro of Rust; runs nothing"),
    ("generic-array", "0.14.7", VERSION),
    ("getrandom", "0.4.3", "looks at CARGO_CFG_SANITIZE; runs nothing"),
    ("httparse", "1.10.1", VERSION),
    ("iana-time-zone-haiku", "0.1.2", "compiles its own C++, through cc, for Haiku"),
    ("icu_normalizer_data", "2.4.0", "looks at ICU4X_DATA_DIR; runs nothing"),
    ("icu_properties_data", "2.4.0", "looks at ICU4X_DATA_DIR; runs nothing"),
    ("libc", "0.2.191", "asks rustc for its version; freebsd-version and emcc, on their platforms"),
    ("num-traits", "0.2.19", "compiles a line to see what rustc can, through autocfg"),
    ("oid-registry", "0.8.1", "writes a table of Rust from a text file of its own"),
    ("parking_lot_core", "0.9.12", "looks at CARGO_CFG_SANITIZE; runs nothing"),
    ("portable-atomic", "1.15.0", VERSION),
    ("portable-atomic-util", "0.2.8", VERSION),
    ("proc-macro2", "1.0.107", COMPILER),
    ("quote", "1.0.47", VERSION),
    ("ring", "0.17.14", "compiles its own C and assembler, through cc; from a checkout also Perl"),
    ("rustix", "1.1.6", COMPILER),
    ("rustls", "0.23.46", "an empty function without the feature read_buf"),
    ("rustversion", "1.0.23", "asks rustc for its version, and writes that to a file"),
    ("serde", "1.0.229", "asks rustc for its version, and writes a line of Rust"),
    ("serde_core", "1.0.229", "asks rustc for its version, and writes a line of Rust"),
    ("serde_json", "1.0.154", "looks at the width of the target; runs nothing"),
    ("signal-hook", "0.4.6", "an empty function without the feature extended-siginfo-raw"),
    ("thiserror", "2.0.21", COMPILER),
    ("tiny-keccak", "2.0.2", "an empty function"),
    ("wasm-bindgen", "0.2.130", "looks at the target; runs nothing"),
    ("wasm-bindgen-shared", "0.2.130", "runs git rev-parse HEAD; reads two files of its own"),
    ("windows_aarch64_gnullvm", "0.52.6", LIBRARY),
    ("windows_aarch64_msvc", "0.52.6", LIBRARY),
    ("windows_i686_gnu", "0.52.6", LIBRARY),
    ("windows_i686_gnullvm", "0.52.6", LIBRARY),
    ("windows_i686_msvc", "0.52.6", LIBRARY),
    ("windows_x86_64_gnu", "0.52.6", LIBRARY),
    ("windows_x86_64_gnullvm", "0.52.6", LIBRARY),
    ("windows_x86_64_msvc", "0.52.6", LIBRARY),
    ("zmij", "1.0.23", VERSION),
];

/// What build scripts use.
const USED: &[(&str, &str, &str)] = &[
    ("autocfg", "1.5.1", "runs rustc on small pieces of code"),
    ("cc", "1.11.3", "finds and runs the C compiler"),
    ("find-msvc-tools", "0.1.15", "looks for Visual Studio's compiler, on Windows"),
    ("rustversion", "1.0.23", VERSION),
    ("shlex", "2.0.1", "splits words as a shell does; runs nothing"),
    ("version_check", "0.9.5", VERSION),
];

const VERSION: &str = "asks rustc for its version";
const COMPILER: &str = "asks rustc for its version, and compiles a file of its own as a trial";
const LIBRARY: &str = "names the directory of the import library that it brings";

pub(crate) fn run() -> Result<()> {
    let faults = faults()?;
    ensure!(faults.is_empty(), "\n{}", faults.join("\n"));
    println!("   {} build scripts, all of them read", READ.len());
    Ok(())
}

fn faults() -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .current_dir(project::root())
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned()])
        .exec()?;
    let (scripts, used) = at_build_time(&metadata)?;
    let mut faults = differences(READ, &scripts, "has a build script");
    faults.extend(differences(USED, &used, "is used by a build script"));
    Ok(faults)
}

/// The packages with a build script, of all platforms and tests included; and those that they use.
fn at_build_time(metadata: &Metadata) -> Result<(Found, Found)> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolves")?;
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let dependencies = |id: &PackageId, kind: DependencyKind| {
        let all = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default().iter();
        let of_kind = all.filter(move |it| it.dep_kinds.iter().any(|it| it.kind == kind));
        of_kind.map(|it| it.pkg.clone()).collect::<Vec<_>>()
    };
    let is_script = |kind: &TargetKind| *kind == TargetKind::CustomBuild;
    let (mut scripts, mut used) = (BTreeSet::new(), BTreeSet::new());
    let mut open = Vec::new();
    for package in &metadata.packages {
        if package.targets.iter().any(|target| target.kind.iter().any(is_script)) {
            scripts.insert(package.id.clone());
            open.extend(dependencies(&package.id, DependencyKind::Build));
        }
    }
    while let Some(id) = open.pop() {
        if used.insert(id.clone()) {
            open.extend(dependencies(&id, DependencyKind::Normal));
        }
    }
    let named = |ids: BTreeSet<PackageId>| {
        let packages = metadata.packages.iter().filter(|package| ids.contains(&package.id));
        packages.map(|it| (it.name.to_string(), it.version.to_string())).collect::<Found>()
    };
    Ok((named(scripts), named(used)))
}

/// Names and versions.
type Found = BTreeSet<(String, String)>;

fn differences(read: &[(&str, &str, &str)], found: &Found, what: &str) -> Vec<String> {
    let read: Found =
        read.iter().map(|(name, version, _)| ((*name).to_owned(), (*version).to_owned())).collect();
    let new = found.difference(&read).map(|(name, version)| {
        format!(
            "{name} {version} {what} that nobody has read; read it (no downloads, nothing run but \
             compilers), then write it down in xtask/src/build_scripts.rs"
        )
    });
    let gone = read.difference(found).map(|(name, version)| {
        format!("{name} {version} no longer {what}; take it out of xtask/src/build_scripts.rs")
    });
    new.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_build_scripts_were_read() {
        let faults = faults().unwrap();
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }

    #[test]
    fn another_version_is_a_new_one() {
        let found = [("a", "1.0.1"), ("b", "1.0.0")];
        let found: Found = found.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        let faults = differences(&[("a", "1.0.0", ""), ("b", "1.0.0", "")], &found, "has one");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("a 1.0.1") && faults[1].contains("a 1.0.0 no longer"));
    }
}
