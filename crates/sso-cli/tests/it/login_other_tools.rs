//! The AWS CLI version 2 and botocore use a login of ssocreds, and ssocreds uses a login of the AWS CLI.
//! The tools are real, the services are emulated.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use sso_emulator::TokenState;

use crate::login::{approve, free_port, started};
use crate::program::{Scene, read_json, write_private};

/// Returns a command of the AWS CLI in the scene's home.
fn aws(scene: &Scene, arguments: &str) -> Command {
    let mut command = scene.home.command("aws");
    command.args(arguments.split(' '));
    command
}

/// Runs a command that must succeed, and returns its stdout.
fn succeed(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a login with a device code, and approves it.
fn log_in(scene: &Scene, command: Command) {
    let login = started(command);
    approve(&scene.emulator);
    succeed(login);
}

fn ssocreds_login(scene: &Scene) {
    log_in(scene, scene.command(&["login", "--profile", "devsso", "--use-device-code"]));
}

fn aws_login(scene: &Scene) {
    log_in(scene, aws(scene, "sso login --profile devsso --no-browser --use-device-code"));
}

/// Gets new credentials with the AWS CLI.
fn aws_credentials(scene: &Scene) {
    forget_role_credentials(scene);
    let arguments = "configure export-credentials --profile devsso";
    let exported: Value = serde_json::from_str(&succeed(started(aws(scene, arguments)))).unwrap();
    assert!(scene.emulator.owner_of(exported["AccessKeyId"].as_str().unwrap()).is_some());
}

fn ssocreds_credentials(scene: &Scene) {
    forget_role_credentials(scene);
    scene.run(&["export", "--profile", "devsso"]).success();
}

fn forget_role_credentials(scene: &Scene) {
    for file in scene.role_files() {
        fs::remove_file(file).unwrap();
    }
}

/// Makes the access token in the file expired. Keeps the refresh token.
fn expire(file: &Path) {
    let mut token = read_json(file);
    token["expiresAt"] = json!("2020-01-01T00:00:00Z");
    write_private(file, &token.to_string());
}

fn refreshes(scene: &Scene) -> usize {
    usize::try_from(scene.emulator.counts().refreshes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs AWS CLI version 2"]
async fn the_aws_cli_uses_refreshes_and_ends_a_login_of_ssocreds() {
    let scene = Scene::new(TokenState::Missing).await;
    ssocreds_login(&scene);
    aws_credentials(&scene);
    assert_eq!(refreshes(&scene), 0);
    expire(&scene.home.token_file);
    aws_credentials(&scene);
    assert_eq!(refreshes(&scene), 1, "by the AWS CLI");
    ssocreds_credentials(&scene);
    assert_eq!(refreshes(&scene), 1, "its token is used");
    expire(&scene.home.token_file);
    ssocreds_credentials(&scene);
    assert_eq!(refreshes(&scene), 2);

    succeed(started(aws(&scene, "sso logout")));
    assert_eq!(scene.emulator.counts().logout, 1);
    assert!(!scene.home.token_file.exists());
    forget_role_credentials(&scene);
    let error = scene.run(&["export", "--profile", "devsso"]).failure(4);
    assert!(error.contains("run: ssocreds login --sso-session dev-session"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs AWS CLI version 2"]
async fn ssocreds_uses_refreshes_and_ends_a_login_of_the_aws_cli() {
    let scene = Scene::new(TokenState::Missing).await;
    aws_login(&scene);
    ssocreds_credentials(&scene);
    assert_eq!(refreshes(&scene), 0);
    expire(&scene.home.token_file);
    ssocreds_credentials(&scene);
    assert_eq!(refreshes(&scene), 1, "by ssocreds");
    aws_credentials(&scene);
    assert_eq!(refreshes(&scene), 1, "its token is used");

    let out = scene.run(&["logout", "--profile", "devsso"]).success();
    assert_eq!(out, "Logged out of dev-session\n");
    assert!(!scene.home.token_file.exists() && scene.role_files().is_empty());
    let arguments = "configure export-credentials --profile devsso";
    let output = aws(&scene, arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("does not exist"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs AWS CLI version 2"]
async fn either_tool_reuses_the_other_s_registration() {
    let scene = Scene::new(TokenState::Missing).await;
    let by_code = ["login", "--profile", "devsso", "--no-browser", "--port"];
    let ssocreds_code = || {
        let port = free_port().to_string();
        let command = scene.command(&[&by_code[..], &[&port]].concat());
        follow_page(&scene, started(command), |child| Box::new(child.stderr.take().unwrap()));
    };
    let aws_code = || {
        let command = aws(&scene, "sso login --profile devsso --no-browser");
        follow_page(&scene, started(command), |child| Box::new(child.stdout.take().unwrap()));
    };
    let (ssocreds_device, aws_device) = (|| ssocreds_login(&scene), || aws_login(&scene));
    let orders: [[&dyn Fn(); 2]; 4] = [
        [&aws_device, &ssocreds_device],
        [&ssocreds_device, &aws_device],
        [&aws_code, &ssocreds_code],
        [&ssocreds_code, &aws_code],
    ];
    for (index, order) in orders.iter().enumerate() {
        scene.emulator.reset_counts();
        let directory = scene.home.token_file.parent().unwrap();
        if directory.exists() {
            fs::remove_dir_all(directory).unwrap();
        }
        for log_in in order {
            log_in();
        }
        let counts = scene.emulator.counts();
        assert_eq!(counts.register_client, 1, "order {index}");
        assert!(counts.create_token > 1, "order {index}");
    }
}

/// The names of the cache files depend on the name of the session.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs AWS CLI version 2"]
async fn both_tools_share_a_session_whose_name_has_blanks_and_other_letters() {
    let scene = Scene::new(TokenState::Missing).await;
    scene.configure(
        "[profile strange]\nsso_session = größe 日本\nsso_account_id = 123456789012\n\
         sso_role_name = SSOReadOnlyRole\n\n[sso-session \"größe 日本\"]\n\
         sso_start_url = https://my-sso-portal.awsapps.com/start\nsso_region = us-east-1\n\
         sso_registration_scopes = sso:account:access\n",
    );
    log_in(&scene, scene.command(&["login", "--profile", "strange", "--use-device-code"]));
    let arguments = "configure export-credentials --profile strange";
    succeed(started(aws(&scene, arguments)));
    log_in(&scene, aws(&scene, "sso login --profile strange --no-browser --use-device-code"));
    scene.run(&["token", "--profile", "strange"]).success();
    let counts = scene.emulator.counts();
    assert_eq!((counts.register_client, counts.refreshes), (1, 0));
    let directory = scene.home.token_file.parent().unwrap();
    let files = fs::read_dir(directory).unwrap().map(|it| it.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    assert_eq!(json.count(), 2, "a token and a registration");

    let out = scene.run(&["logout", "--profile", "strange"]).success();
    assert_eq!(out, "Logged out of größe 日本\n");
}

/// Opens the URL that a login prints, as a browser does, and waits for the login.
fn follow_page(
    scene: &Scene,
    mut login: Child,
    output: impl Fn(&mut Child) -> Box<dyn std::io::Read>,
) {
    let mut lines = BufReader::new(output(&mut login)).lines();
    let page = format!("{}/authorize?", scene.emulator.oidc_url());
    let url = lines.find_map(|line| {
        let line = line.unwrap().trim().to_owned();
        line.starts_with(&page).then_some(line)
    });
    let opened = Command::new("curl")
        .args(["--silent", "--fail", "--location", "--max-time", "30", "--output", "/dev/null"])
        .args(["--noproxy", "*"])
        .arg(url.expect("no page was printed"))
        .status();
    assert!(opened.unwrap().success());
    lines.for_each(drop);
    assert!(login.wait().unwrap().success());
}

/// Gets credentials of a profile with boto3 and prints the access key ID.
const BOTO3: &str = "
import sys, boto3
print(boto3.Session(profile_name=sys.argv[1]).get_credentials().get_frozen_credentials().access_key)
";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn boto3_uses_and_refreshes_a_login_of_ssocreds() {
    let find = "import sys, boto3; print(sys.executable)";
    let found = Command::new("python3").args(["-c", find]).stdout(Stdio::piped()).spawn().unwrap();
    let python = succeed(found).trim().to_owned();
    let scene = Scene::new(TokenState::Missing).await;
    let boto3 = || {
        forget_role_credentials(&scene);
        let mut command = scene.home.command(&python);
        command.args(["-c", BOTO3, "devsso"]);
        let key = succeed(started(command));
        assert!(scene.emulator.owner_of(key.trim()).is_some(), "{key}");
    };
    ssocreds_login(&scene);
    boto3();
    assert_eq!(refreshes(&scene), 0);
    expire(&scene.home.token_file);
    boto3();
    assert_eq!(refreshes(&scene), 1, "by botocore");
    ssocreds_credentials(&scene);
    assert_eq!(refreshes(&scene), 1, "its token is used");

    scene.run(&["logout", "--profile", "devsso"]).success();
    let mut command = scene.home.command(&python);
    let output = command.args(["-c", BOTO3, "devsso"]).output().unwrap();
    assert!(!output.status.success());
}
