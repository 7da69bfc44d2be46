//! The real AWS CLI version 2 logs in, gets credentials and logs out.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use sso_emulator::{Emulator, Home, TokenState};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::client::request;

/// The time limit of a login, for a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

fn aws(words: &str, home: &Home) -> Command {
    let mut command = Command::from(home.command("aws"));
    command.args(words.split(' '));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn succeed(child: Child) -> String {
    let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn token(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Logs in by device authorization, and approves it.
async fn log_in_by_device(emulator: &Emulator, home: &Home, profile: &str) {
    let words = format!("sso login --profile {profile} --no-browser --use-device-code");
    let mut login = aws(&words, home).spawn().unwrap();
    let user_code = loop {
        assert_eq!(login.try_wait().unwrap(), None, "the login ended before it was approved");
        match emulator.pending_devices().pop() {
            Some(user_code) => break user_code,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert!(emulator.approve_device(&user_code));
    assert!(succeed(login).await.contains("Successfully logged into"));
}

async fn check_credentials(emulator: &Emulator, home: &Home, profile: &str) {
    let words = format!("configure export-credentials --profile {profile}");
    let exported = succeed(aws(&words, home).spawn().unwrap()).await;
    let exported: Value = serde_json::from_str(&exported).unwrap();
    let owner = emulator.owner_of(exported["AccessKeyId"].as_str().unwrap()).unwrap();
    assert_eq!(
        (owner.account_id, owner.role_name),
        (home.account_id.clone(), home.role_name.clone())
    );
}

#[tokio::test]
#[ignore = "needs AWS CLI version 2"]
async fn the_aws_cli_logs_in_with_a_device_code_and_logs_out() {
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Missing).unwrap();

    log_in_by_device(&emulator, &home, &home.profile).await;
    assert!(emulator.is_live(token(&home.token_file)["refreshToken"].as_str().unwrap()));
    check_credentials(&emulator, &home, &home.profile).await;

    log_in_by_device(&emulator, &home, &home.legacy_profile).await;
    assert_eq!(token(&home.legacy_token_file).get("refreshToken"), None);
    check_credentials(&emulator, &home, &home.legacy_profile).await;

    succeed(aws("sso logout", &home).spawn().unwrap()).await;
    assert_eq!(emulator.counts().logout, 2);
    assert!(emulator.live_refresh_tokens().is_empty());
    assert!(!home.token_file.exists() && !home.legacy_token_file.exists());
}

#[tokio::test]
#[ignore = "needs AWS CLI version 2"]
async fn the_aws_cli_logs_in_with_an_authorization_code() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Missing).unwrap();
    let mut login = aws("sso login --profile devsso --no-browser", &home).spawn().unwrap();
    let mut lines = BufReader::new(login.stdout.take().unwrap()).lines();
    let page = format!("{}/authorize?", emulator.oidc_url());
    let url = loop {
        let line = lines.next_line().await.unwrap().expect("no URL was shown");
        if line.starts_with(&page) {
            break line;
        }
    };
    // Like a browser, open the page and follow its redirect to the listener of the CLI.
    let redirect = open(&url).await;
    let location = redirect.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    assert!(open(location).await.contains(" 200 "));
    succeed(login).await;

    assert!(emulator.is_live(token(&home.token_file)["refreshToken"].as_str().unwrap()));
    let grants: Vec<_> = emulator.requests().iter().filter_map(|r| r.grant_type.clone()).collect();
    assert_eq!(grants, ["authorization_code"]);
    check_credentials(&emulator, &home, &home.profile).await;
}

/// Sends a GET request and returns the whole answer.
async fn open(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, _) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = request(&format!("http://{host}"), "GET", &rest[host.len()..], &[], "");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
