//! The written home directory.

use std::collections::HashMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sso_emulator::{Emulator, TokenState};
use sso_types::{Clock as _, ManualClock};

use crate::client::portal;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn expiry(token: &Value) -> Timestamp {
    token["expiresAt"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_home_has_a_config_file_and_token_files() {
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("not").join("there");
    let home = emulator.write_home(&root, TokenState::Valid).unwrap();

    let environment: HashMap<_, _> = home.environment.iter().cloned().collect();
    assert_eq!(environment["HOME"], root.to_str().unwrap());
    assert_eq!(environment["AWS_ENDPOINT_URL_SSO"], emulator.portal_url());
    assert_eq!(environment["AWS_ENDPOINT_URL_SSO_OIDC"], emulator.oidc_url());
    assert_eq!(environment["AWS_CONFIG_FILE"], home.config_file.to_str().unwrap());
    assert_eq!(environment["NO_PROXY"], "127.0.0.1,localhost,::1");
    let bundle = std::fs::read_to_string(&environment["AWS_CA_BUNDLE"]).unwrap();
    assert_eq!(Some(bundle.as_str()), emulator.ca_pem());

    // The names that all AWS tools use: SHA-1 of `dev-session` and of the start URL.
    let cache = root.join(".aws/sso/cache");
    let name = |path: &Path| path.strip_prefix(&cache).unwrap().to_str().unwrap().to_owned();
    assert_eq!(name(&home.token_file), "6a8732fe3624aef043e5f7811b597bd5e2a56b39.json");
    assert_eq!(name(&home.legacy_token_file), "c7aaaf71fcc8777ae2475525ed049d39fe16c484.json");
    let (token, legacy) = (json(&home.token_file), json(&home.legacy_token_file));
    assert_eq!(token["startUrl"], "https://my-sso-portal.awsapps.com/start");
    assert_eq!(token["region"], "us-east-1");
    assert!(emulator.is_live(token["refreshToken"].as_str().unwrap()));
    assert_eq!(legacy.get("refreshToken"), None);
    for token in [&token, &legacy] {
        let access_token = token["accessToken"].as_str().unwrap();
        assert_eq!(portal(&emulator, "/assignment/accounts", access_token).await.status, 200);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_a_home() {
    use std::os::unix::fs::PermissionsExt as _;
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Valid).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for file in [&home.config_file, &home.token_file, &home.legacy_token_file] {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    for part in [".aws", ".aws/sso", ".aws/sso/cache"] {
        assert_eq!(mode(&directory.path().join(part)), 0o700, "{part}");
    }
}

#[tokio::test]
async fn tokens_have_the_requested_state() {
    let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    let emulator = Emulator::builder().clock(clock.clone()).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let seconds = |count| clock.now() + SignedDuration::from_secs(count);
    // State, expiry, whether it is refreshable, and the portal's answer.
    for (state, expires_at, refreshable, status) in [
        (TokenState::Valid, seconds(3600), true, 200),
        (TokenState::InRefreshWindow, seconds(120), true, 200),
        (TokenState::Expired, seconds(-60), true, 401),
        (TokenState::ExpiredNotRefreshable, seconds(-60), false, 401),
    ] {
        let home = emulator.write_home(directory.path(), state).unwrap();
        let token = json(&home.token_file);
        assert_eq!(expiry(&token), expires_at, "{state:?}");
        assert_eq!(expiry(&json(&home.legacy_token_file)), expires_at, "{state:?}");
        assert_eq!(token.get("refreshToken").is_some(), refreshable, "{state:?}");
        let access_token = token["accessToken"].as_str().unwrap();
        let reply = portal(&emulator, "/assignment/accounts", access_token).await;
        assert_eq!(reply.status, status, "{state:?}");
    }
    let home = emulator.write_home(directory.path(), TokenState::Missing).unwrap();
    assert!(!home.token_file.exists() && !home.legacy_token_file.exists());
    assert!(home.config_file.exists() && home.token.is_none());
}

#[tokio::test]
async fn the_error_names_a_file_that_cannot_be_written() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = emulator.write_home(&file, TokenState::Valid).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn a_home_that_no_emulator_wrote_is_refused_and_unchanged() {
    let emulator = Emulator::builder().start().await.unwrap();
    let made = tempfile::tempdir().unwrap();
    let made = emulator.write_home(made.path(), TokenState::Valid).unwrap();
    for file in [&made.config_file, &made.token_file, &made.legacy_token_file] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(file.strip_prefix(&made.directory).unwrap());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "[default]\nregion = eu-west-1\n").unwrap();
        let error = emulator.write_home(directory.path(), TokenState::Valid).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(file.to_str().unwrap()), "{text}");
        assert!(text.contains("choose"), "{text}");
        let content = std::fs::read_to_string(&file).unwrap();
        assert_eq!(content, "[default]\nregion = eu-west-1\n");
        let files = std::fs::read_dir(file.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "a file was written");
    }
}

#[tokio::test]
async fn a_home_of_an_emulator_is_replaced() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Valid).unwrap();
    // Another emulator replaces a config file to which profiles were added.
    let config = std::fs::read_to_string(&home.config_file).unwrap();
    std::fs::write(&home.config_file, config + "\n[profile more]\n").unwrap();
    let another = Emulator::builder().start().await.unwrap();
    another.write_home(directory.path(), TokenState::Expired).unwrap();
    // The same emulator, after a test has written its own config file there.
    std::fs::write(&home.config_file, "[default]\n").unwrap();
    another.write_home(directory.path(), TokenState::Valid).unwrap();
    std::fs::remove_file(&home.config_file).unwrap();
    another.write_home(directory.path(), TokenState::Valid).unwrap();
}

