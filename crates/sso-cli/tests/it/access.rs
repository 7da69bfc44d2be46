//! Files and directories that other users of the machine can read or change, or that they own.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use expect_test::expect;
use serde_json::json;
use sso_emulator::TokenState;

use crate::program::{Scene, binary};

const RUN: [&str; 3] = ["credential-process", "--profile", "devsso"];

/// IDs of users that do not exist on the machine.
const USER: u32 = 12345;
const STRANGER: u32 = 23456;

/// Makes `USER` the owner of the home, and returns a function that creates commands of that user. They
/// run a copy of the program, because the user may have no access to the build directory.
fn as_user(scene: &Scene) -> impl Fn(&[&str]) -> Command {
    let program = scene.path("ssocreds");
    fs::copy(binary(), &program).unwrap();
    let given = Command::new("chown").arg("-R").arg(USER.to_string()).arg(scene.path("")).status();
    assert!(given.unwrap().success());
    move |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().envs(scene.home.environment.iter().cloned());
        command.uid(USER).gid(USER).current_dir("/");
        command
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn access_rights_of_other_users_are_warned_about_once() {
    let scene = Scene::new(TokenState::Expired).await;
    set_mode(&scene.home.token_file, 0o644);
    set_mode(scene.home.token_file.parent().unwrap(), 0o777);
    let run = scene.run(&RUN);
    assert_eq!(run.code(), Some(0));
    let token = scene.home.token_file.file_name().unwrap().to_str().unwrap();
    expect![[r#"
        ssocreds: warning: other users of this machine may read the cache file HOME/.aws/sso/cache/TOKEN (mode 0644), which holds secrets; run: chmod 600 HOME/.aws/sso/cache/TOKEN
        ssocreds: warning: other users of this machine may write to the cache directory HOME/.aws/sso/cache (mode 0777) and remove or block what is in it; run: chmod go-w HOME/.aws/sso/cache
    "#]]
    .assert_eq(&run.stderr().replace(token, "TOKEN"));

    // The refresh has replaced the token file, and the next run reads only the role-credential cache.
    scene.run(&RUN).success();
    // A cache file that others can write is used, with a warning.
    let role = &scene.role_files()[0];
    set_mode(role, 0o666);
    let run = scene.run(&RUN);
    assert_eq!(run.code(), Some(0));
    expect![[r#"
        ssocreds: warning: other users of this machine may write the cache file HOME/.aws/cli/cache/ROLE (mode 0666) and put a login of their own in it; run: chmod 600 HOME/.aws/cli/cache/ROLE
    "#]]
    .assert_eq(&run.stderr().replace(role.file_name().unwrap().to_str().unwrap(), "ROLE"));
    set_mode(role, 0o600);
    scene.run(&RUN).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn status_lists_access_rights_of_other_users() {
    let scene = Scene::new(TokenState::Valid).await;
    let warnings = || {
        let found = scene.run(&["status", "--format", "json"]).json();
        let warnings = found["warnings"].as_array().unwrap().clone();
        warnings.iter().map(|it| it.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(warnings().is_empty());
    set_mode(&scene.home.token_file, 0o644);
    set_mode(scene.home.token_file.parent().unwrap(), 0o777);
    let found = warnings();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("(mode 0644)") && found[1].contains("(mode 0777)"), "{found:?}");
    let table = scene.run(&["status"]).success();
    assert!(found.iter().all(|it| table.contains(&format!("\nwarning: {it}\n"))), "{table}");
}

/// A user who is not root, and files of another user in the cache directories.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to have files of several users"]
async fn files_of_another_user_are_not_used() {
    let scene = Scene::new(TokenState::Valid).await;
    let as_user = as_user(&scene);
    let as_user = |arguments: &[&str]| scene.run_command(&mut as_user(arguments));
    as_user(&RUN).success();
    let role = scene.role_files().remove(0);

    // Cached role credentials of another user are ignored and replaced.
    let planted = json!({"ProviderType": "sso", "Credentials": {
        "AccessKeyId": "STRANGE", "SecretAccessKey": "s", "SessionToken": "t",
        "Expiration": "2999-01-01T00:00:00Z", "AccountId": scene.home.account_id,
    }});
    fs::write(&role, planted.to_string()).unwrap();
    assert!(as_user(&RUN).success().contains("STRANGE"), "a file of the user is used");
    set_mode(&role, 0o644);
    chown(&role, Some(STRANGER), Some(STRANGER)).unwrap();
    let run = as_user(&RUN);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    assert!(!run.stdout().contains("STRANGE"), "{}", run.stdout());
    assert!(run.stderr().contains("belongs to another user (23456)"), "{}", run.stderr());
    assert_eq!(run.stderr().lines().count(), 1, "{}", run.stderr());
    as_user(&RUN).success();

    // A token file of another user is not used.
    set_mode(&scene.home.token_file, 0o644);
    chown(&scene.home.token_file, Some(STRANGER), Some(STRANGER)).unwrap();
    let requests = scene.emulator.requests().len();
    let token = scene.home.token_file.file_name().unwrap().to_str().unwrap().to_owned();
    let run = as_user(&["token", "--profile", "devsso"]);
    expect![[r#"
        ssocreds: the token file cannot be read
          because the cache file HOME/.aws/sso/cache/TOKEN belongs to another user (23456) and may be from that user's login, so it is not used; remove it, or run as that user
    "#]]
    .assert_eq(&run.failure(4).replace(&token, "TOKEN"));
    let found = as_user(&["status", "--profile", "devsso", "--format", "json"]).json();
    assert_eq!(found["logins"][0]["state"], "unusable");
    assert_eq!(scene.emulator.requests().len(), requests, "the token was not sent");
}

/// Without a home directory, `--cache-dir` is required, and the role-credential cache is not used.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to have files of several users"]
async fn without_a_home_directory_only_cache_dir_is_needed() {
    let scene = Scene::new(TokenState::Valid).await;
    let as_user = as_user(&scene);
    let homeless = |arguments: &[&str]| {
        scene.run_command(as_user(arguments).args(["--profile", "devsso"]).env_remove("HOME"))
    };
    let no_home = "ssocreds: no home directory is known; set HOME (on Windows USERPROFILE), or name \
                   the cache directory\n";
    for command in ["credential-process", "token", "roles", "status"] {
        assert_eq!(homeless(&[command]).failure(3), no_home, "{command}");
    }
    let tokens = scene.home.token_file.parent().unwrap().to_str().unwrap();
    for command in ["credential-process", "token", "roles", "status"] {
        homeless(&[command, "--cache-dir", tokens]).success();
    }
    assert!(scene.role_files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to have files of several users"]
async fn root_sends_no_token_to_an_endpoint_that_a_user_can_choose() {
    let scene = Scene::new(TokenState::Valid).await;
    let credentials = scene.path("credentials");
    fs::write(&credentials, "[devsso]\nregion = us-east-1\n").unwrap();
    let run = || {
        let mut command =
            scene.command(&["credential-process", "--profile", "devsso", "--no-cache"]);
        scene.run_command(command.env("AWS_SHARED_CREDENTIALS_FILE", &credentials))
    };
    run().success();
    chown(&credentials, Some(STRANGER), None).unwrap();
    let error = run().failure(4);
    assert!(error.contains("user 23456 can change"), "{error}");
    assert_eq!(scene.emulator.counts().get_role_credentials, 1);
}

/// The directory belongs to the user, so the user could replace the file. ssocreds must not.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root, to have files of several users"]
async fn a_config_file_of_root_or_of_another_user_is_not_edited() {
    let scene = Scene::new(TokenState::Valid).await;
    let credentials = scene.path(".aws/credentials");
    fs::write(&credentials, "[other]\naws_access_key_id = x\n").unwrap();
    let as_user = as_user(&scene);
    let configure = "configure --sso-session dev-session --account-id 123456789012 --role-name \
                     SSOReadOnlyRole --profile new --yes";
    let commands = [
        (&scene.home.config_file, "populate --sso-session dev-session"),
        (&scene.home.config_file, configure),
        (&credentials, "export --profile devsso --write-profile exported"),
    ];
    for (file, command) in commands {
        let before = fs::read(file).unwrap();
        set_mode(file, 0o644);
        for owner in [0, STRANGER] {
            chown(file, Some(owner), None).unwrap();
            let run = scene.run_command(&mut as_user(&command.split(' ').collect::<Vec<_>>()));
            let error = run.failure(1);
            assert!(error.contains(&format!("belongs to another user ({owner})")), "{error}");
            assert_eq!(fs::read(file).unwrap(), before);
        }
        chown(file, Some(USER), None).unwrap();
        let run = scene.run_command(&mut as_user(&command.split(' ').collect::<Vec<_>>()));
        assert_eq!(run.code(), Some(0), "{}", run.stderr());
        assert_ne!(fs::read(file).unwrap(), before);
    }
}
