//! Checks whether a release can be published: versions, metadata, change logs, packages, features, Rust
//! versions, and the public API as a list.
//!
//! It publishes nothing, and does not repeat the checks of `cargo xtask ci`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use xshell::{Shell, cmd};

use crate::published::{ORDER, published};
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
        return public_api(&shell, &metadata, true);
    }
    println!("\n== metadata, versions, change logs");
    let faults = faults(&metadata)?;
    ensure!(faults.is_empty(), "{} to mend:\n{}", faults.len(), faults.join("\n"));
    println!("\n== Rust versions");
    rust_versions(&shell, &metadata)?;
    println!("\n== every combination of features");
    features(&shell, &metadata)?;
    println!("\n== public API");
    public_api(&shell, &metadata, false)?;
    println!("\n== packages, each built from what it holds");
    packages(&shell, &metadata)?;
    archives::run(None)?;
    println!("\nrelease: fit to be published, in this order: {}", ORDER.join(", "));
    Ok(())
}

/// Checks each crate by itself with every combination of its features: no crate may lean on a feature
/// that another one of the workspace switches on.
pub(crate) fn features_of_each() -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(project::root()).no_deps().exec()?;
    features(&project::shell()?, &metadata)
}

/// What can be told without a build.
fn faults(metadata: &Metadata) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let packages = published(metadata)?;
    let workflow = fs::read_to_string(project::root().join(WORKFLOW))?;
    let versions: BTreeSet<_> = packages.iter().map(|it| &it.version).collect();
    if versions.len() != 1 {
        faults.push(format!("the crates are released together, and have versions {versions:?}"));
    }
    for (place, package) in packages.iter().enumerate() {
        let name = &package.name;
        let mut must = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{name}: {what}"));
            }
        };
        must(package.description.is_some(), "no description");
        must(package.license.is_some(), "no licence");
        must(package.repository.is_some(), "no repository");
        let built = package.rust_version.as_ref().is_some_and(|rust| {
            let promise = format!("cargo +{rust} check ");
            let mut builds = workflow.lines().filter(|line| line.contains(&promise));
            builds.any(|line| line.split(' ').any(|word| *name == word))
        });
        must(built, &format!("{WORKFLOW} does not build it with the Rust that it promises"));
        must(package.readme.is_some(), "no readme");
        must((1..=5).contains(&package.keywords.len()), "one to five keywords are taken");
        must(
            package.keywords.iter().all(|it| it.len() <= 20),
            "a keyword has 20 characters at most",
        );
        must((1..=5).contains(&package.categories.len()), "one to five categories are taken");
        must(package.metadata.get("docs").is_some(), "no [package.metadata.docs.rs]");
        for dependency in package.dependencies.iter().filter(|it| it.path.is_some()) {
            let known = ORDER.iter().position(|it| *it == dependency.name);
            must(
                known.is_some_and(|known| known < place),
                &format!("depends on {}, which is published later or not at all", dependency.name),
            );
            must(
                dependency.req.to_string() == format!("^{}", package.version),
                &format!("asks for {} {}", dependency.name, dependency.req),
            );
        }
        let directory = project::root().join("crates").join(name.as_str());
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            // Links, of which git makes something else where it cannot make links.
            let text = |of: &Path| fs::read_to_string(of.join(licence)).unwrap_or_default();
            must(
                text(&directory) == text(&project::root()),
                &format!("{licence} is not the text in the root directory"),
            );
        }
        let changes = fs::read_to_string(directory.join("CHANGELOG.md")).unwrap_or_default();
        let newest = changes.lines().find_map(|line| line.strip_prefix("## "));
        let version = newest.and_then(|it| it.split(' ').next());
        must(
            version == Some(package.version.to_string().as_str()),
            &format!("the first entry of CHANGELOG.md is not one for {}", package.version),
        );
    }
    Ok(faults)
}

/// That no dependency asks for a newer Rust than the crate promises; and a build with the promised
/// one, where it is installed.
fn rust_versions(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let packages: BTreeMap<&PackageId, &Package> =
        metadata.packages.iter().map(|it| (&it.id, it)).collect();
    let mut promised = BTreeMap::<_, Vec<&str>>::new();
    for package in published(metadata)? {
        let rust = package.rust_version.as_ref().context("no rust-version")?;
        promised.entry(rust.to_string()).or_default().push(package.name.as_str());
        for id in behind(metadata, &package.id) {
            let Some(other) = packages.get(id) else { continue };
            if let Some(newer) = other.rust_version.as_ref().filter(|it| *it > rust) {
                bail!("{} promises {rust}, and {} asks for {newer}", package.name, other.name);
            }
        }
        println!("   {}: no dependency asks for more than {rust}", package.name);
    }
    let installed = cmd!(shell, "rustup toolchain list").quiet().read().unwrap_or_default();
    for (rust, crates) in promised {
        let Some(toolchain) = installed.lines().find(|it| it.starts_with(&rust)) else {
            println!(
                "   {rust} is not installed: nothing is built with it. That the standard library's API \
                 is not too new for it, clippy::incompatible_msrv checks; the language is not checked"
            );
            continue;
        };
        let toolchain = toolchain.split(' ').next().unwrap_or(toolchain);
        // Of its own: another compiler's files would displace those of this one.
        let _target = shell.push_env("CARGO_TARGET_DIR", project::root().join("target/msrv"));
        for name in crates {
            cmd!(shell, "rustup run {toolchain} cargo check --quiet --package {name}").run()?;
        }
    }
    Ok(())
}

