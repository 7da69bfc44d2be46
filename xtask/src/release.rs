//! Checks whether a release can be published: the public API as a list, and the packages. Builds the
//! archives.
//!
//! It publishes nothing, and does not repeat the checks of `cargo xtask ci`.

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::ci::step;
use crate::published::{metadata, package_options, published};
use crate::{archives, tool};

pub(crate) fn run() -> Result<()> {
    step("public API", public_api)?;
    step("packages, each built from its content", packages)?;
    for target in archives::TARGETS {
        archives::build(target)?;
    }
    println!("\nrelease: ready for cargo publish --workspace");
    Ok(())
}

/// Writes the items that users of each library can name to its `public-api.txt`. Fails if git has
/// another list.
pub(crate) fn public_api() -> Result<()> {
    let (shell, metadata) = (project::shell()?, metadata()?);
    let public_api = tool::installed("cargo-public-api", "0.52.0")?;
    let cargo = project::cargo();
    // rustdoc's JSON is unstable, which is acceptable for a maintainer's check. The variable would make
    // cargo build everything again, so it gets a directory of its own.
    let target = project::root().join("target/public-api");
    for package in published(&metadata) {
        let Some(library) = package.targets.iter().find(|it| it.is_lib()) else { continue };
        let name = package.name.as_str();
        let options = ["--all-features", "--lib", "--", "-Z", "unstable-options"];
        cmd!(shell, "{cargo} rustdoc --quiet --package {name} {options...} --output-format json")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", &target)
            .run()?;
        let json = target.join("doc").join(&library.name).with_extension("json");
        // Without the implementations that every type has, and without Send and similar traits.
        let items =
            cmd!(shell, "{public_api} --rustdoc-json {json} --omit blanket-impls,auto-trait-impls");
        shell.write_file(format!("crates/{name}/public-api.txt"), items.quiet().read()? + "\n")?;
    }
    let changed = cmd!(shell, "git status --porcelain -- crates/*/public-api.txt").read()?;
    ensure!(
        changed.is_empty(),
        "the public API has changed; describe it in CHANGELOG.md and commit the lists:\n{changed}"
    );
    Ok(())
}

/// Packages the crates, and builds all that the packages hold, tests and examples too, each with the
/// others as packaged.
///
/// Cargo's own verification unpacks them into `CARGO_HOME` once, and takes what it finds there the next
/// time, although the version is still the same and the sources are not.
fn packages() -> Result<()> {
    let (shell, metadata) = (project::shell()?, metadata()?);
    let (cargo, options) = (project::cargo(), package_options()?);
    cmd!(shell, "{cargo} package --no-verify {options...}").run()?;
    let home = project::root().join("target/packaged");
    let (mut members, mut patches) = (Vec::new(), String::new());
    for package in published(&metadata) {
        let unpacked = format!("{}-{}", package.name, package.version);
        let archive = metadata.target_directory.join("package").join(format!("{unpacked}.crate"));
        shell.remove_path(home.join(&unpacked))?;
        shell.create_dir(&home)?;
        cmd!(shell, "tar -xzf {archive} -C {home}").quiet().run()?;
        for file in ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
            let is_packaged = home.join(&unpacked).join(file).is_file();
            ensure!(is_packaged, "the package {unpacked} lacks {file}");
        }
        patches.push_str(&format!("{} = {{ path = {unpacked:?} }}\n", package.name));
        members.push(unpacked);
    }
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
    shell.write_file(
        home.join("Cargo.toml"),
        format!("{workspace}\n[patch.crates-io]\n{patches}"),
    )?;
    shell.copy_file("Cargo.lock", home.join("Cargo.lock"))?;
    let _home = shell.push_dir(&home);
    let target = home.join("target");
    cmd!(shell, "{cargo} check --quiet --workspace --all-targets")
        .env("CARGO_TARGET_DIR", target)
        .run()?;
    Ok(())
}
