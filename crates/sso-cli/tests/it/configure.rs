//! `configure` with options and with answers.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use expect_test::expect;
use sso_emulator::{Emulator, TokenState};

use crate::login::approve;
use crate::program::{Scene, write_private};

async fn scene(state: TokenState) -> Scene {
    let builder = Emulator::builder()
        .account("123456789012", "Development", "dev@example.com", ["Admin", "ReadOnly"])
        .account("210987654321", "Production \u{1b}[31m", "p@example.com", ["ReadOnly"]);
    Scene::with(builder, state).await
}

fn config(scene: &Scene) -> String {
    fs::read_to_string(&scene.home.config_file).unwrap_or_default()
}

/// Options that replace every question.
const ALL: [&str; 15] = [
    "configure",
    "--sso-session",
    "new",
    "--start-url",
    "my-sso-portal.awsapps.com/start/#/",
    "--sso-region",
    "us-east-1",
    "--account-id",
    "123456789012",
    "--role-name",
    "Admin",
    "--profile",
    "dev",
    "--region",
    "eu-west-1",
];

/// Runs the program with answers on stdin, and returns its exit code, stdout and stderr.
fn answered(scene: &Scene, arguments: &[&str], answers: &str) -> (Option<i32>, String, String) {
    let mut child = started(scene, arguments);
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn started(scene: &Scene, arguments: &[&str]) -> Child {
    scene
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn options_alone_configure_an_empty_home() {
    let scene = scene(TokenState::Missing).await;
    fs::remove_dir_all(scene.path(".aws")).unwrap();
    let mut arguments = ALL.to_vec();
    arguments.extend(["--yes", "--use-device-code"]);
    let child = started(&scene, &arguments);
    let end = Instant::now() + Duration::from_secs(30);
    let emulator = &scene.emulator;
    while !emulator.pending_devices().iter().any(|code| emulator.approve_device(code)) {
        assert!(Instant::now() < end, "timed out");
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    expect![[r#"
        [sso-session new]
        sso_start_url = https://my-sso-portal.awsapps.com/start
        sso_region = us-east-1
        sso_registration_scopes = sso:account:access

        [profile dev]
        sso_session = new
        sso_account_id = 123456789012
        sso_role_name = Admin
        region = eu-west-1
    "#]]
    .assert_eq(&config(&scene));
    scene.run(&["export", "--profile", "dev", "--format", "json"]).success();

    let written = config(&scene);
    arguments.pop();
    let again = scene.run(&arguments).success();
    assert_eq!(again, "Profile dev in HOME/.aws/config is up to date\n");
    assert_eq!(config(&scene), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_answers_are_lines_of_stdin() {
    let scene = scene(TokenState::Valid).await;
    let before = config(&scene);
    // The answers: the session, a filter that matches both accounts, a filter that matches one, the
    // proposed name, no region, and the confirmation.
    let answers = "1\no\nproduct\n\n\ny\n";
    let (code, stdout, stderr) = answered(&scene, &["configure"], answers);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("Wrote profile Production-31m.ReadOnly to "), "{stdout}");
    assert!(stderr.contains("    2  210987654321 Production \\u{1b}[31m\n"), "{stderr}");
    assert!(stderr.contains("+[profile Production-31m.ReadOnly]\n"), "{stderr}");
    let added = "\n[profile Production-31m.ReadOnly]\nsso_session = dev-session\n\
                 sso_account_id = 210987654321\nsso_role_name = ReadOnly\n";
    assert_eq!(config(&scene).strip_prefix(&before), Some(added));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_without_all_answers_and_a_confirmation() {
    let scene = scene(TokenState::Valid).await;
    let before = config(&scene);
    let given = ["configure", "--sso-session", "dev-session", "--account-id", "123456789012"];
    for (answers, code, message) in [
        ("Admin\n\n\nmaybe\nn\n", 1, "not confirmed; the config file was not changed"),
        ("", 2, "no answer; use --role-name"),
        ("1\n", 2, "no answer; use --profile"),
        ("1\nx\n", 2, "no answer; use --region"),
        ("1\nx\nnot a region\neu-west-1\n", 2, "no answer; use --yes"),
    ] {
        let (found, stdout, stderr) = answered(&scene, &given, answers);
        assert_eq!((found, stdout.as_str()), (Some(code), ""), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
    assert_eq!(config(&scene), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_profile_is_changed_to_use_the_session() {
    let scene = scene(TokenState::Valid).await;
    scene.configure(
        "[profile old]\n# mine\nsso_start_url = https://x\nsso_region = eu-west-1\noutput = json\n",
    );
    let arguments = [
        "configure",
        "--sso-session",
        "dev-session",
        "--account-id",
        "123456789012",
        "--role-name",
        "Admin",
        "--profile",
        "old",
    ];
    let (shown, before) = (scene.run(&[&arguments[..], &["--dry-run"]].concat()), config(&scene));
    assert!(shown.success().contains("-sso_start_url = https://x\n"));
    assert_eq!(config(&scene), before);
    scene.run(&[&arguments[..], &["--yes"]].concat()).success();
    let expected = before.replace(
        "sso_start_url = https://x\nsso_region = eu-west-1\noutput = json\n",
        "output = json\nsso_session = dev-session\nsso_account_id = 123456789012\nsso_role_name = Admin\n",
    );
    assert_eq!(config(&scene), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_answers_are_refused_and_nothing_is_written() {
    let scene = scene(TokenState::Valid).await;
    scene.configure("[profile admin]\nrole_arn = x\nsource_profile = devsso\n");
    let before = config(&scene);
    let run = |more: &[&str], code| {
        let fixed = ["configure", "--sso-session", "dev-session", "--yes"];
        scene.run(&[&fixed[..], more].concat()).failure(code)
    };
    let error = run(&["--start-url", "http://corp.awsapps.com/start"], 2);
    assert!(error.contains("--start-url cannot be used: a start URL must begin with https://"));
    let error = run(&["--account-id", "999999999999"], 5);
    assert!(error.contains("the account 999999999999 is not assigned to you"), "{error}");
    let account = ["--account-id", "123456789012"];
    let error = run(&[&account[..], &["--role-name", "None"]].concat(), 5);
    assert!(error.contains("the role None is not assigned to you"), "{error}");
    let role = [&account[..], &["--role-name", "Admin"]].concat();
    let error = run(&[&role[..], &["--profile", "admin"]].concat(), 2);
    assert!(
        error.contains(
            "profile \"admin\" has role_arn in HOME/.aws/config and is not an SSO profile"
        ),
        "{error}"
    );
    let error = run(&[&role[..], &["--profile", "x", "--region", "X"]].concat(), 2);
    assert!(error.contains("--region cannot be used"), "{error}");
    assert_eq!(config(&scene), before);
}

/// SDKs prefer the keys of the credentials file to those of the config file.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_keys_in_the_credentials_file_is_refused() {
    let scene = scene(TokenState::Valid).await;
    let before = config(&scene);
    let credentials =
        "[dev3]\naws_access_key_id = AKIA\naws_secret_access_key = s\n[region]\nregion = r\n";
    write_private(&scene.path(".aws/credentials"), credentials);
    let given = ["configure", "--sso-session", "dev-session", "--account-id", "123456789012"];
    let given = [&given[..], &["--role-name", "Admin", "--region", "", "--yes"]].concat();
    let error = scene.run(&[&given[..], &["--profile", "dev3"]].concat()).failure(2);
    assert!(
        error.contains(
            "profile \"dev3\" has aws_access_key_id in HOME/.aws/credentials and is not an SSO profile"
        ),
        "{error}"
    );
    assert_eq!(config(&scene), before);
    // An answer is refused too, and asked for again.
    let (code, stdout, stderr) = answered(&scene, &given, "dev3\nregion\n");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("profile \"dev3\" has"), "{stderr}");
    assert!(stdout.starts_with("Wrote profile region "), "{stdout}");
    fs::write(scene.path(".aws/credentials"), b"\xff").unwrap();
    let run = scene.run(&[&given[..], &["--profile", "dev3"]].concat());
    let error = run.failure(3);
    assert!(error.contains("HOME/.aws/credentials line 1 is not UTF-8"), "{error}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_at_a_question_writes_nothing() {
    use std::os::unix::process::ExitStatusExt as _;

    let scene = scene(TokenState::Valid).await;
    let before = config(&scene);
    let mut child = started(&scene, &["configure"]);
    // Keeps stdin open. `wait` would close it, and the end of the input is another test.
    let stdin = child.stdin.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut shown = Vec::new();
    while !shown.ends_with(b"to filter: ") {
        let mut byte = [0];
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    drop(stdin);
    assert_eq!(config(&scene), before);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn a_list_on_a_terminal_is_filtered_by_typing() {
    let scene = scene(TokenState::Valid).await;
    let fixed = "configure --sso-session dev-session --profile picked --region eu-west-1 --yes";
    let (status, shown) = typed(&scene, fixed, b"develo\rreadon\r", b"");
    assert!(status.success(), "{shown}");
    let written = "[profile picked]\nsso_session = dev-session\nsso_account_id = 123456789012\n\
                   sso_role_name = ReadOnly\nregion = eu-west-1\n";
    assert!(config(&scene).ends_with(written), "{shown}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn ctrl_c_at_a_list_shows_the_cursor_and_writes_nothing() {
    let scene = scene(TokenState::Valid).await;
    let before = config(&scene);
    // One list before the first request, and one after it.
    for arguments in ["configure", "configure --sso-session dev-session"] {
        let (_, shown) = typed(&scene, arguments, b"", b"\x03");
        let (_, after) = shown.rsplit_once("\x1b[?25l").expect("the list hides the cursor");
        assert!(after.contains("\x1b[?25h"), "{shown:?}");
        assert!(
            after.contains("interrupted before the last answer; the config file was not changed")
        );
        assert_eq!(config(&scene), before);
    }
}

/// Runs the program on a terminal, types `keys` at the first list, then `again` until the program
/// ends, and returns what was shown. A list can miss a Ctrl-C between two keys.
#[cfg(target_os = "linux")]
fn typed(
    scene: &Scene,
    arguments: &str,
    keys: &[u8],
    again: &[u8],
) -> (std::process::ExitStatus, String) {
    let line = format!("{} {arguments}", crate::program::quoted_binary());
    let mut command = std::process::Command::new("script");
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .env("TERM", "xterm")
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(scene.home.environment.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    while !shown.ends_with(b"\x1b[?25l") {
        let mut byte = [0];
        assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    stdin.write_all(keys).unwrap();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let _ = stdin.write_all(again);
        std::thread::sleep(Duration::from_millis(50));
    };
    stdout.read_to_end(&mut shown).unwrap();
    drop(stdin);
    (status, String::from_utf8(shown).unwrap())
}

/// As if the start URL of the session were changed after the login.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_portal_is_neither_used_nor_refreshed() {
    for state in [TokenState::Valid, TokenState::Expired] {
        let scene = scene(state).await;
        let token = fs::read_to_string(&scene.home.token_file).unwrap();
        let other = token.replace("my-sso-portal.awsapps.com", "other.awsapps.com");
        assert_ne!(other, token);
        fs::write(&scene.home.token_file, other).unwrap();
        let mut arguments = vec!["configure", "--sso-session", "dev-session"];
        arguments.extend_from_slice(&ALL[7..]);
        arguments.extend_from_slice(&["--use-device-code", "--yes"]);
        let child = started(&scene, &arguments);
        approve(&scene.emulator);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let token = fs::read_to_string(&scene.home.token_file).unwrap();
        assert!(!token.contains("other.awsapps.com"));
        assert_eq!(scene.emulator.counts().refreshes, 0);
    }
}
