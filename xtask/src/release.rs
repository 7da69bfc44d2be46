//! Checks whether a release can be published: versions, metadata, change logs, packages, features, Rust
//! versions, and the public API as a list.
//!
//! It publishes nothing, and does not repeat the checks of `cargo xtask ci`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use xshell::{Shell, cmd};

use crate::published::{metadata, published};
use crate::{archives, tool};

/// What a package may hold beside its sources, tests and examples.
const FILES: &[&str] = &[
    ".cargo_vcs_info.json",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];

/// What a package must hold: those of `FILES` that cargo does not make itself.
const NEEDED: &[&str] = &["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Where each crate is built with the oldest Rust that it promises.
const WORKFLOW: &str = ".github/workflows/ci.yml";

pub(crate) fn run(write_api: bool) -> Result<()> {
    let shell = project::shell()?;
    let metadata = MetadataCommand::new().current_dir(project::root()).exec()?;
    if write_api {
        return write_public_api(&shell, &metadata);
    }
    println!("\n== metadata, versions, change logs");
    let faults = faults(&metadata)?;
    ensure!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    println!("\n== Rust versions of the dependencies");
    rust_versions(&shell, &metadata)?;
    println!("\n== every combination of features");
    features(&shell, &metadata)?;
    println!("\n== public API");
    write_public_api(&shell, &metadata)?;
    let changed = cmd!(shell, "git status --porcelain -- crates/*/public-api.txt").read()?;
    ensure!(
        changed.is_empty(),
        "the public API has changed; describe it in CHANGELOG.md and commit the lists:\n{changed}"
    );
    println!("\n== packages, each built from its content");
    packages(&shell, &metadata)?;
    archives::run(None)?;
    println!("\nrelease: ready for cargo publish --workspace");
    Ok(())
}

/// Checks each crate by itself with every combination of its features: no crate may lean on a feature
/// that another one of the workspace switches on.
pub(crate) fn features_of_each() -> Result<()> {
    features(&project::shell()?, &metadata()?)
}

/// The faults that can be found without a build.
fn faults(metadata: &Metadata) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let packages = published(metadata);
    let versions: BTreeSet<_> = packages.iter().map(|package| &package.version).collect();
    if versions.len() != 1 {
        faults.push(format!("the crates are released together, and have versions {versions:?}"));
    }
    let workflow = fs::read_to_string(project::root().join(WORKFLOW))?;
    for package in packages {
        let found = faults_of(package, &workflow).into_iter();
        faults.extend(found.map(|fault| format!("{}: {fault}", package.name)));
    }
    Ok(faults)
}

fn faults_of(package: &Package, workflow: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    let (name, version) = (package.name.as_str(), package.version.to_string());
    let is_built = package.rust_version.as_ref().is_some_and(|rust| {
        let command = format!("cargo +{rust} check ");
        let mut builds = workflow.lines().filter(|line| line.contains(&command));
        builds.any(|line| line.split(' ').any(|word| word == name))
    });
    check(is_built, &format!("{WORKFLOW} does not build it with its rust-version"));
    check(package.metadata.get("docs").is_some(), "there is no [package.metadata.docs.rs]");
    for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
        let (name, required) = (&dependency.name, dependency.req.to_string());
        check(required == format!("^{version}"), &format!("it requires {name} {required}"));
    }
    let directory = project::root().join("crates").join(name);
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        // Links to the root directory, which git turns into files where it cannot make links.
        let text = |of: &Path| fs::read_to_string(of.join(license)).unwrap_or_default();
        let is_same = text(&directory) == text(&project::root());
        check(is_same, &format!("{license} differs from that in the root directory"));
    }
    let changes = fs::read_to_string(directory.join("CHANGELOG.md")).unwrap_or_default();
    let newest = changes.lines().find_map(|line| line.strip_prefix("## "));
    let is_newest = newest.and_then(|entry| entry.split(' ').next()) == Some(&version);
    check(is_newest, &format!("the first entry of CHANGELOG.md is not for {version}"));
    faults
}

/// Checks that no dependency needs a newer Rust than the crate promises.
fn rust_versions(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let cargo = project::cargo();
    for package in published(metadata) {
        let (name, promised) = (package.name.as_str(), package.rust_version.as_ref());
        let options = ["--edges", "normal,build", "--target", "all", "--prefix", "none"];
        let tree = cmd!(shell, "{cargo} tree --package {name} --all-features {options...}");
        let tree = tree.quiet().read()?;
        // Lines such as `hyper v1.7.0 (*)`.
        let needed: BTreeSet<_> = tree.lines().filter_map(|line| line.split(" (").next()).collect();
        for other in &metadata.packages {
            let is_needed = needed.contains(format!("{} v{}", other.name, other.version).as_str());
            ensure!(
                !is_needed || other.rust_version.as_ref() <= promised,
                "{name} promises an older Rust than {} {} needs",
                other.name,
                other.version
            );
        }
    }
    Ok(())
}