/// Everything that a user of the package builds with it.
fn behind<'a>(metadata: &'a Metadata, of: &'a PackageId) -> BTreeSet<&'a PackageId> {
    let nodes = metadata.resolve.as_ref().map(|it| it.nodes.as_slice()).unwrap_or_default();
    let mut found = BTreeSet::from([of]);
    let mut left = vec![of];
    while let Some(id) = left.pop() {
        let node = nodes.iter().find(|it| it.id == *id);
        for dependency in node.iter().flat_map(|it| &it.deps) {
            let is_built =
                dependency.dep_kinds.iter().any(|it| it.kind != DependencyKind::Development);
            if is_built && found.insert(&dependency.pkg) {
                left.push(&dependency.pkg);
            }
        }
    }
    found
}

fn features(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let cargo = project::cargo();
    for package in published(metadata)? {
        let name = package.name.as_str();
        let features: Vec<&str> =
            package.features.keys().map(String::as_str).filter(|it| *it != "default").collect();
        ensure!(features.len() <= 4, "{name}: so many features need another plan than all");
        for choice in 0..1_u32 << features.len() {
            let chosen = features.iter().enumerate().filter(|(bit, _)| choice & (1 << bit) != 0);
            let chosen = chosen.map(|(_, feature)| *feature).collect::<Vec<_>>().join(",");
            cmd!(
                shell,
                "{cargo} clippy --quiet --package {name} --no-default-features --features {chosen} -- -D warnings"
            )
            .run()?;
        }
    }
    Ok(())
}

/// The items that users can name, crate by crate, next to the committed lists.
fn public_api(shell: &Shell, metadata: &Metadata, write: bool) -> Result<()> {
    let public_api = tool::installed("cargo-public-api", "0.52.0")?;
    let cargo = project::cargo();
    // rustdoc's JSON is unstable, which is acceptable for a maintainer's check. The variable would make
    // cargo build everything again, so it gets a directory of its own.
    let target = project::root().join("target/public-api");
    let mut changed = Vec::new();
    for package in published(metadata)? {
        let Some(library) = package.targets.iter().find(|it| it.is_lib()) else { continue };
        let name = package.name.as_str();
        let _bootstrap = shell.push_env("RUSTC_BOOTSTRAP", "1");
        let _target = shell.push_env("CARGO_TARGET_DIR", &target);
        cmd!(
            shell,
            "{cargo} rustdoc --quiet --package {name} --all-features --lib -- -Z unstable-options --output-format json"
        )
        .run()?;
        let json = target.join("doc").join(format!("{}.json", library.name.replace('-', "_")));
        // Without what every type has, and without Send and its like.
        let items =
            cmd!(shell, "{public_api} --rustdoc-json {json} --omit blanket-impls,auto-trait-impls");
        let items = items.quiet().read()? + "\n";
        let file = format!("crates/{name}/public-api.txt");
        let path = project::root().join(&file);
        if write {
            fs::write(&path, &items)?;
            println!("   {file}: {} items", items.lines().count());
        } else {
            let committed = fs::read_to_string(&path).unwrap_or_default();
            changed.extend(difference(&committed, &items).map(|it| format!("{name}: {it}")));
        }
    }
    ensure!(
        changed.is_empty(),
        "the public API is not what the lists say; if that is meant, say so in CHANGELOG.md and run \
         `cargo xtask release --write-api`:\n{}",
        changed.join("\n")
    );
    Ok(())
}

/// The lines that only one of the two has, `-` before those that went and `+` before new ones.
fn difference(old: &str, new: &str) -> impl Iterator<Item = String> {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.lines().collect(), new.lines().collect());
    let gone: Vec<_> = old.difference(&new).map(|line| format!("-{line}")).collect();
    let come: Vec<_> = new.difference(&old).map(|line| format!("+{line}")).collect();
    gone.into_iter().chain(come)
}

fn packages(shell: &Shell, metadata: &Metadata) -> Result<()> {
    let cargo = project::cargo();
    for name in ORDER {
        let files = cmd!(shell, "{cargo} package --list --package {name}").quiet().read()?;
        let files: BTreeSet<_> = files.lines().collect();
        for file in &files {
            let is_source = ["src/", "tests/", "examples/"].iter().any(|it| file.starts_with(it));
            ensure!(is_source || FILES.contains(file), "{name}: {file} should not be published");
        }
        for file in NEEDED {
            ensure!(files.contains(file), "{name}: the package lacks {file}");
        }
        println!("   {name}: {} files", files.len());
    }
    let all = ORDER.iter().flat_map(|name| ["--package", name]);
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
    for package in published(metadata)? {
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
    fn what_can_be_told_without_a_build_is_fit() {
        let metadata =
            MetadataCommand::new().current_dir(project::root()).no_deps().exec().unwrap();
        assert_eq!(faults(&metadata).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_difference_says_what_went_and_what_came() {
        let lines: Vec<_> = difference("a\nb\n", "b\nc\n").collect();
        assert_eq!(lines, ["-a", "+c"]);
    }
}
