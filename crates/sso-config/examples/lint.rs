//! A linter for shared config files: every warning and every error of every SSO profile, each with
//! its file and line.
//!
//! Checks a sample, or the files named on the command line:
//! `cargo run -p sso-config --example lint -- ~/.aws/config ~/.aws/credentials`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use sso_config::{Locations, Origin, Section, SharedConfig, SsoProfile};
use sso_types::Environment;

const SAMPLE: &str = "\
[profile dev]
sso_session = corp
sso_account_id = 12345678901
sso_role_name = Developer

[profile prod]
sso_session = acme
sso_account_id =
sso_role_name = Auditor

[profile admin]
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = dev

[devsso]
sso_session = corp

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_region = eu-central-1
";

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = std::env::args().skip(1);
    let config = match (files.next(), files.next()) {
        (None, _) => SharedConfig::parse(&Locations::new("config", "credentials"), SAMPLE, "")?,
        (Some(config), credentials) => {
            let credentials = credentials.unwrap_or_else(|| "credentials".to_owned());
            SharedConfig::load(&Locations::new(config, credentials))?
        }
    };

    let mut findings = findings(&config);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("{} findings", findings.len());
    Ok(())
}

fn findings(config: &SharedConfig) -> Vec<String> {
    // Check the files without the linter's own environment, which is unrelated to them.
    let environment = Environment::default();
    let mut findings: Vec<_> = config.warnings().iter().map(ToString::to_string).collect();
    for name in config.profiles().map(Section::name) {
        match SsoProfile::resolve(config, name, &environment) {
            Ok(profile) => findings.extend(profile.warnings().iter().map(ToString::to_string)),
            // A profile with another kind of credentials is not a mistake.
            Err(error) if error.is_not_sso() => {}
            Err(_) => {
                for error in SsoProfile::errors(config, name, &environment) {
                    let place = error.origin().map_or_else(|| name.to_owned(), place);
                    findings.push(format!("{place}: {error}"));
                }
            }
        }
    }
    findings.dedup();
    findings
}

/// Formats a file and line as editors expect them.
fn place(origin: &Origin) -> String {
    let file: &Path = origin.file();
    format!("{}:{}", file.display(), origin.line())
}
