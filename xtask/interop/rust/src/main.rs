//! The AWS SDK for Rust, asked for one thing: `interop-rust version | credentials PROFILE |
//! token PROFILE | watch`.
//!
//! Prints one line of JSON: what it got, or `{"error": ...}` with exit code 1. `watch` prints a line for
//! the credentials of the default chain every half second.

#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, token::ProvideToken as _};
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
