//! The cache of role credentials on disk, which other processes and the AWS CLI share.

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

    // The file has the name and the format of the AWS CLI.
    let files = scene.role_files();
    assert_eq!(files.len(), 1);
    let cached = read_json(&files[0]);
    assert_eq!(cached["ProviderType"], "sso");
    assert!(first.contains(cached["Credentials"]["AccessKeyId"].as_str().unwrap()));
}

/// Cached credentials outlive the token, as in the AWS CLI. Only a logout removes them.
#[tokio::test(flavor = "multi_thread")]
async fn cached_credentials_are_used_without_service_and_token() {
    let scene = Scene::new(TokenState::Valid).await;
    let first = scene.run(&RUN).success();
    fs::remove_file(&scene.home.token_file).unwrap();
    scene.emulator.fault(sso_emulator::Fault::DropBeforeAnswer);
    // No connection is prepared: the missing bundle of certificates is not an error.
    let mut command = scene.command(&RUN);
    command.env("AWS_CA_BUNDLE", "/nowhere/ca.pem");
    assert_eq!(scene.run_command(&mut command).success(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_cache_the_cache_is_neither_read_nor_written() {
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
async fn a_file_of_the_aws_cli_is_used_and_a_broken_file_is_replaced() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.run(&RUN).success();
    let file = scene.role_files().remove(0);
    // Older versions of the AWS CLI do not store the account ID.
    let by_aws_cli = json!({"ProviderType": "sso", "Credentials": {
        "AccessKeyId": "ASIAAWSCLI", "SecretAccessKey": "s", "SessionToken": "t",
        "Expiration": "2999-01-01T00:00:00Z",
    }});
    fs::write(&file, by_aws_cli.to_string()).unwrap();
    let printed = scene.run(&RUN).json();
    assert_eq!(printed["AccessKeyId"], "ASIAAWSCLI");
    assert_eq!(printed["AccountId"], scene.home.account_id.as_str());

    fs::write(&file, "{\"ProviderType\":\"sso\",").unwrap();
    assert_ne!(scene.run(&RUN).json()["AccessKeyId"], "ASIAAWSCLI");
    assert_eq!(read_json(&file)["ProviderType"], "sso");
}
