//! `accounts` and `roles` with many accounts: formats, filters, throttling, and lists that end early.

use std::collections::BTreeSet;
use std::time::Duration;

use expect_test::expect;
use sso_emulator::{Emulator, EmulatorBuilder, ErrorName, Fault, Operation, TokenState};

use crate::program::Scene;

fn four_accounts() -> EmulatorBuilder {
    Emulator::builder()
        .account("123456789012", "Team A, prod", "a@example.com", ["Admin", "ReadOnly"])
        .account("000000000001", "Team \"B\" test", "b@example.com", ["ReadOnly"])
        .account("210987654321", "team c PROD", "c@example.com", ["Billing", "admin-c"])
        .account("210987654322", "Sandbox", "d@example.com", ["Admin"])
}

fn many_accounts(count: usize) -> EmulatorBuilder {
    let mut builder = Emulator::builder();
    for at in 0..count {
        builder = builder.account(format!("{at:012}"), format!("Account {at}"), "a@b.c", ["R"]);
    }
    builder
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_roles_are_csv() {
    let scene = Scene::with(four_accounts(), TokenState::Valid).await;
    let csv = ["--profile", "devsso", "--format", "csv"];
    expect![[r#"
        accountId,accountName,emailAddress
        123456789012,"Team A, prod",a@example.com
        000000000001,"Team ""B"" test",b@example.com
        210987654321,team c PROD,c@example.com
        210987654322,Sandbox,d@example.com
    "#]]
    .assert_eq(&scene.run(&[&["accounts"], &csv[..]].concat()).success().replace("\r\n", "\n"));
    expect![[r#"
        accountId,roleName,accountName
        123456789012,Admin,"Team A, prod"
        123456789012,ReadOnly,"Team A, prod"
        000000000001,ReadOnly,"Team ""B"" test"
        210987654321,Billing,team c PROD
        210987654321,admin-c,team c PROD
        210987654322,Admin,Sandbox
    "#]]
    .assert_eq(&scene.run(&[&["roles"], &csv[..]].concat()).success().replace("\r\n", "\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_filter_accounts_and_roles() {
    let scene = Scene::with(four_accounts(), TokenState::Valid).await;
    expect![[r#"
        ACCOUNT ID    NAME          EMAIL
        123456789012  Team A, prod  a@example.com
        210987654321  team c PROD   c@example.com
    "#]]
    .assert_eq(
        &scene.run(&["accounts", "--profile", "devsso", "--account-name", "*prod"]).success(),
    );
    assert_eq!(scene.emulator.counts().list_account_roles, 0);
    let filters = ["--account-name", "team ?*", "--role-name", "*admin*"];
    expect![[r#"
        ACCOUNT ID    ROLE     ACCOUNT NAME
        123456789012  Admin    Team A, prod
        210987654321  admin-c  team c PROD
    "#]]
    .assert_eq(&scene.run(&[&["roles", "--profile", "devsso"], &filters[..]].concat()).success());
    assert_eq!(
        scene.emulator.counts().list_account_roles,
        3,
        "the roles of Sandbox are not requested"
    );
    let none = ["roles", "--profile", "devsso", "--role-name", "none", "--format", "json"];
    assert_eq!(scene.run(&none).json()["roleList"].as_array().unwrap().len(), 0);
    let one = ["--account-id", "1", "--account-name", "x"];
    scene.run(&[&["roles", "--profile", "devsso"], &one[..]].concat()).failure(2);
}

/// The portal allows 20 requests per second in total.
#[tokio::test(flavor = "multi_thread")]
async fn three_throttled_lists_at_once_are_complete() {
    let scene = Scene::with(many_accounts(40).throttle(20), TokenState::Valid).await;
    let json = ["roles", "--profile", "devsso", "--format", "json"];
    let children: Vec<_> = (0..3)
        .map(|_| scene.command(&json).stdout(std::process::Stdio::piped()).spawn().unwrap())
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(listed["roleList"].as_array().unwrap().len(), 40);
        assert!(listed.get("incomplete").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_middle_prints_the_received_part() {
    for format in ["table", "csv", "json"] {
        let scene = Scene::with(many_accounts(40), TokenState::Valid).await;
        let undisturbed = Fault::Delay(Duration::ZERO);
        scene.emulator.fault_next(Operation::ListAccountRoles, 30, undisturbed);
        scene.emulator.fault_on(Operation::ListAccountRoles, ErrorName::ResourceNotFound);
        let run = scene.run(&["roles", "--profile", "devsso", "--format", format]);
        assert_eq!(run.code(), Some(5), "{}", run.stderr());
        assert!(run.stderr().contains("did not list all roles"), "{}", run.stderr());
        let received = run.stdout().matches("Account ").count();
        assert!((1..=30).contains(&received), "{format}: {}", run.stdout());
        if format == "json" {
            let listed: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
            assert_eq!(listed["incomplete"], true);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_before_the_first_entry_prints_no_list() {
    let scene = Scene::with(four_accounts(), TokenState::Valid).await;
    scene.emulator.fault_on(Operation::ListAccountRoles, Fault::Delay(Duration::from_secs(9)));
    for format in ["table", "csv", "json"] {
        let limited = ["roles", "--profile", "devsso", "--timeout", "1", "--format", format];
        let run = scene.run(&limited);
        assert_eq!((run.code(), run.stdout()), (Some(6), String::new()), "{}", run.stderr());
    }
    let run = scene.run(&["roles", "--profile", "devsso", "--timeout", "1"]);
    expect![[r#"
        ssocreds: the list took longer than 1 seconds and is incomplete
          to allow more time, set --timeout or SSOCREDS_TIMEOUT (seconds)
    "#]]
    .assert_eq(&run.stderr());
}

/// The token is refreshed and the list starts again. No entry is listed twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_rejected_in_the_middle_is_refreshed() {
    for (command, operation, key) in [
        ("accounts", Operation::ListAccounts, "accountList"),
        ("roles", Operation::ListAccounts, "roleList"),
        ("roles", Operation::ListAccountRoles, "roleList"),
    ] {
        // More than one page of accounts.
        let scene = Scene::with(many_accounts(120), TokenState::Valid).await;
        scene.emulator.fault_next(operation, 1, Fault::Delay(Duration::ZERO));
        scene.emulator.fault_next(operation, 1, ErrorName::Unauthorized);
        let listed = scene.run(&[command, "--profile", "devsso", "--format", "json"]).json();
        let entries = listed[key].as_array().unwrap();
        let distinct: BTreeSet<_> = entries.iter().map(|it| it["accountId"].to_string()).collect();
        assert_eq!((entries.len(), distinct.len()), (120, 120), "{command}, {operation:?}");
        assert!(listed.get("incomplete").is_none());
        assert_eq!(scene.emulator.counts().create_token, 1);
    }
}

/// After Ctrl-C, the program prints the received part and ends by the signal.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_list_prints_the_received_part() {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};

    for format in ["table", "csv", "json"] {
        let scene = Scene::with(many_accounts(30).throttle(5), TokenState::Valid).await;
        let child = scene
            .command(&["roles", "--profile", "devsso", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while scene.emulator.counts().list_account_roles < 6 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(2), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("interrupted") && stderr.contains("incomplete"), "{stderr}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        let received = stdout.matches("000000").count();
        assert!((1..30).contains(&received), "{stdout}");
        if format == "json" {
            let listed: serde_json::Value = serde_json::from_str(&stdout).unwrap();
            assert_eq!(listed["incomplete"], true);
        }
    }
}
