//! botocore on our credentials and our token files, and we on its.

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
async fn botocore_takes_credentials_from_credential_process() {
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
async fn botocore_reads_the_token_that_we_refreshed() {
    let (emulator, _directory, home) = home(TokenState::Expired).await;
    json(&run(&home, &["credential-process", "--no-cache", "--profile", &home.profile]));
    let access_key_id = resolve(&home, &home.profile);
    assert!(emulator.owner_of(&access_key_id).is_some());
    assert_eq!(emulator.counts().create_token, 1, "botocore found ours good");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn we_read_the_token_that_botocore_refreshed() {
    let (emulator, _directory, home) = home(TokenState::Expired).await;
    resolve(&home, &home.profile);
    assert_eq!(emulator.counts().create_token, 1, "botocore refreshed");
    let refreshed = read_json(&home.token_file);
    json(&run(&home, &["credential-process", "--no-cache", "--profile", &home.profile]));
    assert_eq!(emulator.counts().create_token, 1, "we found its token good");
    assert_eq!(read_json(&home.token_file), refreshed, "and left its file alone");
}
