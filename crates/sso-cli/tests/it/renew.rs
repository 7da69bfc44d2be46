//! `exec --renew` and `serve` give credentials while they run, and remove their files at the end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sso_emulator::{Fault, Operation, TokenState};

use crate::program::{Scene, write_private};

/// Prints the variables, then waits for the end of its input.
const SHOW: &str = r#"printf '%s\n%s\n%s\n%s\n' "$AWS_CONTAINER_CREDENTIALS_FULL_URI" \
    "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" "$AWS_CONFIG_FILE" "${AWS_ACCESS_KEY_ID-unset}"; cat"#;

/// A running `exec --renew`, with the variables that its command has printed.
struct Running {
    child: Child,
    url: String,
    token_file: PathBuf,
    config_file: PathBuf,
    access_key_id: String,
}

impl Running {
    fn start(scene: &Scene, options: &[&str]) -> Self {
        let mut command = command(scene, options, SHOW);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        let (url, token_file, config_file) = (next(), next().into(), next().into());
        let access_key_id = next();
        Self { child, url, token_file, config_file, access_key_id }
    }

    fn get(&self) -> Value {
        get(&self.url, &fs::read_to_string(&self.token_file).unwrap())
    }

    fn end(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().unwrap()
    }
}

fn command(scene: &Scene, options: &[&str], script: &str) -> Command {
    let mut words = vec!["exec"];
    words.extend(options);
    words.extend(["--", "sh", "-c", script]);
    let mut command = scene.command(&words);
    let runtime = scene.path("runtime");
    fs::create_dir_all(&runtime).unwrap();
    command.env("XDG_RUNTIME_DIR", runtime);
    command
}

