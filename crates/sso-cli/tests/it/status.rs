//! `status` shows every state of a login, and reads only files.

use std::fs;

use expect_test::expect;
use serde_json::json;
use sso_emulator::{Emulator, TokenState};

use crate::login_network::hosts_of;
use crate::program::{Scene, narrow, set_in_profile, write_private};

/// Sessions in each state, and profiles for them.
const CONFIG: &str = "
[sso-session expired]
sso_start_url = https://expired.awsapps.com/start
sso_region = eu-central-1
[sso-session lost]
sso_start_url = https://lost.awsapps.com/start
sso_region = eu-central-1
[sso-session broken]
sso_start_url = https://broken.awsapps.com/start
sso_region = eu-central-1
[sso-session half]
sso_region = eu-central-1
[profile expired]
sso_session = expired
[profile dangling]
sso_session = nowhere
[profile static]
aws_access_key_id = AKID
";

async fn scene() -> Scene {
    let scene = Scene::new(TokenState::Missing).await;
    scene.configure(CONFIG);
    let token = |more: serde_json::Value| {
        let mut token = json!({"accessToken": "MARK-access", "expiresAt": "2999-01-01T00:00:00Z",
            "startUrl": "https://my-sso-portal.awsapps.com/start"});
        token.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        token.to_string()
    };
    let refreshable = json!({"refreshToken": "MARK-refresh", "clientId": "c", "clientSecret": "MARK",
        "registrationExpiresAt": "2999-06-01T00:00:00Z"});
    write(&scene, "dev-session", &token(refreshable));
    write(&scene, "expired", &token(json!({"expiresAt": "2026-01-01T00:00:00Z"})));
    write(&scene, "broken", "{\"accessToken\": \"MARK");
    scene
}

