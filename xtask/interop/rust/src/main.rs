//! The AWS SDK for Rust, asked for one thing: `interop-rust version | credentials PROFILE |
//! token PROFILE | watch`.
//!
//! Prints one line of JSON: what it got, or `{"error": ...}` with exit code 1. `watch` prints a line for
//! the credentials of the default chain every half second. And `interop-rust configs` for its reader of
//! config files.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::BufRead as _;
use std::path::Path;
use std::process::ExitCode;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, token::ProvideToken as _};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use serde_json::{Value, json};

fn version() -> Value {
    let lock = include_str!("../Cargo.lock");
    let found = lock.split("name = \"aws-config\"\nversion = \"").nth(1);
    let version = found.and_then(|rest| rest.split('"').next()).unwrap_or("?");
    json!({"version": format!("aws-config {version}")})
}

/// What a program does: the default configuration with a profile.
async fn configuration(profile: &str) -> SdkConfig {
    let http_client = aws_smithy_http_client::Builder::new().build_http();
    let loader = aws_config::defaults(BehaviorVersion::latest());
    loader.http_client(http_client).profile_name(profile).load().await
}

async fn credentials(profile: &str) -> Result<Value, Box<dyn Error>> {
    let loaded = configuration(profile).await;
    let provider = loaded.credentials_provider().ok_or("aws-config has no credentials provider")?;
    Ok(json!({"access_key_id": provider.provide_credentials().await?.access_key_id()}))
}

async fn token(profile: &str) -> Result<Value, Box<dyn Error>> {
    let loaded = configuration(profile).await;
    let provider = loaded.token_provider().ok_or("aws-config has no token provider")?;
    Ok(json!({"access_token": provider.provide_token().await?.token()}))
}

async fn watch() -> Result<Value, Box<dyn Error>> {
    let http_client = aws_smithy_http_client::Builder::new().build_http();
    let loader = aws_config::defaults(BehaviorVersion::latest());
    let loaded = loader.http_client(http_client).load().await;
    let provider = loaded.credentials_provider().ok_or("aws-config has no credentials provider")?;
    loop {
        let line = match provider.provide_credentials().await {
            Ok(credentials) => json!({"access_key_id": credentials.access_key_id()}),
            Err(error) => json!({"error": chain(&error)}),
        };
        println!("{line}");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
}

/// Answers each line of standard input, a directory and a profile, with what the SDK reads from the files
/// `config` and `credentials` there: a line of values, or "error".
async fn configs() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (directory, profile) = line.split_once('\t').ok_or("want a directory and a profile")?;
        let values = values(Path::new(directory), profile).await;
        println!("{}", values.unwrap_or_else(|_| "error".to_owned()).replace('\n', "\\n"));
    }
    Ok(())
}

async fn values(directory: &Path, name: &str) -> Result<String, Box<dyn Error>> {
    let files = EnvConfigFiles::builder()
        .with_file(EnvConfigFileKind::Config, directory.join("config"))
        .with_file(EnvConfigFileKind::Credentials, directory.join("credentials"))
        .build();
    let read = aws_config::profile::load(&Fs::real(), &Env::real(), &files, None).await?;
    let profile = read.get_profile(name).ok_or("no such profile")?;
    let of_profile = |key| profile.get(key).unwrap_or_default();
    let session = profile.get("sso_session").and_then(|session| read.sso_session(session));
    let of_login = |key| match session {
        Some(session) => session.get(key).unwrap_or_default(),
        None => of_profile(key),
    };
    let profile_keys = ["sso_session", "sso_account_id", "sso_role_name", "region"];
    let login_keys = ["sso_start_url", "sso_region"];
    let values = profile_keys.map(of_profile).into_iter().chain(login_keys.map(of_login));
    Ok(values.collect::<Vec<_>>().join("\t"))
}

/// The error and its sources, as programs print it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if arguments == ["configs"] {
        return match configs().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let got = match arguments.as_slice() {
        ["version"] => Ok(version()),
        ["watch"] => watch().await,
        ["credentials", profile] => credentials(profile).await,
        ["token", profile] => token(profile).await,
        other => Err(format!("not understood: {other:?}").into()),
    };
    match got {
        Ok(got) => {
            println!("{got}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", json!({"error": chain(&*error)}));
            ExitCode::FAILURE
        }
    }
}