fn features(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let cargo = project::cargo();
    // The second one: a description, a license, a repository, a readme, keywords and categories.
    let lints = ["-D", "warnings", "-D", "clippy::cargo_common_metadata"];
    for package in published(metadata) {
        let name = package.name.as_str();
        let features: Vec<&str> =
            package.features.keys().map(String::as_str).filter(|it| *it != "default").collect();
        ensure!(features.len() <= 4, "{name}: too many features to check every combination");
        for choice in 0..1_u32 << features.len() {
            let chosen = features.iter().enumerate().filter(|(bit, _)| choice & (1 << bit) != 0);
            let chosen = chosen.map(|(_, feature)| *feature).collect::<Vec<_>>().join(",");
            cmd!(
                shell,
                "{cargo} clippy --quiet --package {name} --no-default-features --features {chosen} -- {lints...}"
            )
            .run()?;
        }
    }
    Ok(())
}

/// Writes the items that users of each library can name to its `public-api.txt`.
fn write_public_api(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let public_api = tool::installed("cargo-public-api", "0.52.0")?;
    let cargo = project::cargo();
    // rustdoc's JSON is unstable, which is acceptable for a maintainer's check. The variable would make
    // cargo build everything again, so it gets a directory of its own.
    let target = project::root().join("target/public-api");
    for package in published(metadata) {
        let Some(library) = package.targets.iter().find(|it| it.is_lib()) else { continue };
        let name = package.name.as_str();
        let _bootstrap = shell.push_env("RUSTC_BOOTSTRAP", "1");
        let _target = shell.push_env("CARGO_TARGET_DIR", &target);
        let options = ["--all-features", "--lib", "--", "-Z", "unstable-options"];
        cmd!(shell, "{cargo} rustdoc --quiet --package {name} {options...} --output-format json")
            .run()?;
        let json = target.join("doc").join(format!("{}.json", library.name.replace('-', "_")));
        // Without the implementations that every type has, and without Send and similar traits.
        let items =
            cmd!(shell, "{public_api} --rustdoc-json {json} --omit blanket-impls,auto-trait-impls");
        let file = format!("crates/{name}/public-api.txt");
        shell.write_file(file, items.quiet().read()? + "\n")?;
    }
    Ok(())
}

/// Packages the crates, and checks the content of the packages.
fn packages(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let cargo = project::cargo();
    let names: Vec<_> = published(metadata).iter().map(|it| it.name.as_str()).collect();
    for name in &names {
        let files = cmd!(shell, "{cargo} package --list --package {name}").quiet().read()?;
        let files: BTreeSet<_> = files.lines().collect();
        for file in &files {
            let is_source = ["src/", "tests/", "examples/"].iter().any(|it| file.starts_with(it));
            ensure!(is_source || FILES.contains(file), "{name}: {file} should not be published");
        }
        for file in NEEDED {
            ensure!(files.contains(file), "{name}: the package lacks {file}");
        }
    }
    let all = names.iter().flat_map(|name| ["--package", name]);
    cmd!(shell, "{cargo} package --no-verify {all...}").run()?;
    build_packaged(shell, metadata)
}

/// Builds all that the packages hold, tests and examples too, each with the others as packaged.
///
/// Cargo's own verification would unpack them into `CARGO_HOME` once, and take what it finds there
/// the next time, although the version is still the same and the sources are not.
fn build_packaged(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let home = project::root().join("target/packaged");
    let mut members = Vec::new();
    let mut patches = String::new();
    for package in published(metadata) {
        let unpacked = format!("{}-{}", package.name, package.version);
        let archive = metadata.target_directory.join("package").join(format!("{unpacked}.crate"));
        shell.remove_path(home.join(&unpacked))?;
        shell.create_dir(&home)?;
        cmd!(shell, "tar -xzf {archive} -C {home}").quiet().run()?;
        patches.push_str(&format!("{} = {{ path = {unpacked:?} }}\n", package.name));
        members.push(unpacked);
    }
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[patch.crates-io]\n{patches}"
    );
    fs::write(home.join("Cargo.toml"), manifest)?;
    shell.copy_file("Cargo.lock", home.join("Cargo.lock"))?;
    let cargo = project::cargo();
    let _home = shell.push_dir(&home);
    let _target = shell.push_env("CARGO_TARGET_DIR", home.join("target"));
    Ok(cmd!(shell, "{cargo} check --quiet --workspace --all-targets").run()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_and_change_logs_have_no_faults() {
        assert_eq!(faults(&metadata().unwrap()).unwrap(), Vec::<String>::new());
    }
}