fn write(scene: &Scene, session: &str, content: &str) {
    let directory = scene.home.token_file.parent().unwrap();
    let run = scene.run(&["status", "--format", "json"]).json();
    let login = run["logins"].as_array().unwrap().iter().find(|it| it["sso_session"] == session);
    let file = login.unwrap()["token_file"].as_str().unwrap().to_owned();
    write_private(&directory.join(file.rsplit('/').next().unwrap()), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_a_table() {
    let scene = scene().await;
    let text = scene.run(&["status"]).success();
    expect![[r#"
        LOGIN  STATE  EXPIRES  REFRESHABLE  TOKEN FILE
        broken  unusable token file  0b8a1caec23d75d1154b8d9bef9cec6c03697638.json
        dev-session  logged in  2999-01-01T00:00:00Z (in ...)  yes  6a8732fe3624aef043e5f7811b597bd5e2a56b39.json
        expired  expired  2026-01-01T00:00:00Z (... ago)  no  45a6f9adb1df3a78aafc71391c7d3bfa7680229b.json
        half  misconfigured
        lost  logged out  2010281d5053cc58bfd1e227e18c25a20f335f33.json
        https://my-sso-portal.awsapps.com/start  logged out  c7aaaf71fcc8777ae2475525ed049d39fe16c484.json

        Token files are in HOME/.aws/sso/cache
          broken: the cache file HOME/.aws/sso/cache/0b8a1caec23d75d1154b8d9bef9cec6c03697638.json cannot be used; log in again, or remove it: it is not JSON: it ends too early at line 1, column 22 (byte 21)
          broken: to log in, run: ssocreds login --sso-session broken
          expired: the token file has no refreshToken; log in again to renew the token
          expired: to log in, run: ssocreds login --sso-session expired
          half: the session lacks sso_start_url in [sso-session half], HOME/.aws/config line 31; add it
          lost: to log in, run: ssocreds login --sso-session lost
          https://my-sso-portal.awsapps.com/start: HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json holds a valid token for the same portal, but it belongs to an sso-session, and this profile names none
          https://my-sso-portal.awsapps.com/start: to log in, run: ssocreds login --profile legacy
          dangling: profile "dangling" names the sso-session "nowhere", HOME/.aws/config line 36, and there is no [sso-session nowhere] in HOME/.aws/config; add that section, or run `ssocreds configure`

        PROFILE  LOGIN  STATE  ACCOUNT  ROLE  CACHED ROLE CREDENTIALS
        dangling  misconfigured
        devsso  dev-session  logged in  123456789012  SSOReadOnlyRole
        expired  expired  expired
        legacy  https://my-sso-portal.awsapps.com/start  logged out  123456789012  SSOReadOnlyRole
    "#]].assert_eq(&narrow(&hide_distances_past(&text)));
    assert_eq!(scene.emulator.requests().len(), 0, "no request is sent");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "the whole of the JSON")]
async fn status_shows_json() {
    let scene = scene().await;
    let text = scene.run(&["status", "--format", "json"]).success();
    assert!(!text.contains("MARK"), "{text}");
    expect![[r#"
        {
          "token_directory": "HOME/.aws/sso/cache",
          "logins": [
            {
              "sso_session": "broken",
              "start_url": "https://broken.awsapps.com/start",
              "region": "eu-central-1",
              "state": "unusable",
              "expires_at": null,
              "refreshable": false,
              "reason": "the cache file HOME/.aws/sso/cache/0b8a1caec23d75d1154b8d9bef9cec6c03697638.json cannot be used; log in again, or remove it: it is not JSON: it ends too early at line 1, column 22 (byte 21)",
              "token_file": "HOME/.aws/sso/cache/0b8a1caec23d75d1154b8d9bef9cec6c03697638.json",
              "login_command": "ssocreds login --sso-session broken"
            },
            {
              "sso_session": "dev-session",
              "start_url": "https://my-sso-portal.awsapps.com/start",
              "region": "us-east-1",
              "state": "signed_in",
              "expires_at": "2999-01-01T00:00:00Z",
              "refreshable": true,
              "reason": null,
              "token_file": "HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json",
              "login_command": null
            },
            {
              "sso_session": "expired",
              "start_url": "https://expired.awsapps.com/start",
              "region": "eu-central-1",
              "state": "expired",
              "expires_at": "2026-01-01T00:00:00Z",
              "refreshable": false,
              "reason": "the token file has no refreshToken; log in again to renew the token",
              "token_file": "HOME/.aws/sso/cache/45a6f9adb1df3a78aafc71391c7d3bfa7680229b.json",
              "login_command": "ssocreds login --sso-session expired"
            },
            {
              "sso_session": "half",
              "start_url": null,
              "region": null,
              "state": "misconfigured",
              "expires_at": null,
              "refreshable": false,
              "reason": "the session lacks sso_start_url in [sso-session half], HOME/.aws/config line 31; add it",
              "token_file": null,
              "login_command": null
            },
            {
              "sso_session": "lost",
              "start_url": "https://lost.awsapps.com/start",
              "region": "eu-central-1",
              "state": "signed_out",
              "expires_at": null,
              "refreshable": false,
              "reason": null,
              "token_file": "HOME/.aws/sso/cache/2010281d5053cc58bfd1e227e18c25a20f335f33.json",
              "login_command": "ssocreds login --sso-session lost"
            },
            {
              "sso_session": null,
              "start_url": "https://my-sso-portal.awsapps.com/start",
              "region": "us-east-1",
              "state": "signed_out",
              "expires_at": null,
              "refreshable": false,
              "reason": "HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json holds a valid token for the same portal, but it belongs to an sso-session, and this profile names none",
              "token_file": "HOME/.aws/sso/cache/c7aaaf71fcc8777ae2475525ed049d39fe16c484.json",
              "login_command": "ssocreds login --profile legacy"
            }
          ],
          "profiles": [
            {
              "profile": "dangling",
              "sso_session": null,
              "start_url": null,
              "account_id": null,
              "role_name": null,
              "state": "misconfigured",
              "reason": "profile \"dangling\" names the sso-session \"nowhere\", HOME/.aws/config line 36, and there is no [sso-session nowhere] in HOME/.aws/config; add that section, or run `ssocreds configure`",
              "role_credentials": null
            },
            {
              "profile": "devsso",
              "sso_session": "dev-session",
              "start_url": "https://my-sso-portal.awsapps.com/start",
              "account_id": "123456789012",
              "role_name": "SSOReadOnlyRole",
              "state": "signed_in",
              "reason": null,
              "role_credentials": null
            },
            {
              "profile": "expired",
              "sso_session": "expired",
              "start_url": "https://expired.awsapps.com/start",
              "account_id": null,
              "role_name": null,
              "state": "expired",
              "reason": null,
              "role_credentials": null
            },
            {
              "profile": "legacy",
              "sso_session": null,
              "start_url": "https://my-sso-portal.awsapps.com/start",
              "account_id": "123456789012",
              "role_name": "SSOReadOnlyRole",
              "state": "signed_out",
              "reason": null,
              "role_credentials": null
            }
          ],
          "warnings": []
        }
    "#]].assert_eq(&text);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_one_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.configure(CONFIG);
    scene.run(&["credential-process", "--profile", "devsso"]).success();
    let found = scene.run(&["status", "--profile", "devsso", "--format", "json"]).json();
    assert_eq!(found["logins"].as_array().unwrap().len(), 1);
    assert_eq!(found["logins"][0]["state"], "signed_in");
    assert_eq!(found["logins"][0]["refreshable"], true);
    let profiles = found["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), 1);
    let role = &profiles[0]["role_credentials"];
    assert_eq!(role["file"].as_str().unwrap().rsplit('/').next().unwrap().len(), 45);
    assert!(role["expires_at"].as_str().unwrap().ends_with('Z'));

    scene.run(&["status", "--profile", "dangling"]).failure(3);
    scene.run(&["status", "--profile", "static"]).failure(3);
    let without = scene.run(&["status", "--profile", "devsso", "--no-cache", "--format", "json"]);
    assert!(without.json()["profiles"][0]["role_credentials"].is_null());
}

/// No login is suggested if the new token could not be read either.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_that_is_a_directory_is_reported() {
    let scene = Scene::new(TokenState::Missing).await;
    fs::create_dir(&scene.home.token_file).unwrap();
    let found = scene.run(&["status", "--profile", "devsso", "--format", "json"]).json();
    let login = &found["logins"][0];
    assert_eq!(login["state"], "unusable");
    assert!(login["reason"].as_str().unwrap().contains("make it a file"), "{login}");
    assert!(login["login_command"].is_null(), "{login}");
    // `token` reports the same.
    let error = scene.run(&["token", "--profile", "devsso"]).failure(4);
    assert!(error.contains("make it a file") && !error.contains("run:"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_works_without_config_files() {
    let scene = Scene::new(TokenState::Missing).await;
    fs::remove_file(&scene.home.config_file).unwrap();
    expect![[r#"
        There is no sso-session and no SSO profile; run `ssocreds configure` to set them up.
    "#]]
    .assert_eq(&scene.run(&["status"]).success());
}

/// `(206 d 3 h ago)` becomes `(... ago)`.
fn hide_distances_past(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(" ago)") {
        let start = before.rfind('(').unwrap();
        shown.push_str(&before[..start]);
        shown.push_str("(... ago)");
        rest = after;
    }
    shown + rest
}

#[tokio::test(flavor = "multi_thread")]
async fn check_shows_whether_roles_are_assigned() {
    let builder = Emulator::builder().account("123456789012", "Dev", "a@b.c", ["Admin"]);
    let scene = Scene::with(builder, TokenState::Valid).await;
    let profile = |name: &str, account: &str, role: &str| {
        format!(
            "[profile {name}]\nsso_session = dev-session\nsso_account_id = {account}\n\
             sso_role_name = {role}\n"
        )
    };
    scene.configure(
        &(profile("gone", "999999999999", "Admin") + &profile("lost", "123456789012", "X")),
    );
    scene.run(&["status"]).success();
    assert_eq!(scene.emulator.counts().list_accounts, 0, "no request is sent");
    let shown = scene.run(&["status", "--check"]).success();
    expect![[r#"
        PROFILE  ROLE STILL ASSIGNED
        devsso   yes
        gone     no; no role in the account is assigned
        legacy   yes
        lost     no; another role in the account is assigned
    "#]]
    .assert_eq(&shown[shown.find("PROFILE  ROLE").unwrap()..]);
    let found = scene.run(&["status", "--check", "--format", "json"]).json();
    let of = |at: usize| found["profiles"][at]["assignment"].as_str().unwrap_or("not checked");
    assert_eq!(
        [of(0), of(1), of(2), of(3)],
        ["assigned", "account_gone", "assigned", "role_gone"],
        "devsso, gone, legacy, lost"
    );
    scene.emulator.end_session();
    scene.emulator.revoke_access_tokens();
    let run = scene.run(&["status", "--check"]);
    assert_eq!(run.code(), Some(4), "{}", run.stderr());
    assert!(run.stdout().contains("unknown"), "{}", run.stdout());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_uses_the_settings_of_each_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    // With one attempt, there is one entry per request.
    set_in_profile(&scene, "devsso", "use_fips_endpoint = true\nmax_attempts = 1");
    set_in_profile(&scene, "legacy", "use_dualstack_endpoint = true\nmax_attempts = 1");
    let profile = |name: &str, settings: &str| {
        format!(
            "[profile {name}]\nsso_session = dev-session\nsso_account_id = 123456789012\n\
             sso_role_name = Admin\nmax_attempts = 1\n{settings}\n"
        )
    };
    scene.configure(
        &(profile("also-fips", "use_fips_endpoint = true") + &profile("without-fips", "")),
    );
    let fips = "portal.sso-fips.us-east-1.amazonaws.com";
    let dual_stack = "portal.sso.us-east-1.api.aws";
    let standard = "portal.sso.us-east-1.amazonaws.com";
    for (profile, host) in [("devsso", fips), ("legacy", dual_stack), ("without-fips", standard)] {
        let hosts = hosts_of(&scene, &["status", "--check", "--profile", profile]).await;
        assert_eq!(hosts, [host], "{profile}");
    }
    // Profiles with equal settings share one list.
    let mut hosts = hosts_of(&scene, &["status", "--check"]).await;
    hosts.sort();
    assert_eq!(hosts, [fips, standard, dual_stack]);
}
