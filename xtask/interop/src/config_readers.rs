//! The differential tests of sso-config: the same config files through the readers of other tools.
//!
//! The comparisons are in `crates/sso-config/tests/it`. This installs the readers and runs them.

use anyhow::Result;
use xshell::cmd;

use crate::stage::TestBed;
use crate::{install, written_profiles};

/// Compares with botocore, over so many pairs of generated files, and with the SDKs for Go and for
/// JavaScript where their toolchains are installed. With a number of files, in the nightly run, also
/// with those for Rust and Java, which take minutes to install. Then gives generated profiles to tools
/// that know no SSO.
pub(crate) fn run(generated: Option<u32>) -> Result<()> {
    let shell = project::shell()?;
    shell.set_var("PATH", install::path()?);
    if let Some(count) = generated {
        shell.set_var("SSOCREDS_GENERATED_CONFIGS", count.to_string());
    }
    let mut tests = vec!["botocore".to_owned()];
    let all = ["go", "javascript", "rust", "java"];
    let quick = ["go", "javascript"];
    for name in if generated.is_some() { &all[..] } else { &quick[..] } {
        let Some(client) = install::client(name)? else { continue };
        let words = client.program.iter().map(|word| word.to_string_lossy());
        let variable = format!("SSOCREDS_{}_READER", name.to_uppercase());
        shell.set_var(variable, words.collect::<Vec<_>>().join("\n"));
        tests.push(format!("other_readers::{name}_reads"));
    }
    let cargo = project::cargo();
    cmd!(
        shell,
        "{cargo} test --quiet --package sso-config --test it -- --include-ignored --nocapture {tests...}"
    )
    .run()?;
    written_profiles::are_read_without_sso(&TestBed::new(project::ssocreds()?)?)
}
