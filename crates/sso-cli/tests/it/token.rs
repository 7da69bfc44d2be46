//! `token` prints the access token of a profile or a session.

use sso_emulator::{ErrorName, Operation, TokenState};

use crate::program::{Scene, read_json, write_private};

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_token_comes_from_the_file() {
    let scene = Scene::new(TokenState::Valid).await;
    let expected = scene.home.token.as_ref().unwrap().access_token.clone();
    for arguments in
        [&["token", "--profile", "devsso"][..], &["token", "--sso-session", "dev-session"]]
    {
        assert_eq!(scene.run(arguments).success(), format!("{expected}\n"));
    }
    assert_eq!(scene.emulator.counts().create_token, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refreshed() {
    let scene = Scene::new(TokenState::Expired).await;
    let printed = scene.run(&["token", "--sso-session", "dev-session", "--format", "json"]).json();
    let file = read_json(&scene.home.token_file);
    assert_eq!(printed["accessToken"], file["accessToken"]);
    assert_eq!(printed["expiresAt"], file["expiresAt"]);
    assert_eq!(printed.as_object().unwrap().len(), 2);
    assert_eq!(scene.emulator.counts().create_token, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_without_a_role_has_a_token_and_no_credentials() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.configure("[profile bearer]\nsso_session = dev-session\n");
    assert!(!scene.run(&["token", "--profile", "bearer"]).success().is_empty());
    let error = scene.run(&["export", "--profile", "bearer"]).failure(3);
    assert!(error.contains("run: ssocreds token --profile bearer"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_dir_sets_the_directory_of_the_token_files() {
    let scene = Scene::new(TokenState::Valid).await;
    let elsewhere = scene.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let name = scene.home.token_file.file_name().unwrap();
    std::fs::rename(&scene.home.token_file, elsewhere.join(name)).unwrap();
    scene.run(&["token", "--profile", "devsso"]).failure(4);
    let cache_dir = elsewhere.to_str().unwrap();
    scene.run(&["token", "--profile", "devsso", "--cache-dir", cache_dir]).success();
}

/// The valid token is printed, with a warning that the refresh failed.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_refresh_ahead_of_expiry_is_a_warning() {
    let scene = Scene::new(TokenState::InRefreshWindow).await;
    scene.emulator.fault_on(Operation::CreateToken, ErrorName::InvalidClient);
    let run = scene.run(&["token", "--profile", "devsso"]);
    assert_eq!(run.code(), Some(0));
    let token = scene.home.token.as_ref().unwrap();
    assert_eq!(run.stdout(), format!("{}\n", token.access_token));
    let warning = run.stderr();
    assert!(
        warning.starts_with("ssocreds: warning: failed to refresh the access token"),
        "{warning}"
    );
    assert!(warning.contains("InvalidClientException"), "{warning}");
}

/// A portal can have several host names.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_host_is_used_with_a_warning() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut token = read_json(&scene.home.token_file);
    let configured = token["startUrl"].as_str().unwrap().to_owned();
    token["startUrl"] = "https://alias.example.com/start".into();
    write_private(&scene.home.token_file, &token.to_string());
    for command in ["token", "credential-process"] {
        let run = scene.run(&[command, "--profile", "devsso"]);
        assert_eq!(run.code(), Some(0), "{}", run.stderr());
        assert_eq!(
            run.stderr(),
            format!(
                "ssocreds: warning: the access token is for the start URL \
                 \"https://alias.example.com/start\", which has another host than the configured \
                 \"{configured}\"\n"
            )
        );
    }

    // No warning for the same host in another spelling.
    token["startUrl"] = configured.replace("my-sso", "MY-SSO").into();
    write_private(&scene.home.token_file, &token.to_string());
    scene.run(&["token", "--profile", "devsso"]).success();
}
