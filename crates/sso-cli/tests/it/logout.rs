//! `logout` with files that hold no usable token, and with files that cannot be removed.

use std::fs;
use std::path::PathBuf;

use expect_test::expect;
use sso_emulator::TokenState;

use crate::program::{Scene, write_private};

/// Returns the path of a file in the directory of the token files.
fn beside_token(scene: &Scene, name: &str) -> PathBuf {
    scene.home.token_file.with_file_name(name)
}

/// Returns the names of the `*.json` files in the directory of the token files, sorted.
fn json_files(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(scene.home.token_file.parent().unwrap()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let mut names: Vec<_> =
        files.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_all_removes_unusable_tokens_and_no_other_files() {
    let scene = Scene::new(TokenState::Missing).await;
    write_private(&scene.home.token_file, r#"{"accessToken": "MARK"#);
    write_private(&scene.home.legacy_token_file, r#"{"accessToken": "MARK"}"#);
    for (name, content) in [
        ("missing.json", r#"{"accessToken": "MARK", "refreshToken": "MARK"}"#),
        ("number.json", r#"{"accessToken": "MARK", "expiresAt": 1}"#),
        ("soon.json", r#"{"accessToken": "MARK", "expiresAt": "soon"}"#),
        ("array.json", r#"["accessToken"]"#),
        ("registration.json", r#"{"clientId": "c", "clientSecret": "s", "expiresAt": "soon"}"#),
        ("text.json", "accessToken"),
    ] {
        write_private(&beside_token(&scene, name), content);
    }
    let run = scene.run(&["logout", "--all"]);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    assert_eq!(json_files(&scene), ["array.json", "registration.json", "text.json"]);
    expect![[r#"
        Logged out of dev-session
        Logged out of https://my-sso-portal.awsapps.com/start
        Logged out of HOME/.aws/sso/cache/missing.json
        Logged out of HOME/.aws/sso/cache/number.json
        Logged out of HOME/.aws/sso/cache/soon.json
    "#]]
    .assert_eq(&run.stdout());
    expect![[r#"
        ssocreds: warning: the session of the token file HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json was not ended at the SSO portal: it is not JSON: it ends too early at line 1, column 22 (byte 21); the file is removed
        ssocreds: warning: the session of the token file HOME/.aws/sso/cache/c7aaaf71fcc8777ae2475525ed049d39fe16c484.json was not ended at the SSO portal: the field expiresAt is missing; the file is removed
        ssocreds: warning: the session of the token file HOME/.aws/sso/cache/missing.json was not ended at the SSO portal: the field expiresAt is missing; the file is removed
        ssocreds: warning: the session of the token file HOME/.aws/sso/cache/number.json was not ended at the SSO portal: the field expiresAt is a number, not a string; the file is removed
        ssocreds: warning: the session of the token file HOME/.aws/sso/cache/soon.json was not ended at the SSO portal: the field expiresAt is not a timestamp such as 2026-01-01T00:00:00Z; the file is removed
        ssocreds: warning: HOME/.aws/sso/cache/text.json is not removed, because it may not be a token file; if it is one, remove it by hand: it is not JSON: there is something unexpected at line 1, column 1 (byte 0)
    "#]]
    .assert_eq(&run.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_warns_that_it_cannot_end_the_session_of_an_unusable_token() {
    let scene = Scene::new(TokenState::Missing).await;
    write_private(&scene.home.token_file, r#"{"accessToken": "MARK"}"#);
    let run = scene.run(&["logout", "--profile", "devsso"]);
    assert_eq!((run.code(), run.stdout().as_str()), (Some(0), "Logged out of dev-session\n"));
    expect![[r#"
        ssocreds: warning: the session of the token file HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json was not ended at the SSO portal: the field expiresAt is missing; the file is removed
    "#]]
    .assert_eq(&run.stderr());
    assert!(json_files(&scene).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_all_ends_the_other_sessions_if_a_file_cannot_be_removed() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.run(&["credential-process", "--profile", "devsso"]).success();
    fs::remove_file(&scene.home.legacy_token_file).unwrap();
    // A logout removes these tokens, but not the directories with the names of their temporary files.
    write_private(&beside_token(&scene, "0.json"), &scene.emulator.login().to_json());
    write_private(&beside_token(&scene, "1.json"), r#"{"accessToken": "MARK"}"#);
    for name in ["0.json.new", "1.json.new"] {
        fs::create_dir(beside_token(&scene, name)).unwrap();
    }
    let run = scene.run(&["logout", "--all"]);
    assert_eq!((run.code(), run.stdout().as_str()), (Some(1), "Logged out of dev-session\n"));
    let (first, last) = ("HOME/.aws/sso/cache/0.json.new", "HOME/.aws/sso/cache/1.json.new");
    for line in [
        format!(
            "ssocreds: warning: the file {last} cannot be removed; make its directory writable"
        ),
        "ssocreds: failed to remove a file of the login; remove it by hand\n".to_owned(),
        format!("  because the file {first} cannot be removed; make its directory writable\n"),
    ] {
        assert!(run.stderr().contains(&line), "{line}: {}", run.stderr());
    }
    assert!(!run.stderr().contains("did not confirm"), "{}", run.stderr());
    assert!(json_files(&scene).is_empty(), "{:?}", json_files(&scene));
    assert!(scene.role_files().is_empty());
    assert_eq!(scene.emulator.counts().logout, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_all_removes_a_token_whose_region_is_unknown() {
    let scene = Scene::new(TokenState::Missing).await;
    let token = scene.emulator.login().to_json();
    let token = token.replace(r#""us-east-1""#, r#""not a region""#);
    assert!(token.contains("not a region"), "{token}");
    write_private(&beside_token(&scene, "other.json"), &token);
    let mut command = scene.command(&["logout", "--all"]);
    let run = scene.run_command(command.env_remove("AWS_ENDPOINT_URL_SSO"));
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    expect![[r#"
        ssocreds: warning: the session of the token file HOME/.aws/sso/cache/other.json was not ended at the SSO portal: it has no valid region; the file is removed
    "#]]
    .assert_eq(&run.stderr());
    assert!(json_files(&scene).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_all_removes_what_a_killed_login_left() {
    let scene = Scene::new(TokenState::Missing).await;
    let left = [".0.json.abc123.tmp", "0.json.new"];
    for name in left {
        write_private(&beside_token(&scene, name), r#"{"accessToken": "MARK"}"#);
    }
    assert_eq!(scene.run(&["logout", "--all"]).success(), "There is no login.\n");
    for name in left {
        assert!(!beside_token(&scene, name).exists(), "{name}");
    }
}
