//! `exec`: the environment, exit code and signals of the command.

use sso_emulator::TokenState;

use crate::program::Scene;

const EXEC: [&str; 4] = ["exec", "--profile", "devsso", "--"];

fn arguments<'a>(command: &[&'a str]) -> Vec<&'a str> {
    EXEC.iter().copied().chain(command.iter().copied()).collect()
}

/// The variables that `exec` sets for the command.
const REPLACED: [&str; 7] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

/// Variables that select an identity or its source.
const REMOVED: [&str; 41] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_TOKEN",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_SESSION_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "BOTO_CONFIG",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_IAM_ROLE_ARN",
    "AWS_IAM_ROLE_SESSION_NAME",
    "AWS_EXTERNAL_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_COGNITO_ENDPOINT",
    "AWS_COGNITO_IDENTITY_ID",
    "AWS_COGNITO_IDENTITY_POOL_ID",
    "AWS_SSO_ENDPOINT",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_INSTANCE_PROFILE_NAME",
    "AWS_IMDS_USE_IPV6",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
    "AWS_SKIP_SIGNATURE",
    "AWS_NO_SIGN_REQUEST",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_BEARER_TOKEN_ANOTHER_SERVICE",
    "aws_bearer_token_bedrock",
    "aws_skip_signature",
    "Aws_Profile",
];

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_command_gets_only_the_credentials_of_the_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut command = scene.command(&arguments(&["env"]));
    let stale = [&REPLACED[..], &REMOVED[..], &["KEPT", "AWS_EC2_METADATA_DISABLED"]].concat();
    for name in stale {
        command.env(name, "stale");
    }
    let printed = scene.run_command(&mut command).success();
    let value = |name: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.map(str::to_owned)
    };
    let mut stale: Vec<_> = printed.lines().filter(|line| line.ends_with("=stale")).collect();
    stale.sort_unstable();
    assert_eq!(stale, ["AWS_EC2_METADATA_DISABLED=stale", "KEPT=stale"], "{printed}");
    let access_key_id = value("AWS_ACCESS_KEY_ID").unwrap();
    assert!(scene.emulator.owner_of(&access_key_id).is_some());
    assert!(value("AWS_SECRET_ACCESS_KEY").is_some() && value("AWS_SESSION_TOKEN").is_some());
    assert!(value("AWS_CREDENTIAL_EXPIRATION").unwrap().ends_with('Z'));
    assert_eq!(value("AWS_REGION").as_deref(), Some("us-east-1"));
    assert_eq!(value("AWS_DEFAULT_REGION").as_deref(), Some("us-east-1"));
    assert_eq!(value("AWS_ACCOUNT_ID"), Some(scene.home.account_id.clone()));
    assert_eq!(value("AWS_PROFILE"), None);
    // The variables of the emulator's endpoints are kept.
    assert_eq!(value("AWS_ENDPOINT_URL_SSO").as_deref(), Some("EMULATOR"));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_without_a_region_keeps_the_region_of_the_environment() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.configure(
        "[profile nowhere]\nsso_session = dev-session\n\
         sso_account_id = 123456789012\nsso_role_name = SSOReadOnlyRole\n",
    );
    let mut command =
        scene.command(&["exec", "--profile", "nowhere", "sh", "-c", "echo $AWS_REGION"]);
    let run = scene.run_command(command.env("AWS_REGION", "eu-west-3"));
    assert_eq!(run.success(), "eu-west-3\n");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn exec_exits_with_the_exit_code_of_the_command() {
    use std::os::unix::process::ExitStatusExt as _;

    let scene = Scene::new(TokenState::Valid).await;
    for code in [0, 1, 4, 37, 255] {
        let run = scene.run(&arguments(&["sh", "-c", &format!("exit {code}")]));
        assert_eq!((run.code(), run.stderr().as_str()), (Some(code), ""));
    }
    let mut killed = scene.command(&arguments(&["sh", "-c", "kill -TERM $$"]));
    assert_eq!(killed.status().unwrap().signal(), Some(15));

    let error = scene.run(&arguments(&["no-such-command-anywhere"])).failure(127);
    expect_test::expect![[r#"
        ssocreds: no-such-command-anywhere cannot be run
          because No such file or directory (os error 2)
    "#]]
    .assert_eq(&error);
    let directory = scene.home.directory.to_str().unwrap();
    let error = scene.run(&arguments(&[directory])).failure(126);
    expect_test::expect![[r#"
        ssocreds: HOME cannot be run
          because Permission denied (os error 13)
    "#]]
    .assert_eq(&error);
}

/// Some arguments of the command look like options of ssocreds.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn options_after_the_command_are_passed_to_the_command() {
    let scene = Scene::new(TokenState::Valid).await;
    let run = scene.run(&["exec", "--profile", "devsso", "echo", "--profile", "x", "--", "-v"]);
    assert_eq!(run.success(), "--profile x -- -v\n");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_the_command_does_not_run() {
    let scene = Scene::new(TokenState::Missing).await;
    let error = scene.run(&arguments(&["sh", "-c", "echo it ran"])).failure(4);
    assert!(error.contains("ssocreds login --sso-session dev-session"), "{error}");
}

/// A terminal sends SIGINT to the whole process group. The command gets it once, because it has replaced
/// the process of ssocreds.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_reaches_the_command_once() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    let scene = Scene::new(TokenState::Valid).await;
    let script = "trap 'echo caught' INT; echo $$; read line; echo end";
    // If the tests run in the background, SIGINT is ignored, and a shell cannot trap a signal that is
    // ignored when it starts. This restores the default.
    let shell = ["env", "--default-signal=INT", "sh", "-c", script];
    let shell = if cfg!(target_os = "linux") { &shell[..] } else { &shell[2..] };
    let mut child = scene
        .command(&arguments(shell))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let group = child.id().to_string();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || lines.next().map(Result::unwrap);
    assert_eq!(line(), Some(group.clone()), "the command has replaced the process");
    let kill = Command::new("kill").args(["-s", "INT", "--", &format!("-{group}")]).status();
    assert!(kill.unwrap().success());
    // After the trap, bash continues to read, and dash does not.
    let _ = child.stdin.take().unwrap().write_all(b"\n");
    assert_eq!([line(), line()], [Some("caught".to_owned()), Some("end".to_owned())]);
    assert_eq!(line(), None);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Rust programs ignore SIGPIPE. The commands that they run must not.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_command_does_not_ignore_sigpipe() {
    let scene = Scene::new(TokenState::Valid).await;
    let printed = scene.run(&arguments(&["grep", "SigIgn", "/proc/self/status"])).success();
    let ignored = u64::from_str_radix(printed.split_whitespace().last().unwrap(), 16).unwrap();
    assert_eq!(ignored & (1 << (13 - 1)), 0, "{printed}");
}
