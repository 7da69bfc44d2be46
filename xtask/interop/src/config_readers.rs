//! The differential tests of sso-config: the same config files through the readers of other tools.
//!
//! The comparisons are in `crates/sso-config/tests/it`. This installs the readers and runs them.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use xshell::cmd;

use crate::install::{self, Found};
use crate::stage::TestBed;
use crate::written_profiles;

/// Compares with botocore, over so many pairs of generated files, and with the SDKs for Go and for
/// JavaScript where their toolchains are installed. With a number of files, in the nightly run, also
/// with those for Rust and Java, which take minutes to install. Then gives generated profiles to tools
/// that know no SSO.
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
    let readers = [
        ("go", "SSOCREDS_GO_READER", "other_readers::go_reads"),
        ("javascript", "SSOCREDS_JAVASCRIPT_READER", "other_readers::javascript_reads"),
        ("rust", "SSOCREDS_RUST_READER", "other_readers::rust_reads"),
        ("java", "SSOCREDS_JAVA_READER", "other_readers::java_reads"),
    ];
    let nightly_only = ["rust", "java"];
    for (client, variable, test) in readers {
        if generated.is_none() && nightly_only.contains(&client) {
            continue;
        }
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
    written_profiles::are_read_without_sso(&TestBed::new()?)
}
