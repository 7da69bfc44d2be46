//! Runs the tests that read the same config files with sso-config and with other tools.
//!
//! The comparisons are in `crates/sso-config/tests/it`. This file installs the other readers.

use anyhow::Result;
use xshell::cmd;

use crate::stage::TestBed;
use crate::{install, written_profiles};

/// Compares with botocore, and with the SDKs for Go and JavaScript if their toolchains are installed.
/// `generated` is the number of pairs of generated files, for the nightly run. That run also compares with
/// the SDKs for Rust and Java, which take minutes to install. Then gives written profiles to tools that know
/// no SSO.
pub(crate) fn run(generated: Option<u32>) -> Result<()> {
    let shell = project::shell()?;
    shell.set_var("PATH", install::path()?);
    let mut readers = vec!["go", "javascript"];
    if let Some(count) = generated {
        shell.set_var("SSOCREDS_GENERATED_CONFIGS", count.to_string());
        readers.extend(["rust", "java"]);
    }
    let mut tests = vec!["botocore".to_owned()];
    for name in readers {
        let Some(client) = install::client(name)? else { continue };
        let variable = format!("SSOCREDS_{}_READER", name.to_uppercase());
        shell.set_var(variable, client.program.join("\n"));
        tests.push(format!("other_readers::{name}_reads"));
    }
    let cargo = project::cargo();
    cmd!(
        shell,
        "{cargo} test --quiet --package sso-config --test it -- --include-ignored --nocapture {tests...}"
    )
    .run()?;
    written_profiles::are_read_without_sso(&TestBed::new(&project::ssocreds()?)?)
}
