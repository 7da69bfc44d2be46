//! `credential-process` and `export`, and shells that evaluate their output.

use std::process::Command;

use serde_json::Value;
use sso_emulator::TokenState;

use crate::program::{Scene, quoted_binary};

#[tokio::test(flavor = "multi_thread")]
async fn credential_process_prints_one_json_object() {
    let scene = Scene::new(TokenState::Expired).await;
    let run = scene.run(&["credential-process", "--profile", &scene.home.profile]);
    let text = run.success();
    assert_eq!(text.lines().count(), 1, "{text}");
    let keys =
        ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"];
    let places: Vec<_> = keys.map(|key| text.find(&format!("\"{key}\":")).unwrap()).to_vec();
    assert!(places.is_sorted(), "{text}");

    let printed = run.json();
    assert_eq!(printed.as_object().unwrap().len(), keys.len());
    assert_eq!(printed["Version"], 1);
    assert_eq!(printed["AccountId"], scene.home.account_id.as_str());
    assert_eq!(owner(&scene, &printed["AccessKeyId"]), scene.home.role_name);
    assert_eq!(printed["Expiration"].as_str().unwrap().len(), "2026-01-01T00:00:00Z".len());
    assert_eq!(scene.emulator.counts().create_token, 1);
}

fn owner(scene: &Scene, access_key_id: &Value) -> String {
    scene.emulator.owner_of(access_key_id.as_str().unwrap()).unwrap().role_name
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_is_that_of_the_option_or_else_of_the_environment() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut command = scene.command(&["export", "--format", "json"]);
    command.env("AWS_PROFILE", &scene.home.legacy_profile).env("AWS_DEFAULT_PROFILE", "nobody");
    let printed = scene.run_command(&mut command).json();
    assert_eq!(owner(&scene, &printed["AWS_ACCESS_KEY_ID"]), scene.home.role_name);

    let mut command = scene.command(&["export", "--profile", &scene.home.profile]);
    scene.run_command(command.env("AWS_PROFILE", "nobody")).success();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bash, dash, fish and zsh"]
async fn shells_evaluate_what_export_prints() {
    let scene = Scene::new(TokenState::Valid).await;
    let expected = scene.run(&["export", "--profile", "devsso", "--format", "json"]).json();
    let expected = format!(
        "{} {}",
        expected["AWS_ACCESS_KEY_ID"].as_str().unwrap(),
        expected["AWS_CREDENTIAL_EXPIRATION"].as_str().unwrap()
    );
    let program = quoted_binary();
    let posix = format!(
        "set -eu; eval \"$({program} export --profile devsso)\"; \
         sh -c 'echo $AWS_ACCESS_KEY_ID $AWS_CREDENTIAL_EXPIRATION'"
    );
    let fish = format!(
        "{program} export --profile devsso --format fish | source; \
         sh -c 'echo $AWS_ACCESS_KEY_ID $AWS_CREDENTIAL_EXPIRATION'"
    );
    for (shell, script) in
        [("sh", &posix), ("bash", &posix), ("dash", &posix), ("zsh", &posix), ("fish", &fish)]
    {
        let mut command = Command::new(shell);
        command.arg("-c").arg(script).envs(scene.home.environment.iter().cloned());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), expected, "{shell}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_contains_the_four_variables() {
    let scene = Scene::new(TokenState::Valid).await;
    for (format, first) in [
        ("env", "export AWS_ACCESS_KEY_ID="),
        ("env-no-export", "AWS_ACCESS_KEY_ID="),
        ("fish", "set -gx AWS_ACCESS_KEY_ID \""),
        ("powershell", "$Env:AWS_ACCESS_KEY_ID=\""),
        ("windows-cmd", "set AWS_ACCESS_KEY_ID="),
    ] {
        let text = scene.run(&["export", "--profile", "devsso", "--format", format]).success();
        assert!(text.starts_with(first), "{text}");
        let variables = ["_ACCESS_KEY_ID", "_SECRET_ACCESS_KEY", "_SESSION_TOKEN"];
        assert_eq!(text.lines().count(), 4);
        for (line, name) in text.lines().zip(variables) {
            assert!(line.contains(name), "{line}");
        }
        assert!(text.lines().last().unwrap().contains("AWS_CREDENTIAL_EXPIRATION"));
    }
    let process = scene.run(&["export", "--profile", "devsso", "--format", "process"]).success();
    let other = scene.run(&["credential-process", "--profile", "devsso"]).success();
    assert_eq!(process, other);
}

/// The AWS CLI, with ssocreds as its `credential_process`, gets the same credentials.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the AWS CLI"]
async fn the_aws_cli_gets_credentials_through_credential_process() {
    let scene = Scene::new(TokenState::Expired).await;
    scene.configure(&format!(
        "[profile dev]\ncredential_process = {} credential-process --profile devsso\n",
        quoted_binary()
    ));
    let mut command = Command::new("aws");
    command
        .args(["configure", "list", "--profile", "dev"])
        .envs(scene.home.environment.iter().cloned());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let printed = scene.run(&["credential-process", "--profile", "devsso"]).json();
    // The AWS CLI shows the last four characters of each value, and its source.
    for (name, key) in [("access_key", "AccessKeyId"), ("secret_key", "SecretAccessKey")] {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        let value = printed[key].as_str().unwrap();
        let shown = format!("****{}", &value[value.len() - 4..]);
        assert!(line.contains(&shown) && line.contains("custom-process"), "{line}");
    }
    assert_eq!(scene.emulator.counts().create_token, 1);
    assert_eq!(scene.emulator.counts().get_role_credentials, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn write_profile_writes_a_section_of_the_credentials_file() {
    let scene = Scene::new(TokenState::Valid).await;
    let file = scene.path(".aws/credentials");
    let mine = "# mine\n[mine]\naws_access_key_id = x\n";
    std::fs::write(&file, mine).unwrap();
    let write = |name: &str| {
        scene.run(&["export", "--profile", "devsso", "--refresh", "--write-profile", name])
    };
    for _ in 0..2 {
        assert!(write("tool").success().starts_with("Wrote profile tool to HOME/.aws/credentials"));
    }
    let written = std::fs::read_to_string(&file).unwrap();
    let section = written.strip_prefix(mine).unwrap();
    let keys: Vec<_> = section.lines().map(|line| line.split(" = ").next().unwrap()).collect();
    assert_eq!(
        keys,
        [
            "",
            "[tool]",
            "aws_access_key_id",
            "aws_secret_access_key",
            "aws_session_token",
            "ssocreds_expires_at",
            "ssocreds_generated",
        ]
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let error = write("mine").failure(3);
    assert!(error.contains("[mine] of the credentials file was not written by"), "{error}");
    let error = write("devsso").failure(3);
    assert!(error.contains("profile \"devsso\" is an SSO profile"), "{error}");
    write("a\nb").failure(3);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
}
