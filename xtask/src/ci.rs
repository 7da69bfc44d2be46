//! Every check except `cargo test --workspace`, which `.ci/run` calls first.

use std::time::Instant;

use anyhow::{Context as _, Result};
use xshell::cmd;

use crate::{needs, platforms, tidy, tool};

/// The clients that are quick to build and to run. `cargo xtask nightly` runs all.
const INTEROP: &[&str] = &["clients", "botocore", "aws-cli-v2", "go", "javascript"];

/// The examples that end by themselves.
const EXAMPLES: &str = "lint tokens profile by_hand mock own_layer two_profiles sign_request";

pub(crate) fn run() -> Result<()> {
    step("formatting", || cargo("fmt --all --check"))?;
    step("tidy", tidy::run)?;
    step("clippy", || {
        cargo("clippy --quiet --workspace --all-targets --all-features -- -D warnings")
    })?;
    step("documentation", || {
        cargo(
            "doc --quiet --workspace --no-deps --all-features --document-private-items \
             --config build.rustdocflags=[\"-Dwarnings\"]",
        )
    })?;
    if cfg!(target_os = "linux") {
        // Installs programs that later steps use too.
        step("tests that need other programs", ignored_tests)?;
        step("other platforms: Windows under wine", platforms::windows::short)?;
    } else {
        println!(
            "\nNOT RUN: tests that need other programs, or wine; they are installed on Linux only"
        );
    }
    step("each crate alone, in every combination of features", features)?;
    step("dependencies: build scripts, licences, bans, sources", || {
        let deny = tool::installed("cargo-deny", "0.20.2")?;
        let shell = project::shell()?;
        Ok(cmd!(shell, "{deny} --log-level error check bans licenses sources").run()?)
    })?;
    step("examples", examples)?;
    step("demo", || project::run("demo", &[]))?;
    step("config files beside other readers", || project::run("interop", &["config-readers"]))?;
    // `cargo xtask nightly` runs them; ordinary tests run their checks with the seeds.
    step("fuzz targets, only compiled", || {
        cargo("check --quiet --locked --manifest-path fuzz/Cargo.toml --target-dir target")
    })?;
    step("chaos, for half a minute", || project::run("chaos", &["0.5"]))?;
    step("interoperability", || project::run("interop", INTEROP))?;
    println!("\nci: all checks passed");
    Ok(())
}

/// Runs a check, and prints its name and duration.
pub(crate) fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n== {name}");
    let started = Instant::now();
    check().with_context(|| format!("the check {name:?} failed"))?;
    println!("   passed in {:.0?}", started.elapsed());
    Ok(())
}

/// Runs cargo with these words, separated by one space each, in the root directory.
fn cargo(words: &str) -> Result<()> {
    let (shell, cargo, words) = (project::shell()?, project::cargo(), words.split(' '));
    Ok(cmd!(shell, "{cargo} {words...}").run()?)
}

/// The tests that are marked `#[ignore = "needs NAME"]`. Those that need the other readers of config
/// files have a step of their own, which says where the readers are.
fn ignored_tests() -> Result<()> {
    let (shell, cargo) = (project::shell()?, project::cargo());
    shell.set_var("PATH", needs::install()?);
    Ok(cmd!(shell, "{cargo} test --quiet --workspace --tests -- --ignored --skip other_readers")
        .run()?)
}

/// No crate may lean on a feature that another one of the workspace switches on.
fn features() -> Result<()> {
    let (shell, hack) = (project::shell()?, tool::installed("cargo-hack", "0.6.45")?);
    // The second lint wants a description, a licence, a repository, a readme, keywords and categories.
    let lints = ["-D", "warnings", "-D", "clippy::cargo_common_metadata"];
    let options = ["--quiet", "--feature-powerset", "--exclude-features", "default"];
    Ok(cmd!(shell, "{hack} hack clippy {options...} --ignore-private -- {lints...}").run()?)
}

fn examples() -> Result<()> {
    let (shell, directory) =
        (project::shell()?, project::build("demo")?.with_file_name("examples"));
    for example in EXAMPLES.split(' ') {
        let example = directory.join(example);
        cmd!(shell, "{example}").run()?;
    }
    Ok(())
}
