//! The differential tests of sso-config: the same config files through the readers of other tools.
//!
//! The comparisons are in `crates/sso-config/tests/it`. This installs the readers and runs them.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use xshell::cmd;

use crate::install::{self, Found};

/// Compares with botocore, over so many pairs of generated files, and with the SDKs for Go and for
/// JavaScript where their toolchains are installed.
pub(crate) fn run(generated: Option<u32>) -> Result<()> {
    let Found::Client(botocore) = install::client("botocore")? else {
        bail!("there is no python3 on this machine, which botocore needs");
    };
    let python = botocore.program.first().map(PathBuf::from).context("no program")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = python.parent().map(PathBuf::from).into_iter().chain(env::split_paths(&path));
    let shell = project::shell()?;
    shell.set_var("PATH", env::join_paths(folders)?);
    if let Some(count) = generated {
        shell.set_var("SSOCREDS_GENERATED_CONFIGS", count.to_string());
    }
    let mut tests = vec!["botocore"];
    for (client, variable, test) in [
        ("go", "SSOCREDS_GO_READER", "other_readers::go"),
        ("javascript", "SSOCREDS_JAVASCRIPT_READER", "other_readers::javascript"),
    ] {
        match install::client(client)? {
            Found::Client(client) => {
                let words = client.program.iter().map(|word| word.to_string_lossy());
                shell.set_var(variable, words.collect::<Vec<_>>().join("\n"));
                tests.push(test);
            }
            Found::Missing(why) => println!("   {client}: MISSING: {why}"),
        }
    }
    let cargo = project::cargo();
    cmd!(
        shell,
        "{cargo} test --quiet --package sso-config --test it -- --include-ignored --nocapture {tests...}"
    )
    .run()?;
    Ok(())
}
