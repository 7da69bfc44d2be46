//! Tests of the emulator with botocore (boto3) and version 1 of the AWS CLI.
//!
//! Version 1 of the AWS CLI has no `aws sso login`, so the login uses botocore's client of SSO
//! OIDC. Version 2 has its own tests.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use sso_emulator::{Emulator, Fault, Home, Operation, TokenState};

/// Prints the credentials of a profile as JSON.
const CREDENTIALS: &str = r"
import sys, json, boto3
frozen = boto3.Session(profile_name=sys.argv[1]).get_credentials().get_frozen_credentials()
print(json.dumps([frozen.access_key, frozen.secret_key, frozen.token]))
";

/// Logs in by device authorization. A GET request of the complete URI replaces the browser.
const LOGIN: &str = r"
import json, ssl, sys, urllib.request, boto3
from botocore import UNSIGNED
from botocore.config import Config
config = Config(signature_version=UNSIGNED, region_name='us-east-1')
oidc = boto3.Session().client('sso-oidc', config=config)
client = oidc.register_client(clientName='t', clientType='public', scopes=['sso:account:access'])
identity = {name: client[name] for name in ('clientId', 'clientSecret')}
device = oidc.start_device_authorization(startUrl=sys.argv[1], **identity)
grant = dict(grantType='urn:ietf:params:oauth:grant-type:device_code',
             deviceCode=device['deviceCode'], **identity)
try:
    oidc.create_token(**grant)
    sys.exit('granted before the user agreed')
except oidc.exceptions.AuthorizationPendingException as pending:
    assert pending.response['error'] == 'authorization_pending', pending.response
urllib.request.urlopen(device['verificationUriComplete'])
token = oidc.create_token(**grant)
portal = boto3.Session().client('sso', config=config)
access = dict(accessToken=token['accessToken'])
accounts = [a['accountId'] for page in portal.get_paginator('list_accounts').paginate(
    PaginationConfig={'PageSize': 1}, **access) for a in page['accountList']]
roles = portal.list_account_roles(accountId=accounts[0], **access)['roleList']
try:
    portal.get_role_credentials(accountId=accounts[0], roleName='Other', **access)
    sys.exit('a role that is not assigned')
except portal.exceptions.ClientError as error:
    forbidden = error.response['Error']
portal.logout(**access)
try:
    portal.list_accounts(**access)
    sys.exit('logged out, and still in')
except portal.exceptions.UnauthorizedException as error:
    out = error.response['Error']
print(json.dumps([accounts, roles, forbidden, out]))
";

/// Returns the path of the Python interpreter. Uses the machine's own `HOME`, which a version
/// manager needs.
fn python() -> String {
    let find = "import sys, boto3, botocore; print(sys.executable)";
    let found = Command::new("python3").args(["-c", find]).output().unwrap();
    assert!(found.status.success(), "{found:?}");
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}

/// Runs a client in the home's environment.
fn run(program: &str, arguments: &[&str], home: &Home) -> Output {
    home.command(program).args(arguments).output().unwrap()
}

async fn run_elsewhere(program: String, arguments: Vec<String>, home: Home) -> Output {
    tokio::task::spawn_blocking(move || {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        run(&program, &arguments, &home)
    })
    .await
    .unwrap()
}

async fn script(python: &str, script: &str, argument: &str, home: &Home) -> Output {
    let arguments = ["-c", script, argument].map(str::to_owned).to_vec();
    run_elsewhere(python.to_owned(), arguments, home.clone()).await
}

