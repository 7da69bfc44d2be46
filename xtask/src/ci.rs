//! Every check except `cargo test --workspace`, which `.ci/run` calls first.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::platforms::{self, Extent};
use crate::step::step;
use crate::{fuzz, needs, release, tidy, tool};

/// The clients that are quick to build and to run. `cargo xtask nightly` runs all.
const INTEROP: &[&str] = &["clients", "botocore", "aws-cli-v2", "go", "javascript"];

pub(crate) fn run() -> Result<()> {
    let shell = project::shell()?;
    step("formatting", || formatting(&shell))?;
    step("tidy", tidy::run)?;
    step("clippy", || clippy(&shell))?;
    step("documentation", || documentation(&shell))?;
    step("tests that need other programs", || ignored_tests(&shell))?;
    step("each crate alone, in every combination of features", release::features_of_each)?;
    step("dependencies: build scripts, licences, bans, sources", || deny(&shell))?;
    step("examples", || examples(&shell))?;
    step("demo", || project::run("demo", &[]))?;
    step("config files beside other readers", || project::run("interop", &["config-readers"]))?;
    step("fuzzing, for seconds", fuzz::short_run)?;
    step("chaos, for half a minute", || project::run("chaos", &["0.5"]))?;
    step("other platforms: Windows under wine", windows)?;
    step("interoperability", || project::run("interop", INTEROP))?;
    println!("\nci: all checks passed");
    Ok(())
}

/// The tests of the crates that deal with files, and whether the program compiles.
fn windows() -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("   NOT RUN: wine is installed on Linux only");
        return Ok(());
    }
    platforms::run(Some("windows"), Extent::Short)
}

fn formatting(shell: &Shell) -> Result<()> {
    let cargo = project::cargo();
    Ok(cmd!(shell, "{cargo} fmt --all --check").run()?)
}

fn clippy(shell: &Shell) -> Result<()> {
    let cargo = project::cargo();
    Ok(cmd!(
        shell,
        "{cargo} clippy --quiet --workspace --all-targets --all-features -- -D warnings"
    )
    .run()?)
}

fn documentation(shell: &Shell) -> Result<()> {
    let cargo = project::cargo();
    let _strict = shell.push_env("RUSTDOCFLAGS", "-D warnings");
    cmd!(
        shell,
        "{cargo} doc --quiet --workspace --no-deps --all-features --document-private-items"
    )
    .run()?;
    Ok(())
}

/// The tests that are marked `#[ignore = "needs NAME"]`. Those that need the other readers of config
/// files have a step of their own, which says where the readers are.
fn ignored_tests(shell: &Shell) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("   NOT RUN: the other programs are installed on Linux only");
        return Ok(());
    }
    let cargo = project::cargo();
    let _path = shell.push_env("PATH", needs::install()?);
    Ok(cmd!(shell, "{cargo} test --quiet --workspace --tests -- --ignored --skip other_readers")
        .run()?)
}

fn deny(shell: &Shell) -> Result<()> {
    let deny = tool::installed("cargo-deny", "0.20.2")?;
    Ok(cmd!(shell, "{deny} --log-level error check bans licenses sources").run()?)
}

/// The examples that end by themselves.
fn examples(shell: &Shell) -> Result<()> {
    let cargo = project::cargo();
    for (package, example) in [
        ("sso-config", "lint"),
        ("sso-cache", "tokens"),
        ("sso-provider", "profile"),
        ("sso-provider", "by_hand"),
        ("sso-provider", "mock"),
        ("sso-provider", "own_layer"),
        ("sso-provider", "two_profiles"),
        ("sso-aws-sdk", "sign_request"),
    ] {
        cmd!(shell, "{cargo} run --quiet --package {package} --example {example}").run()?;
    }
    Ok(())
}
