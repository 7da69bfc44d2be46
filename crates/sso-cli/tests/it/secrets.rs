//! `-v` and `-vv` log each step, and no secret.

use sso_emulator::{ErrorName, Operation, TokenState};

use crate::login::{approve, started};
use crate::program::{Scene, read_json};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged() {
    let scene = Scene::new(TokenState::Expired).await;
    let before = read_json(&scene.home.token_file);
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, ErrorName::Unauthorized);
    let run = scene.run(&["export", "--profile", "devsso", "--format", "json", "-vv"]);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    let after = read_json(&scene.home.token_file);
    let printed: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    let log = run.stderr();
    assert!(log.contains("the access token was refreshed"), "{log}");
    for secret in [
        &before["accessToken"],
        &before["refreshToken"],
        &before["clientSecret"],
        &after["accessToken"],
        &after["refreshToken"],
        &printed["AWS_SECRET_ACCESS_KEY"],
        &printed["AWS_SESSION_TOKEN"],
    ] {
        let secret = secret.as_str().unwrap();
        assert!(!log.contains(secret), "{secret}\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_logs_the_steps_of_a_login_and_no_secret() {
    let scene = Scene::new(TokenState::Missing).await;
    let log_in = || {
        let options = ["--profile", "devsso", "--use-device-code", "--no-browser", "-vv"];
        let mut command = scene.command(&["login"]);
        command.args(options);
        let login = started(command);
        approve(&scene.emulator);
        let output = login.wait_with_output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{log}");
        log
    };
    let logs = log_in() + &log_in();
    assert!(logs.contains("using the client registration in the cache"), "{logs}");
    let token = read_json(&scene.home.token_file);
    for field in ["accessToken", "refreshToken", "clientSecret"] {
        assert!(!logs.contains(token[field].as_str().unwrap()), "{field}\n{logs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_logs_each_request() {
    let scene = Scene::new(TokenState::Expired).await;
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, ErrorName::InternalServer);
    let run = scene.run(&["credential-process", "--profile", "devsso", "-v"]);
    assert_eq!(run.code(), Some(0));
    let log = run.stderr();
    let lines = |words: [&str; 3]| {
        log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    };
    assert_eq!(lines(["CreateToken", "answered", "status=200"]), 1, "{log}");
    assert_eq!(lines(["GetRoleCredentials", "failed", "status=500"]), 1, "{log}");
    assert_eq!(lines(["GetRoleCredentials", "answered", "status=200"]), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_logs_each_attempt() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, ErrorName::InternalServer);
    let run = scene.run(&["credential-process", "--profile", "devsso", "--no-cache", "-v"]);
    assert_eq!(run.code(), Some(0));
    assert!(run.stderr().contains("the portal answered 500; trying again"), "{}", run.stderr());
    assert!(!run.stderr().contains('\u{1b}'), "no colour in a pipe");

    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, ErrorName::InternalServer);
    scene.run(&["credential-process", "--profile", "devsso", "--no-cache"]).success();
}
