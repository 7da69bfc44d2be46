//! `login` and `logout`, with curl as the browser, or with a user code that the test approves.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sso_emulator::{Emulator, ErrorName, Operation, TokenState};

use crate::program::{Scene, read_json, write_private};

/// Returns a command whose browser opens the page and follows its redirect to the listener.
fn with_browser(scene: &Scene, arguments: &[&str]) -> Command {
    let mut command = scene.command(arguments);
    command.env("BROWSER", "curl --silent --location --max-time 20 --output page.html");
    command.current_dir(scene.path("")).env("DISPLAY", ":0");
    command
}

pub(crate) fn started(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until `done` returns true. Fails after 30 seconds.
fn wait_until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "timed out");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn approve(emulator: &Emulator) {
    wait_until(|| emulator.pending_devices().iter().any(|code| emulator.approve_device(code)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs curl"]
async fn a_browser_logs_in_and_credentials_follow() {
    let scene = Scene::new(TokenState::Missing).await;
    let run = scene.run_command(&mut with_browser(
        &scene,
        &["login", "--profile", "devsso", "--port", &free_port().to_string()],
    ));
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    assert!(run.stdout().starts_with("Logged in to dev-session until "), "{}", run.stdout());
    assert!(run.stderr().contains("Your browser opens."), "{}", run.stderr());
    let token = read_json(&scene.home.token_file);
    assert!(scene.emulator.is_live(token["refreshToken"].as_str().unwrap()));
    wait_until(|| fs::read_to_string(scene.path("page.html")).is_ok_and(|it| !it.is_empty()));
    let page = fs::read_to_string(scene.path("page.html")).unwrap();
    assert!(page.contains("You are logged in"), "{page}");
    scene.run(&["export", "--profile", "devsso"]).success();

    let out = scene.run(&["logout", "--profile", "devsso"]).success();
    assert_eq!(out, "Logged out of dev-session\n");
    assert!(!scene.home.token_file.exists());
    assert!(scene.role_files().is_empty());
    assert_eq!(scene.emulator.counts().logout, 1);
    let error = scene.run(&["export", "--profile", "devsso"]).failure(4);
    assert!(error.contains("run: ssocreds login --sso-session dev-session"), "{error}");
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_logs_in_to_sessions_and_legacy_profiles() {
    let scene = Scene::new(TokenState::Missing).await;
    for (arguments, name) in [
        (&["login", "--sso-session", "dev-session", "--use-device-code"][..], "dev-session"),
        (&["login", "--profile", "legacy"], "https://my-sso-portal.awsapps.com/start"),
    ] {
        let mut command = scene.command(arguments);
        command.arg("--no-browser");
        let login = started(command);
        approve(&scene.emulator);
        let output = login.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        assert!(stdout.starts_with(&format!("Logged in to {name} until ")), "{stdout}");
        assert!(stderr.contains("Enter this code:\n\n  "), "{stderr}");
    }
    assert!(read_json(&scene.home.legacy_token_file).get("refreshToken").is_none());
    let out = scene.run(&["logout", "--all"]).success();
    assert_eq!(out.lines().filter(|line| line.starts_with("Logged out of ")).count(), 2, "{out}");
    assert!(!scene.home.token_file.exists() && !scene.home.legacy_token_file.exists());
    assert_eq!(scene.run(&["logout", "--all"]).success(), "There is no login.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_login_exits_with_5_and_an_expired_one_with_4() {
    let scene = Scene::new(TokenState::Missing).await;
    let login = started(scene.command(&["login", "--profile", "devsso", "--use-device-code"]));
    wait_until(|| {
        let codes = scene.emulator.pending_devices();
        codes.iter().any(|code| scene.emulator.deny_device(code))
    });
    let output = login.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("ssocreds: the login was denied; start it again"), "{stderr}");

    let arguments = ["login", "--profile", "devsso", "--use-device-code", "--wait", "1"];
    let run = scene.run(&arguments);
    assert_eq!(run.code(), Some(4));
    assert!(run.stderr().contains("the login expired before it was allowed"), "{}", run.stderr());
    assert!(!scene.home.token_file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_a_browser_uses_a_device_code_and_gives_the_reason() {
    let scene = Scene::new(TokenState::Missing).await;
    let mut command = scene.command(&["login", "--profile", "devsso", "--wait", "1"]);
    command.env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22");
    let run = scene.run_command(&mut command);
    assert!(
        run.stderr().starts_with("ssocreds: this is an SSH session; using a device code\n"),
        "{}",
        run.stderr()
    );
    assert_eq!(scene.emulator.counts().start_device_authorization, 1);
}

/// Returns the page that a login shows if the section with that heading has the key.
async fn page_with_key(heading: &str, key: &str) -> String {
    let scene = Scene::new(TokenState::Missing).await;
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    let config = config.replace(&format!("{heading}\n"), &format!("{heading}\n{key}\n"));
    fs::write(&scene.home.config_file, config).unwrap();
    let mut command =
        scene.command(&["login", "--profile", "devsso", "--wait", "1", "--no-browser"]);
    let run = scene.run_command(command.env("DISPLAY", ":0"));
    assert_eq!(run.code(), Some(4), "{}", run.stderr());
    run.stderr()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_session_or_the_profile_select_a_device_code() {
    for (heading, key) in [
        ("[sso-session dev-session]", "ssocreds_use_device_code = true"),
        ("[sso-session dev-session]", "sso_use_device_code = TRUE"),
        ("[profile devsso]", "ssocreds_use_device_code = true"),
    ] {
        let shown = page_with_key(heading, key).await;
        assert!(shown.starts_with("Open this page:"), "{key}: {shown}");
        assert!(shown.contains("Enter this code:"), "{key}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_session_or_the_profile_set_the_port() {
    for (heading, key) in [
        ("[sso-session dev-session]", "ssocreds_redirect_port"),
        ("[sso-session dev-session]", "sso_redirect_port"),
        ("[profile devsso]", "sso_redirect_port"),
    ] {
        let port = free_port();
        let shown = page_with_key(heading, &format!("{key} = {port}")).await;
        let redirect = format!("&redirect_uri=http%3A%2F%2F127.0.0.1%3A{port}%2Foauth%2Fcallback&");
        assert!(shown.contains(&redirect), "{key}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_keys_are_ignored_with_a_warning() {
    for (key, warning) in [
        ("ssocreds_use_device_code = perhaps", "is neither true nor false; ignored"),
        ("ssocreds_redirect_port = 65536", "is not a port; ignored"),
        ("ssocreds_redirect_port = 0", "is not a port; ignored"),
    ] {
        let shown = page_with_key("[sso-session dev-session]", key).await;
        assert!(shown.contains(&format!("{key} {warning}")), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_logs_in_to_every_session_and_every_legacy_start_url_once() {
    let scene = Scene::new(TokenState::Missing).await;
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    let (_, legacy) = config.split_once("[profile legacy]\n").unwrap();
    let legacy = legacy.split("\n[").next().unwrap();
    scene.configure(&format!("[profile legacy-again]\n{legacy}\n"));
    let login = started(scene.command(&["login", "--all", "--use-device-code"]));
    approve(&scene.emulator);
    wait_until(|| scene.home.token_file.exists());
    approve(&scene.emulator);
    let output = login.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let names = stdout.lines().map(|line| line.split(' ').nth(3).unwrap());
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["dev-session", "https://my-sso-portal.awsapps.com/start"], "{stdout}");
    assert!(scene.home.legacy_token_file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn if_needed_keeps_a_valid_token_and_refreshes_an_expired_one() {
    let scene = Scene::new(TokenState::Valid).await;
    let arguments = ["login", "--profile", "devsso", "--if-needed"];
    scene.run(&arguments).success();
    assert_eq!(scene.emulator.counts().create_token, 0);

    let scene = Scene::new(TokenState::Expired).await;
    scene.run(&arguments).success();
    let counts = scene.emulator.counts();
    assert_eq!((counts.refreshes, counts.register_client), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_other_commands_do_not_log_in() {
    let scene = Scene::new(TokenState::Missing).await;
    for arguments in [
        &["export", "--profile", "devsso", "--login"][..],
        &["exec", "--profile", "devsso", "--login", "--", "true"],
        &["token", "--sso-session", "dev-session", "--login"],
        &["accounts", "--profile", "devsso", "--login"],
        &["roles", "--profile", "devsso", "--login"],
    ] {
        let error = scene.run(arguments).failure(4);
        assert!(error.contains("run: ssocreds login --sso-session dev-session"), "{error}");
    }
    assert_eq!(scene.emulator.counts().register_client, 0);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn on_a_terminal_other_commands_log_in_first_with_the_option_login() {
    for (arguments, shown) in [
        ("export --profile devsso --login --format env", "export AWS_ACCESS_KEY_ID="),
        ("exec --profile devsso --login -- sh -c 'echo key $AWS_ACCESS_KEY_ID'", "key ASIA"),
        ("token --sso-session dev-session --login", ""),
        ("accounts --profile devsso --login", "123456789012"),
        ("roles --profile devsso --login", "SSOReadOnlyRole"),
    ] {
        let scene = Scene::new(TokenState::Missing).await;
        let run = started(scene.terminal_command(arguments));
        approve(&scene.emulator);
        let output = run.wait_with_output().unwrap();
        let seen = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments}: {seen}");
        assert!(seen.contains("Enter this code:"), "{arguments}: {seen}");
        assert!(seen.contains("waiting for you; the login expires"), "{arguments}: {seen}");
        assert!(seen.contains(shown), "{arguments}: {seen}");
        let token = read_json(&scene.home.token_file);
        if arguments.starts_with("token") {
            assert!(seen.contains(token["accessToken"].as_str().unwrap()), "{seen}");
        }
        // The login is valid now.
        let again = scene.terminal_command(arguments).output().unwrap();
        let seen = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && !seen.contains("Enter this code"), "{seen}");
        assert_eq!(scene.emulator.counts().start_device_authorization, 1, "{arguments}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn credential_process_never_logs_in() {
    let scene = Scene::new(TokenState::Missing).await;
    for (arguments, shown) in [
        ("credential-process --profile devsso", "a login is required"),
        ("credential-process --profile devsso --login", "unexpected argument"),
    ] {
        let output = scene.terminal_command(arguments).output().unwrap();
        let seen = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success() && seen.contains(shown), "{seen}");
    }
    assert_eq!(scene.emulator.counts().register_client, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_removes_cached_credentials_of_its_session_only() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.assign("000000000042", "Audit");
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    scene.configure(
        "[profile gone]\nsso_session = dev-session\nsso_account_id = 000000000042\n\
         sso_role_name = Audit\n",
    );
    scene.run(&["export", "--profile", "gone"]).success();
    fs::write(&scene.home.config_file, config).unwrap();
    let [own] = &scene.role_files()[..] else { panic!("{:?}", scene.role_files()) };
    let text = fs::read_to_string(own).unwrap();
    assert!(text.ends_with(r#","SessionName":"dev-session"}"#), "{text}");
    // A file of another session, and a file of the AWS CLI, which does not store the session's name.
    let other = scene.path(".aws/cli/cache/other.json");
    write_private(&other, &text.replace("dev-session", "other"));
    let unnamed = scene.path(".aws/cli/cache/unnamed.json");
    write_private(&unnamed, &text.replace(r#","SessionName":"dev-session""#, ""));

    scene.run(&["logout", "--profile", "devsso"]).success();
    let mut left = scene.role_files();
    left.sort();
    assert_eq!(left, [other, unnamed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qr_code_is_shown_on_request() {
    let scene = Scene::new(TokenState::Missing).await;
    let arguments = [
        "login",
        "--profile",
        "devsso",
        "--use-device-code",
        "--qr",
        "--no-browser",
        "--wait",
        "1",
    ];
    let shown = scene.run(&arguments).stderr();
    assert!(shown.contains("Enter this code:"), "{shown}");
    let is_block = |line: &&str| {
        line.chars().count() > 20 && line.chars().all(|c| "\u{2580}\u{2584}\u{2588} ".contains(c))
    };
    assert!(shown.lines().filter(is_block).count() > 10, "{shown}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_login_leaves_nothing_and_releases_its_lock() {
    let scene = Scene::new(TokenState::Missing).await;
    for signal in ["INT", "TERM", "HUP"] {
        let mut login =
            started(scene.command(&["login", "--profile", "devsso", "--use-device-code"]));
        wait_until(|| !scene.emulator.pending_devices().is_empty());
        let pid = login.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        wait_until(|| login.try_wait().unwrap().is_some());
        // The program cleaned up and then ended by the signal, as a shell expects.
        assert!(!login.wait().unwrap().success(), "{signal}");
        let cache = scene.home.token_file.parent().unwrap();
        let names = fs::read_dir(cache).unwrap().map(|it| it.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        // Left are the client registration, for the next login, and the empty lock file.
        assert_eq!(names.len(), 2, "{names:?}");
        scene.emulator.pending_devices().iter().for_each(|code| {
            scene.emulator.deny_device(code);
        });
    }
}

/// A limit on the size of files has the effect of a full disk.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_login_on_a_full_disk_fails_before_its_code_is_used() {
    let scene = Scene::new(TokenState::Missing).await;
    let login = scene.command(&["login", "--profile", "devsso", "--use-device-code"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(login.get_program())
        .args(login.get_args())
        .env_clear();
    for (name, value) in login.get_envs() {
        limited.env(name, value.unwrap());
    }
    let run = scene.run_command(&mut limited);
    assert_eq!(run.code(), Some(1), "{}", run.stderr());
    assert!(run.stderr().contains("failed to store the new token"), "{}", run.stderr());
    assert_eq!(scene.emulator.counts().create_token, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_logins_at_once_ask_the_user_once() {
    let scene = Scene::new(TokenState::Missing).await;
    // No login can end before all of them have started.
    scene.emulator.fault_on(Operation::CreateToken, ErrorName::AuthorizationPending);
    let arguments = ["login", "--profile", "devsso", "--use-device-code"];
    let stderr = |number: usize| scene.path(&format!("stderr-{number}"));
    let start = |number| {
        let mut command = scene.command(&arguments);
        command.stderr(fs::File::create(stderr(number)).unwrap());
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let logins: Vec<_> = (0..20).map(start).collect();
    approve(&scene.emulator);
    let waits = |number: &usize| {
        fs::read_to_string(stderr(*number))
            .unwrap()
            .contains("waiting for another login to this session")
    };
    wait_until(|| (0..20).filter(waits).count() == 19);
    scene.emulator.clear_faults();
    for mut login in logins {
        assert!(login.wait().unwrap().success());
    }
    let counts = scene.emulator.counts();
    assert_eq!((counts.start_device_authorization, counts.register_client), (1, 1));
}