#[tokio::test]
async fn extra_profiles_share_the_session() {
    let emulator = Emulator::builder()
        .account("000000000042", "Audit", "audit@example.com", ["Auditor", "Admin"])
        .extra_profile("my admin", "000000000042", "Admin")
        .extra_profile("nothing-assigned", "000000000043", "Admin")
        .start()
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Valid).unwrap();
    assert_eq!(home.role_name, "Auditor");
    let config = std::fs::read_to_string(&home.config_file).unwrap();
    let expected = "[profile 'my admin']\n\
                    sso_session = dev-session\n\
                    sso_account_id = 000000000042\n\
                    sso_role_name = Admin\n\
                    region = us-east-1\n\
                    \n\
                    [profile nothing-assigned]\n";
    assert!(config.contains(expected), "{config}");
    assert_eq!(config.matches("[sso-session").count(), 1);
}

/// Runs itself in a child process with variables that a developer may have set, because a test
/// cannot change its own environment.
#[cfg(unix)]
#[tokio::test]
async fn a_command_inherits_no_variable_for_other_services_or_credentials() {
    use std::process::Command;
    const CHILD: &str = "SSO_EMULATOR_TEST_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([
            "--exact",
            "home::a_command_inherits_no_variable_for_other_services_or_credentials",
        ]);
        child.env(CHILD, "1").env("UNRELATED", "stays").env("HOME", "/nowhere");
        for name in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "SSOCREDS_LOG"] {
            child.env(name, "caller");
        }
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "no_proxy"] {
            child.env(name, "caller");
        }
        let output = child.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
        return;
    }
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Missing).unwrap();
    let output = home.command("env").output().unwrap();
    let variables = String::from_utf8(output.stdout).unwrap();
    assert!(!variables.contains("=caller"), "{variables}");
    assert!(variables.contains("UNRELATED=stays\n"), "{variables}");
    assert!(variables.contains("PATH="), "{variables}");
    for (name, value) in &home.environment {
        assert!(variables.lines().any(|line| line == format!("{name}={value}")), "{name}");
    }
}