fn json(output: &Output) -> Value {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn token_file(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
#[ignore = "needs botocore"]
async fn botocore_gets_credentials_with_both_kinds_of_profiles() {
    let python = python();
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Valid).unwrap();
    for profile in [&home.profile, &home.legacy_profile] {
        let credentials = json(&script(&python, CREDENTIALS, profile, &home).await);
        let owner = emulator.owner_of(credentials[0].as_str().unwrap()).unwrap();
        assert_eq!(owner.role_name, home.role_name, "{profile}");
    }
    assert_eq!(emulator.counts().get_role_credentials, 2);
    assert_eq!(emulator.counts().create_token, 0);
}

#[tokio::test]
#[ignore = "needs botocore"]
async fn botocore_refreshes_a_rotating_token_and_writes_the_new_one() {
    let python = python();
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let before = token_file(&home.token_file);
    let credentials = json(&script(&python, CREDENTIALS, &home.profile, &home).await);
    assert!(emulator.owner_of(credentials[0].as_str().unwrap()).is_some());

    let after = token_file(&home.token_file);
    assert_ne!(before["accessToken"], after["accessToken"]);
    assert_eq!(after["registrationExpiresAt"], before["registrationExpiresAt"]);
    assert!(!emulator.is_live(before["refreshToken"].as_str().unwrap()));
    assert_eq!(emulator.live_refresh_tokens(), [after["refreshToken"].as_str().unwrap()]);
    assert_eq!(emulator.counts().refreshes, 1);

    // The token has expired, and the session has ended, so botocore fails.
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    emulator.end_session();
    let output = script(&python, CREDENTIALS, &home.profile, &home).await;
    assert!(!output.status.success());
    assert_eq!(emulator.counts().refreshes, 1);
}

#[tokio::test]
#[ignore = "needs botocore"]
async fn botocore_recognizes_errors_and_retries_transient_ones() {
    let python = python();
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Valid).unwrap();

    emulator.fault_next(Operation::GetRoleCredentials, 1, Fault::status(503));
    emulator.fault_next(Operation::GetRoleCredentials, 1, Fault::DropBeforeAnswer);
    json(&script(&python, CREDENTIALS, &home.profile, &home).await);
    assert_eq!(emulator.counts().get_role_credentials, 3);

    emulator.revoke_access_tokens();
    let output = script(&python, CREDENTIALS, &home.profile, &home).await;
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("UnauthorizedSSOTokenError"), "{complaint}");
}

#[tokio::test]
#[ignore = "needs botocore"]
async fn botocore_logs_in_lists_pages_and_logs_out() {
    let python = python();
    let emulator = Emulator::builder()
        .account("000000000001", "One", "one@example.com", ["Audit"])
        .account("000000000002", "Two", "two@example.com", ["Audit"])
        .start()
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Missing).unwrap();
    let start_url = "https://my-sso-portal.awsapps.com/start";
    let told = json(&script(&python, LOGIN, start_url, &home).await);
    assert_eq!(told[0], serde_json::json!(["000000000001", "000000000002"]));
    assert_eq!(told[1][0]["roleName"], "Audit");
    assert_eq!(told[2]["Code"], "ForbiddenException");
    assert_eq!(told[2]["Message"], "No access");
    assert_eq!(told[3]["Message"], "Session token not found or invalid");
}

#[tokio::test]
#[ignore = "needs botocore"]
async fn the_aws_cli_lists_logs_out_and_gets_credentials() {
    let python = python();
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Expired).unwrap();
    let url = emulator.portal_url();
    let access_token = emulator.login().access_token;
    let cli = async |words: &str| {
        let words = format!("-m awscli {words} --region us-east-1 --output json");
        let arguments = words.split(' ').map(str::to_owned).collect();
        run_elsewhere(python.clone(), arguments, home.clone()).await
    };

    let listed = json(&cli(&format!("sso list-accounts --access-token {access_token}")).await);
    assert_eq!(listed["accountList"][0]["accountId"], "123456789012");
    let out = cli(&format!("sso logout --access-token {access_token}")).await;
    assert!(out.status.success(), "{out:?}");
    let refused = cli(&format!("sso list-accounts --access-token {access_token}")).await;
    let complaint = String::from_utf8_lossy(&refused.stderr);
    assert!(complaint.contains("(UnauthorizedException)"), "{complaint}");

    // A signed request needs credentials, so the CLI refreshes and exchanges the token. The request
    // itself then fails, because its service is not emulated.
    let sent = cli(&format!("sts get-caller-identity --profile devsso --endpoint-url {url}")).await;
    assert!(!sent.status.success());
    let counts = emulator.counts();
    assert_eq!((counts.refreshes, counts.get_role_credentials, counts.unknown), (1, 1, 1));
    let signed = emulator.requests().pop().unwrap();
    assert!(signed.header("authorization").unwrap().starts_with("sha256:"));
}
