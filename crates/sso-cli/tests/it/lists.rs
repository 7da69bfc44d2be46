//! `accounts` and `roles`: formats, pages and errors.

use expect_test::expect;
use sso_emulator::{Emulator, EmulatorBuilder, ErrorName, Operation, TokenState};

use crate::program::Scene;

fn three_accounts() -> EmulatorBuilder {
    Emulator::builder()
        .account("123456789012", "Development", "dev@example.com", ["Admin", "ReadOnly"])
        .account("000000000001", "größe\u{1b}[31m", "x@example.com", ["ReadOnly"])
        .account("210987654321", "Production", "prod@example.com", ["Billing"])
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_roles_are_tables() {
    let scene = Scene::with(three_accounts(), TokenState::Valid).await;
    expect![[r#"
        ACCOUNT ID    NAME             EMAIL
        123456789012  Development      dev@example.com
        000000000001  größe\u{1b}[31m  x@example.com
        210987654321  Production       prod@example.com
    "#]]
    .assert_eq(&scene.run(&["accounts", "--profile", "devsso"]).success());
    expect![[r#"
        ACCOUNT ID    ROLE      ACCOUNT NAME
        123456789012  Admin     Development
        123456789012  ReadOnly  Development
        000000000001  ReadOnly  größe\u{1b}[31m
        210987654321  Billing   Production
    "#]]
    .assert_eq(&scene.run(&["roles", "--sso-session", "dev-session"]).success());
    let of_one = ["roles", "--profile", "devsso", "--account-id", "123456789012"];
    expect![[r#"
        ACCOUNT ID    ROLE      ACCOUNT NAME
        123456789012  Admin
        123456789012  ReadOnly
    "#]]
    .assert_eq(&scene.run(&of_one).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_roles_are_json() {
    let scene = Scene::with(three_accounts(), TokenState::Valid).await;
    let json = ["--profile", "devsso", "--format", "json"];
    expect![[r#"
        {
          "accountList": [
            {
              "accountId": "123456789012",
              "accountName": "Development",
              "emailAddress": "dev@example.com"
            },
            {
              "accountId": "000000000001",
              "accountName": "größe\u001b[31m",
              "emailAddress": "x@example.com"
            },
            {
              "accountId": "210987654321",
              "accountName": "Production",
              "emailAddress": "prod@example.com"
            }
          ]
        }
    "#]]
    .assert_eq(&scene.run(&[&["accounts"], &json[..]].concat()).success());
    expect![[r#"
        {
          "roleList": [
            {
              "roleName": "Admin",
              "accountId": "123456789012",
              "accountName": "Development"
            },
            {
              "roleName": "ReadOnly",
              "accountId": "123456789012",
              "accountName": "Development"
            },
            {
              "roleName": "ReadOnly",
              "accountId": "000000000001",
              "accountName": "größe\u001b[31m"
            },
            {
              "roleName": "Billing",
              "accountId": "210987654321",
              "accountName": "Production"
            }
          ]
        }
    "#]]
    .assert_eq(&scene.run(&[&["roles"], &json[..]].concat()).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_color_option_enables_and_disables_colour() {
    let scene = Scene::with(three_accounts(), TokenState::Valid).await;
    let plain = scene.run(&["accounts", "--profile", "devsso"]).success();
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let styled = scene.run(&["accounts", "--profile", "devsso", "--color", "always"]).success();
    assert!(styled.starts_with("\u{1b}[1mACCOUNT ID\u{1b}[0m"), "{styled:?}");
    assert!(
        !styled.contains("\u{1b}[31m"),
        "escape sequences in a name are not printed: {styled:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_accounts_are_listed_from_all_pages() {
    let mut builder = Emulator::builder();
    for at in 0..130 {
        builder = builder.account(format!("{at:012}"), format!("Account {at}"), "a@b.c", ["R"]);
    }
    let scene = Scene::with(builder, TokenState::Expired).await;
    let listed = scene.run(&["accounts", "--profile", "devsso", "--format", "json"]).json();
    let listed = listed["accountList"].as_array().unwrap();
    assert_eq!(listed.len(), 130);
    assert!(listed.is_sorted_by_key(|account| account["accountId"].as_str().unwrap().to_owned()));
    assert_eq!(scene.emulator.counts().list_accounts, 2, "a page has 100 accounts");
}

/// An administrator has revoked the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_token_is_refreshed_once() {
    let scene = Scene::with(three_accounts().rotate_refresh_tokens(true), TokenState::Valid).await;
    scene.emulator.revoke_access_tokens();
    let listed = scene.run(&["roles", "--profile", "devsso", "--format", "json"]).json();
    assert_eq!(listed["roleList"].as_array().unwrap().len(), 4);
    assert_eq!(scene.emulator.counts().create_token, 1);

    scene.emulator.end_session();
    let error = scene.run(&["accounts", "--profile", "devsso"]).failure(4);
    assert!(error.contains("run: ssocreds login --sso-session dev-session"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_portal_is_an_error() {
    let scene = Scene::with(three_accounts(), TokenState::Valid).await;
    scene.emulator.fault_on(Operation::ListAccountRoles, ErrorName::Forbidden);
    let error =
        scene.run(&["roles", "--profile", "devsso", "--account-id", "999999999999"]).failure(5);
    expect![[r#"
        ssocreds: the SSO portal did not list all roles
          because ListAccountRoles failed with ForbiddenException (HTTP 403): No access; check that a role is assigned to you in the account 999999999999, and that the account is in the organization (request id ...); the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
          to list your roles, run: ssocreds roles --profile devsso
    "#]].assert_eq(&error);
    let by_session = ["roles", "--sso-session", "dev-session", "--account-id", "999999999999"];
    let error = scene.run(&by_session).failure(5);
    assert!(error.ends_with("run: ssocreds roles --sso-session dev-session\n"), "{error}");
    // No command is suggested, because it would be refused too.
    scene.emulator.fault_on(Operation::ListAccounts, ErrorName::Forbidden);
    for list in ["roles", "accounts"] {
        let error = scene.run(&[list, "--profile", "devsso"]).failure(5);
        assert!(error.contains("ForbiddenException") && !error.contains("run:"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_account_id_is_a_wrong_command_line() {
    let scene = Scene::new(TokenState::Valid).await;
    for id in ["", "1\n2"] {
        let error = scene.run(&["roles", "--profile", "devsso", "--account-id", id]).failure(2);
        assert!(error.contains("--account-id"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_list_is_complete() {
    let scene = Scene::with(three_accounts(), TokenState::Valid).await;
    scene.emulator.fault_next(Operation::ListAccountRoles, 1, ErrorName::TooManyRequests);
    let listed = scene.run(&["roles", "--profile", "devsso", "--format", "json"]).json();
    assert_eq!(listed["roleList"].as_array().unwrap().len(), 4);
    assert_eq!(scene.emulator.counts().list_account_roles, 4);
}
