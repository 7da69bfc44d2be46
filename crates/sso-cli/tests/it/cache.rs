//! Role credentials on disk: shared with the next process and with the AWS CLI.

use std::fs;

use serde_json::json;
use sso_emulator::{Emulator, TokenState};

use crate::program::{Scene, read_json};

const RUN: [&str; 3] = ["credential-process", "--profile", "devsso"];

#[tokio::test(flavor = "multi_thread")]
async fn a_second_call_uses_the_cache() {
    let scene = Scene::new(TokenState::Expired).await;
    let first = scene.run(&RUN).success();
    scene.emulator.reset_counts();
    assert_eq!(scene.run(&RUN).success(), first);
    assert_eq!(scene.emulator.requests().len(), 0);

    // In the file and the format of the AWS CLI.
    let files = scene.role_files();
    assert_eq!(files.len(), 1);
    let cached = read_json(&files[0]);
    assert_eq!(cached["ProviderType"], "sso");
    assert!(first.contains(cached["Credentials"]["AccessKeyId"].as_str().unwrap()));
}

/// They are used until they expire, as in the AWS CLI. Only a logout removes them.
#[tokio::test(flavor = "multi_thread")]
async fn cached_credentials_serve_without_service_and_token() {
    let scene = Scene::new(TokenState::Valid).await;
    let first = scene.run(&RUN).success();
    fs::remove_file(&scene.home.token_file).unwrap();
    scene.emulator.fault(sso_emulator::Fault::DropBeforeAnswer);
    // Certificates, and other files for a connection, are not read.
    let mut command = scene.command(&RUN);
    command.env("AWS_CA_BUNDLE", "/nowhere/ca.pem");
    assert_eq!(scene.run_command(&mut command).success(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cache_neither_reads_nor_writes() {
    let scene = Scene::new(TokenState::Valid).await;
    let no_cache = [&RUN[..], &["--no-cache"]].concat();
    let first = scene.run(&no_cache).success();
    assert!(!scene.path(".aws/cli").exists());
    let second = scene.run(&RUN).success();
    assert_ne!(first, second);
    assert_ne!(scene.run(&no_cache).success(), second);
    assert_eq!(scene.emulator.counts().get_role_credentials, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn cached_credentials_that_expire_soon_are_replaced() {
    let builder = Emulator::builder().credentials_ttl(std::time::Duration::from_secs(14 * 60));
    let scene = Scene::with(builder, TokenState::Valid).await;
    let first = scene.run(&RUN).success();
    assert_ne!(scene.run(&RUN).success(), first);
    assert_eq!(scene.emulator.counts().get_role_credentials, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_aws_cli_serves_and_a_broken_one_is_replaced() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.run(&RUN).success();
    let file = scene.role_files().remove(0);
    // Older versions wrote no account id.
    let theirs = json!({"ProviderType": "sso", "Credentials": {
        "AccessKeyId": "ASIATHEIRS", "SecretAccessKey": "s", "SessionToken": "t",
        "Expiration": "2999-01-01T00:00:00Z",
    }});
    fs::write(&file, theirs.to_string()).unwrap();
    let printed = scene.run(&RUN).json();
    assert_eq!(printed["AccessKeyId"], "ASIATHEIRS");
    assert_eq!(printed["AccountId"], scene.home.account_id.as_str());

    fs::write(&file, "{\"ProviderType\":\"sso\",").unwrap();
    assert_ne!(scene.run(&RUN).json()["AccessKeyId"], "ASIATHEIRS");
    assert_eq!(read_json(&file)["ProviderType"], "sso");
}
