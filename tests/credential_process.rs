//! `ssocreds credential-process` prints the credentials of a profile.

use sso_emulator::{Emulator, TokenState};
use tempfile::TempDir;

use crate::program::{json, read_json, run, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_token_gives_credentials() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Valid).unwrap();
    for profile in [&home.profile, &home.legacy_profile] {
        let printed =
            json(&run(&home, &["credential-process", "--no-cache", "--profile", profile]));
        assert_eq!(printed["Version"], 1);
        assert_eq!(printed["AccountId"], home.account_id.as_str());
        let owner = emulator.owner_of(printed["AccessKeyId"].as_str().unwrap()).unwrap();
        assert_eq!(owner.role_name, home.role_name);
        let expiration = printed["Expiration"].as_str().unwrap();
        assert!(expiration.ends_with('Z') && expiration.len() == 20, "{expiration}");
    }
    assert_eq!(emulator.counts().create_token, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refreshed_once_and_kept() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let before = read_json(&home.token_file);

    for _ in 0..3 {
        json(&run(&home, &["credential-process", "--no-cache", "--profile", &home.profile]));
    }

    let after = read_json(&home.token_file);
    assert_eq!(emulator.counts().create_token, 1, "the second run uses the new token");
    assert_ne!(before["accessToken"], after["accessToken"]);
    assert!(
        emulator.is_live(after["refreshToken"].as_str().unwrap()),
        "the file has the valid refresh token"
    );
    assert_eq!(before["clientId"], after["clientId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_the_error_names_the_login_command() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Missing).unwrap();
    let output = run(&home, &["credential-process", "--profile", &home.profile]);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(text(&output.stdout), "");
    let error = text(&output.stderr);
    assert!(error.contains("ssocreds login --sso-session dev-session"), "{error}");
    assert!(error.contains(home.token_file.to_str().unwrap()), "{error}");

    let output = run(&home, &["credential-process", "--profile", &home.legacy_profile]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("ssocreds login --profile legacy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn services_with_a_private_certificate_authority_give_credentials() {
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    json(&run(&home, &["credential-process", "--no-cache", "--profile", &home.profile]));
    assert_eq!(emulator.counts().create_token, 1);
}