fn get(url: &str, token: &str) -> Value {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn renew_serves_credentials_while_the_command_runs_and_removes_its_files() {
    let scene = Scene::new(TokenState::Valid).await;
    let running = Running::start(&scene, &["--profile", "devsso", "--renew"]);
    assert_eq!(running.access_key_id, "unset");
    assert!(running.url.starts_with("http://127.0.0.1:"), "{}", running.url);
    let key = running.get()["AccessKeyId"].as_str().unwrap().to_owned();
    assert!(scene.emulator.owner_of(&key).is_some());
    assert_eq!(running.config_file, scene.home.config_file, "no copy is needed");

    let token_file = running.token_file.clone();
    assert!(token_file.starts_with(scene.path("runtime")));
    assert_eq!((mode(&token_file), mode(token_file.parent().unwrap())), (0o600, 0o700));
    assert!(running.end().success());
    assert!(!token_file.parent().unwrap().exists());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_token_is_in_a_variable_only_with_its_option() {
    let scene = Scene::new(TokenState::Valid).await;
    for (options, is_expected) in [
        (["--profile", "devsso", "--renew"].as_slice(), false),
        (["--profile", "devsso", "--renew", "--token-in-environment"].as_slice(), true),
    ] {
        let running = Running::start(&scene, options);
        let token = fs::read_to_string(&running.token_file).unwrap();
        let (mut arguments, mut variables) = (String::new(), String::new());
        for entry in fs::read_dir("/proc").unwrap() {
            let process = entry.unwrap().path();
            let text = |file| {
                String::from_utf8_lossy(&fs::read(process.join(file)).unwrap_or_default())
                    .into_owned()
            };
            arguments += &text("cmdline");
            variables += &text("environ");
        }
        assert!(!arguments.contains(&token));
        assert_eq!(variables.contains(&token), is_expected);
        assert!(running.end().success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn renew_exits_as_its_command_does() {
    let scene = Scene::new(TokenState::Valid).await;
    for (script, code, signal) in [
        ("exit 0", Some(0), None),
        ("exit 7", Some(7), None),
        ("kill -TERM $$", None, Some(15)),
        ("kill -KILL $$", None, Some(9)),
        ("kill -SEGV $$", None, Some(11)),
    ] {
        for how in ["--renew", "--renew=process"] {
            let status = command(&scene, &["--profile", "devsso", how], script).status().unwrap();
            assert_eq!((status.code(), status.signal()), (code, signal), "{script} {how}");
            assert_eq!(fs::read_dir(scene.path("runtime")).unwrap().count(), 0, "{script} {how}");
        }
    }
    let missing = ["exec", "--profile", "devsso", "--renew", "--", "/nowhere/command"];
    assert!(scene.run(&missing).failure(127).contains("/nowhere/command"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reaches_the_command() {
    let scene = Scene::new(TokenState::Valid).await;
    for (signal, code) in [("TERM", 41), ("INT", 42), ("HUP", 43), ("USR1", 44)] {
        let script =
            format!("trap 'exit {code}' {signal}; echo ready; while :; do sleep 0.02; done");
        let mut command = command(&scene, &["--profile", "devsso", "--renew"], &script);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        send(&format!("-{signal}"), &child);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_killed_run_are_removed_by_the_next_run() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut killed = Running::start(&scene, &["--profile", "devsso", "--renew"]);
    let in_use = Running::start(&scene, &["--profile", "devsso", "--renew"]);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert!(killed.token_file.exists());
    assert!(
        command(&scene, &["--profile", "devsso", "--renew"], "true").status().unwrap().success()
    );
    assert!(!killed.token_file.parent().unwrap().exists());
    assert!(in_use.token_file.exists());
    assert!(in_use.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_gets_config_files_without_the_credentials_of_the_default_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.configure("[default]\naws_access_key_id = AKIASTATIC\nregion = eu-west-1\n");
    let before = fs::read_to_string(&scene.home.config_file).unwrap();
    let running = Running::start(&scene, &["--profile", "devsso", "--renew"]);
    assert_ne!(running.config_file, scene.home.config_file);
    assert_eq!(mode(&running.config_file), 0o600);
    let copy = fs::read_to_string(&running.config_file).unwrap();
    assert_eq!(copy, before.replace("aws_access_key_id = AKIASTATIC\n", ""));
    assert_eq!(fs::read_to_string(&scene.home.config_file).unwrap(), before);
    let config_file = running.config_file.clone();
    assert!(running.end().success());
    assert!(!config_file.exists());
}

/// In Python's configparser, and so in the AWS CLI, the keys of `[DEFAULT]` belong to every section.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_gets_config_files_without_the_credentials_of_the_section_default_in_capitals()
{
    let scene = Scene::new(TokenState::Valid).await;
    let text = "[DEFAULT]\naws_access_key_id = AKIAWRONG\noutput = json\n[default]\nregion = r\n";
    scene.configure(text);
    let credentials = scene.path(".aws/credentials");
    write_private(&credentials, text);
    let show = r#"cat "$AWS_CONFIG_FILE" "$AWS_SHARED_CREDENTIALS_FILE""#;
    for how in ["--renew", "--renew=process"] {
        let run = scene.run_command(&mut command(&scene, &["--profile", "devsso", how], show));
        assert_eq!(run.code(), Some(0), "{}", run.stderr());
        let copies = run.stdout();
        assert!(!copies.contains("AKIAWRONG"), "{how}: {copies}");
        assert_eq!(copies.matches("[DEFAULT]\noutput = json\n").count(), 2, "{how}: {copies}");
        for file in ["config", "credentials"] {
            let warning = format!("HOME/.aws/{file}: the command gets a copy without the");
            assert!(run.stderr().contains(&warning), "{how}: {}", run.stderr());
        }
    }
    assert_eq!(fs::read_to_string(credentials).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_credentials_file_is_replaced_by_an_empty_one() {
    let scene = Scene::new(TokenState::Valid).await;
    let credentials = scene.path(".aws/credentials");
    let broken: [&dyn Fn(); 3] = [
        &|| fs::write(&credentials, b"[x]\n\xff\xfe\n").unwrap(),
        &|| fs::create_dir(&credentials).unwrap(),
        &|| assert!(Command::new("mkfifo").arg(&credentials).status().unwrap().success()),
    ];
    for make in broken {
        let _ = fs::remove_file(&credentials).or_else(|_| fs::remove_dir(&credentials));
        make();
        for how in ["--renew", "--renew=process"] {
            let show =
                r#"test -f "$AWS_SHARED_CREDENTIALS_FILE" && cat "$AWS_SHARED_CREDENTIALS_FILE""#;
            let run = scene.run_command(&mut command(&scene, &["--profile", "devsso", how], show));
            assert_eq!((run.code(), run.stdout().as_str()), (Some(0), ""), "{}", run.stderr());
            let warning = "the command gets an empty credentials file instead of \
                           HOME/.aws/credentials";
            assert!(run.stderr().contains(warning), "{}", run.stderr());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn botocore_in_the_command_reads_no_credentials_of_boto_2() {
    let scene = Scene::new(TokenState::Valid).await;
    for how in ["--renew", "--renew=process"] {
        let show = r#"test "${BOTO_CONFIG+set}" && ! test -f "$BOTO_CONFIG""#;
        let run = scene.run_command(&mut command(&scene, &["--profile", "devsso", how], show));
        run.success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn renew_by_process_writes_a_credential_process_that_works() {
    let scene = Scene::new(TokenState::Valid).await;
    // The SSO profile is the default profile. The generated default profile must not call itself.
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    fs::write(&scene.home.config_file, config.replace("[profile devsso]", "[default]")).unwrap();
    let script = r#"eval "$(sed -n 's/^credential_process = //p' "$AWS_CONFIG_FILE")""#;
    let run = scene.run_command(&mut command(&scene, &["--renew=process"], script));
    let printed: Value = serde_json::from_str(&run.success()).unwrap();
    assert!(scene.emulator.owner_of(printed["AccessKeyId"].as_str().unwrap()).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_login_is_reported_before_the_command_starts() {
    let scene = Scene::new(TokenState::Missing).await;
    for how in ["--renew", "--renew=process"] {
        let run =
            scene.run_command(&mut command(&scene, &["--profile", "devsso", how], "echo ran"));
        assert!(run.failure(4).contains("ssocreds login"), "{}", run.stderr());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_prints_the_variables_and_removes_its_files() {
    let scene = Scene::new(TokenState::Valid).await;
    let (token_file, env_file) = (scene.path("token"), scene.path("variables"));
    let mut command = scene.command(&["serve", "--profile", "devsso", "--profile", "legacy"]);
    command.arg("--token-file").arg(&token_file).arg("--env-file").arg(&env_file);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut urls = Vec::new();
    while urls.len() < 2 {
        let line = lines.next().unwrap().unwrap();
        urls.extend(
            line.strip_prefix("export AWS_CONTAINER_CREDENTIALS_FULL_URI=").map(str::to_owned),
        );
    }
    assert_eq!(mode(&token_file), 0o600);
    let token = fs::read_to_string(&token_file).unwrap();
    assert!(urls[0].ends_with("/devsso") && urls[1].ends_with("/legacy"), "{urls:?}");
    for url in &urls {
        assert!(get(url, &token)["AccessKeyId"].is_string(), "{url}");
        assert_eq!(get(url, "wrong")["code"], "InvalidAuthorizationToken");
    }
    let variables = fs::read_to_string(&env_file).unwrap();
    assert!(variables.contains(&urls[0]) && !variables.contains(&token), "{variables}");

    let started = Instant::now();
    send("-TERM", &child);
    assert!(child.wait().unwrap().success());
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!token_file.exists() && !env_file.exists());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn serve_that_fails_removes_its_files_and_names_the_path() {
    let scene = Scene::new(TokenState::Valid).await;
    let (token_file, env_file) = (scene.path("token"), scene.path("none/variables"));
    let serve = || {
        let mut command = scene.command(&["serve", "--profile", "devsso"]);
        command.arg("--token-file").arg(&token_file);
        command
    };
    let run = scene.run_command(serve().arg("--env-file").arg(env_file));
    let error = run.failure(1);
    assert!(error.contains("cannot write HOME/none/variables\n"), "{error}");
    assert!(!token_file.exists());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert_eq!(serve().stdout(full).stderr(Stdio::null()).status().unwrap().code(), Some(1));
    assert!(!token_file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_before_the_first_credentials_leaves_no_file() {
    let scene = Scene::new(TokenState::Valid).await;
    let runtime = scene.path("runtime");
    fs::create_dir_all(&runtime).unwrap();
    let is_empty = || fs::read_dir(&runtime).unwrap().next().is_none();
    // `exec` checks the login first. The endpoint sends the second request.
    let exec = ["exec", "--no-cache", "--profile", "devsso", "--renew", "--", "true"];
    for (words, answered) in [(&["serve", "--profile", "devsso"][..], 0), (&exec, 1)] {
        for signal in ["-INT", "-TERM", "-HUP"] {
            let emulator = &scene.emulator;
            emulator.clear_faults();
            let operation = Operation::GetRoleCredentials;
            emulator.fault_next(operation, answered, Fault::Delay(Duration::ZERO));
            emulator.fault_on(operation, Fault::Stall);
            let expected = emulator.counts().get_role_credentials + u64::from(answered) + 1;
            let mut command = scene.command(words);
            command.env("XDG_RUNTIME_DIR", &runtime).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let started = Instant::now();
            while emulator.counts().get_role_credentials < expected {
                assert!(started.elapsed() < Duration::from_secs(20), "{words:?}");
                std::thread::sleep(Duration::from_millis(5));
            }
            send(signal, &child);
            let status = child.wait().unwrap();
            assert_eq!(status.signal(), Some(2), "{words:?} {signal}: a shell must stop, too");
            assert!(is_empty(), "{words:?} {signal}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relative_paths_are_absolute_for_other_programs() {
    let scene = Scene::new(TokenState::Valid).await;
    let home = scene.path("");
    let mut command = scene.command(&["serve", "--profile", "devsso", "--token-file", "token"]);
    let mut child = command.current_dir(&home).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.nth(1).unwrap().unwrap();
    send("-TERM", &child);
    child.wait().unwrap();
    let token_file = line.strip_prefix("export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=").unwrap();
    assert_eq!(Path::new(token_file), scene.path("token"));

    let script = r#"cd / && echo "$SSOCREDS_USER_CONFIG_FILE" "$SSOCREDS_USER_CREDENTIALS_FILE" \
        && eval "$(sed -n 's/^credential_process = //p' "$AWS_CONFIG_FILE")""#;
    let cache = ["--cache-dir", ".aws/sso/cache", "--role-cache-dir", "roles"];
    for (options, by_variable) in [(&cache[..], false), (&[][..], true)] {
        let options = [&["--profile", "devsso", "--no-cache", "--renew=process"], options].concat();
        let mut command = self::command(&scene, &options, script);
        command
            .current_dir(&home)
            .env("AWS_CONFIG_FILE", ".aws/config")
            .env("AWS_SHARED_CREDENTIALS_FILE", "./.aws/credentials");
        if by_variable {
            command
                .env("HOME", "/nowhere")
                .env("SSOCREDS_CACHE_DIR", ".aws/sso/cache")
                .env("SSOCREDS_ROLE_CACHE_DIR", "roles");
        }
        let printed = scene.run_command(&mut command).success();
        let (paths, json) = printed.split_once('\n').unwrap();
        assert_eq!(paths, "HOME/.aws/config HOME/.aws/credentials");
        assert!(json.contains("AccessKeyId"), "{json}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credential_process_gets_the_options_of_the_run() {
    let scene = Scene::new(TokenState::Valid).await;
    let show = r#"sed -n 's/^credential_process = //p' "$AWS_CONFIG_FILE""#;
    let options = [
        "--profile",
        "devsso",
        "--renew=process",
        "--timeout",
        "2.5",
        "--connect-timeout",
        "2",
        "--allow-unsaved-refresh",
        "--no-cache",
        "--cache-dir",
        ".aws/sso/cache",
    ];
    let mut command = command(&scene, &options, show);
    let printed = scene.run_command(command.current_dir(scene.path(""))).success();
    let (_, options) = printed.split_once(" credential-process ").unwrap();
    assert_eq!(
        options,
        "--profile=devsso --cache-dir=HOME/.aws/sso/cache --timeout=2.5 --connect-timeout=2 \
         --no-cache --allow-unsaved-refresh\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_listens_beyond_loopback_only_with_its_option() {
    let scene = Scene::new(TokenState::Valid).await;
    let run = scene.run(&["serve", "--profile", "devsso", "--listen", "0.0.0.0:0"]);
    assert!(run.failure(1).contains("loopback"), "{}", run.stderr());
}
