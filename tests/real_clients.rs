//! botocore and ssocreds use each other's credentials and token files.

use std::io::Write as _;

use sso_emulator::{Emulator, Home, TokenState};
use tempfile::TempDir;

use crate::program::{json, read_json, run, ssocreds, text};
use crate::python;

async fn home(state: TokenState) -> (Emulator, TempDir, Home) {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), state).unwrap();
    (emulator, directory, home)
}

fn resolve(home: &Home, profile: &str) -> String {
    let output = python::run(home, python::RESOLVE, &[profile]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn botocore_gets_credentials_from_credential_process() {
    let (emulator, _directory, home) = home(TokenState::Expired).await;
    let mut config = std::fs::OpenOptions::new().append(true).open(&home.config_file).unwrap();
    let program = ssocreds().display();
    writeln!(
        config,
        "\n[profile dev]\nregion = us-east-1\n\
         credential_process = {program} credential-process --profile {}",
        home.profile
    )
    .unwrap();
    let access_key_id = resolve(&home, "dev");
    let owner = emulator.owner_of(&access_key_id).expect("the emulator gave these credentials");
    assert_eq!(owner.role_name, home.role_name);
    assert_eq!(emulator.counts().create_token, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn botocore_uses_a_token_that_ssocreds_refreshed() {
    let (emulator, _directory, home) = home(TokenState::Expired).await;
    json(&run(&home, &["credential-process", "--no-cache", "--profile", &home.profile]));
    let access_key_id = resolve(&home, &home.profile);
    assert!(emulator.owner_of(&access_key_id).is_some());
    assert_eq!(emulator.counts().create_token, 1, "botocore did not refresh the token");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn ssocreds_uses_a_token_that_botocore_refreshed() {
    let (emulator, _directory, home) = home(TokenState::Expired).await;
    resolve(&home, &home.profile);
    assert_eq!(emulator.counts().create_token, 1, "botocore refreshed the token");
    let refreshed = read_json(&home.token_file);
    json(&run(&home, &["credential-process", "--no-cache", "--profile", &home.profile]));
    assert_eq!(emulator.counts().create_token, 1, "ssocreds did not refresh the token");
    assert_eq!(read_json(&home.token_file), refreshed, "ssocreds did not change the file");
}
