//! Hostile environments: pipes and devices instead of files, variables that are not UTF-8, names that
//! contain parts of URLs. The program exits with a clear error and sends nothing.

#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use sso_emulator::{Emulator, Operation, TokenState};

use crate::program::{Run, Scene, write_private};

const RUN: [&str; 3] = ["credential-process", "--profile", "devsso"];

/// The time limit for a run. Reading a pipe without a writer would take forever.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs the command, which must end within [`LIMIT`].
fn run(scene: &Scene, edit: impl FnOnce(&mut Command)) -> Run {
    let mut command = scene.command(&RUN);
    edit(&mut command);
    // `timeout` enforces the limit, because a thread could not end a run that hangs.
    let program = command.get_program().to_owned();
    let mut limited = Command::new("timeout");
    limited.arg("--signal=KILL").arg(LIMIT.as_secs().to_string()).arg(program);
    limited.args(command.get_args()).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let started = Instant::now();
    let run = scene.run_command(&mut limited);
    assert!(
        started.elapsed() < LIMIT && run.code().is_some(),
        "the run timed out: {}",
        run.stderr()
    );
    run
}

fn put(kind: &str, path: &Path) {
    let _ = fs::remove_file(path);
    match kind {
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "directory" => fs::create_dir(path).unwrap(),
        device => std::os::unix::fs::symlink(device, path).unwrap(),
    }
}

const NO_FILES: [&str; 4] = ["pipe", "directory", "/dev/zero", "/dev/null"];

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_or_a_device_in_place_of_a_config_file() {
    for variable in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let scene = Scene::new(TokenState::Valid).await;
        for kind in NO_FILES {
            let path = scene.path("odd");
            put(kind, &path);
            let run = run(&scene, |command| {
                command.env(variable, &path);
            });
            // The credentials file is not needed, because the profile is in the config file.
            let expected = if variable == "AWS_CONFIG_FILE" { 3 } else { 0 };
            assert_eq!(run.code(), Some(expected), "{variable} {kind}: {}", run.stderr());
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_or_a_device_in_place_of_the_token_file_or_its_lock() {
    for kind in NO_FILES {
        let scene = Scene::new(TokenState::Expired).await;
        let token = scene.home.token_file.clone();
        let content = fs::read_to_string(&token).unwrap();
        put(kind, &token);
        let found = run(&scene, |_| ()).failure(4);
        assert!(found.contains(token.file_name().unwrap().to_str().unwrap()), "{kind}: {found}");
        let _ = fs::remove_file(&token).or_else(|_| fs::remove_dir(&token));

        // If the lock cannot be taken, the program continues without it and warns.
        write_private(&token, &content);
        let mut lock = token.clone().into_os_string();
        lock.push(".lock");
        put(kind, Path::new(&lock));
        let run = run(&scene, |_| ());
        assert_eq!(run.code(), Some(0), "{kind}: {}", run.stderr());
        assert_eq!(scene.emulator.counts().create_token, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_or_a_device_in_place_of_cached_role_credentials() {
    let scene = Scene::new(TokenState::Valid).await;
    run(&scene, |_| ()).success();
    let role = scene.role_files().remove(0);
    for kind in NO_FILES {
        put(kind, &role);
        let run = run(&scene, |_| ());
        assert_eq!(run.code(), Some(0), "{kind}: {}", run.stderr());
        assert!(run.stdout().contains("SessionToken"));
        let _ = fs::remove_file(&role).or_else(|_| fs::remove_dir(&role));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_or_a_device_in_place_of_certificates() {
    let scene = Scene::with(Emulator::builder().tls(true), TokenState::Valid).await;
    for kind in NO_FILES {
        let path = scene.path("bundle");
        put(kind, &path);
        run(&scene, |command| {
            command.env("AWS_CA_BUNDLE", &path).arg("--no-cache");
        })
        .failure(3);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    assert!(scene.emulator.requests().is_empty());
}

/// The error names the variable. A path need not be UTF-8. A value with a NUL is not tested, because the
/// operating system ends the value there.
#[tokio::test(flavor = "multi_thread")]
async fn variables_that_are_not_utf_8_are_errors_if_used() {
    let scene = Scene::new(TokenState::Valid).await;
    let odd = OsStr::from_bytes(b"/nowhere/\xff\xfe");
    for (variable, code) in [
        ("AWS_PROFILE", 0), // --profile takes precedence
        ("AWS_DEFAULT_PROFILE", 0),
        ("AWS_CONFIG_FILE", 3), // a path: there is no such file, so no such profile
        ("AWS_SHARED_CREDENTIALS_FILE", 0),
        ("AWS_ENDPOINT_URL", 0), // the variables of the two services take precedence
        ("AWS_ENDPOINT_URL_SSO", 3),
        ("AWS_ENDPOINT_URL_SSO_OIDC", 3),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", 3),
        ("AWS_USE_FIPS_ENDPOINT", 3),
        ("AWS_USE_DUALSTACK_ENDPOINT", 3),
        ("AWS_MAX_ATTEMPTS", 3),
        ("AWS_CA_BUNDLE", 0), // a path, and the emulator speaks plain HTTP
        ("SSL_CERT_FILE", 0),
        ("SSL_CERT_DIR", 0),
        ("HTTPS_PROXY", 3),
        ("https_proxy", 3),
        ("ALL_PROXY", 3),
        ("all_proxy", 3),
        ("NO_PROXY", 3),
        ("no_proxy", 3),
        ("HOMEDRIVE", 0),
        ("HOMEPATH", 0),
        ("USERPROFILE", 0),
    ] {
        let run = run(&scene, |command| {
            command.env(variable, odd).arg("--no-cache");
        });
        let text = run.stderr();
        assert_eq!(run.code(), Some(code), "{variable}: {text}");
        assert!(!text.contains("panicked"), "{variable}: {text}");
        let is_path = variable == "AWS_CONFIG_FILE";
        assert!(code == 0 || is_path || text.contains(variable), "{variable}: {text}");
    }
    let profile = scene.run_command(scene.command(&["token"]).env("AWS_PROFILE", odd)).failure(3);
    assert!(profile.contains("AWS_PROFILE is not valid UTF-8"), "{profile}");
    // `ssocreds config` would fail in the same way.
    assert!(!profile.contains("run:"), "{profile}");
    // An argument that must be UTF-8 and is not is an error of the command line.
    let mut odd_argument = scene.command(&RUN[..2]);
    assert_eq!(scene.run_command(odd_argument.arg(OsString::from(odd))).code(), Some(2));
}

/// All files in the home directory are found. The path is shown with replacement characters.
#[tokio::test(flavor = "multi_thread")]
async fn a_home_directory_that_is_not_utf_8_works() {
    let scene = Scene::new(TokenState::Valid).await;
    let home = scene.path("").join(OsStr::from_bytes(b"\xff\x1b[2J"));
    fs::create_dir(&home).unwrap();
    fs::rename(scene.path(".aws"), home.join(".aws")).unwrap();
    let at_home = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.env("HOME", &home);
        command.env_remove("AWS_CONFIG_FILE").env_remove("AWS_SHARED_CREDENTIALS_FILE");
        scene.run_command(&mut command)
    };
    at_home(&RUN).success();
    assert!(home.join(".aws/cli/cache").is_dir());

    let status = at_home(&["status", "--format", "json"]).json();
    assert_eq!(status["token_directory"], "HOME/\u{fffd}\u{1b}[2J/.aws/sso/cache");
    let within = |path: &Value| path.as_str().unwrap().starts_with("HOME/\u{fffd}\u{1b}[2J/.aws/");
    assert!(within(&status["logins"][0]["token_file"]), "{status}");
    assert!(within(&status["profiles"][0]["role_credentials"]["file"]), "{status}");
    let config = at_home(&["config", "--format", "json"]).json();
    assert!(within(&config["files"]["config"]) && within(&config["files"]["credentials"]));
    for table in ["status", "config"] {
        let shown = at_home(&[table]).success();
        assert!(
            shown.contains("HOME/\u{fffd}\\u{1b}[2J/.aws/") && !shown.contains('\u{1b}'),
            "{shown}"
        );
    }
}

/// Tries variables, keys and options of many tools.
#[tokio::test(flavor = "multi_thread")]
async fn no_setting_disables_the_check_of_certificates() {
    let scene = Scene::with(Emulator::builder().tls(true), TokenState::Expired).await;
    scene.configure(
        "[profile loose]
sso_session = dev-session
sso_account_id = 123456789012
sso_role_name = SSOReadOnlyRole
verify_ssl = false
ssl_verify = false
no_verify_ssl = true
insecure = true
tls_verify = off
skip_tls_verify = true
ca_bundle =
",
    );
    let loose = |variables: &[(&str, &str)], profile: &str| {
        let mut command = scene.command(&["credential-process", "--profile", profile]);
        command.env_remove("AWS_CA_BUNDLE").env_remove("SSL_CERT_FILE");
        scene.run_command(command.envs(variables.iter().copied()))
    };
    for variables in [
        &[][..],
        &[("AWS_VERIFY_SSL", "false"), ("AWS_NO_VERIFY_SSL", "true"), ("AWS_CA_BUNDLE", "")],
        &[("NODE_TLS_REJECT_UNAUTHORIZED", "0"), ("PYTHONHTTPSVERIFY", "0")],
        &[("GIT_SSL_NO_VERIFY", "1"), ("CURL_INSECURE", "1"), ("SSL_VERIFY", "0")],
        &[("REQUESTS_CA_BUNDLE", ""), ("CURL_CA_BUNDLE", ""), ("SSL_CERT_FILE", "")],
    ] {
        for profile in ["devsso", "loose"] {
            let text = loose(variables, profile).failure(6);
            assert!(text.contains("certificate"), "{variables:?} {profile}: {text}");
        }
    }
    // An empty bundle does not make all certificates trusted.
    for bundle in ["/dev/null", "false", "off"] {
        loose(&[("AWS_CA_BUNDLE", bundle)], "devsso").failure(3);
    }
    for option in ["--no-verify-ssl", "--insecure", "-k"] {
        scene.run(&["credential-process", "--profile", "devsso", option]).failure(2);
    }
    assert!(scene.emulator.requests().is_empty(), "no request was sent");
    // The same request succeeds if the emulator's certificate authority is trusted.
    scene.run(&RUN).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_from_the_config_file_cannot_change_the_host_or_the_request() {
    let scene = Scene::new(TokenState::Valid).await;
    let odd = |region: &str, account: &str, role: &str| {
        let config = format!(
            "[profile odd]
sso_start_url = https://my-sso-portal.awsapps.com/start
sso_region = {region}
sso_account_id = {account}
sso_role_name = {role}
"
        );
        fs::write(&scene.home.config_file, config).unwrap();
        scene.run(&["credential-process", "--profile", "odd", "--no-cache"])
    };
    for region in [
        "evil.example/",
        "evil.example#",
        "evil.example?",
        "us-east-1.evil.example:80",
        "x@evil.example",
        "../x",
        "us-east-1%0d%0aHost:%20evil",
        "us east",
        "-x",
        "us-east\u{2028}-1",
        "us-east-1\u{b}Host: evil",
    ] {
        let text = odd(region, "123456789012", "R").failure(3);
        assert!(text.contains("region"), "{region:?}: {text}");
    }
    assert!(scene.emulator.requests().is_empty(), "no request was sent");
    for (account, role) in [
        ("1&role_name=Admin", "R"),
        ("../../logout", "R"),
        ("123456789012\rX-Evil: 1", "R"),
        ("123456789012", "R&account_id=999999999999"),
        ("123456789012", "R?x#y"),
        ("123456789012", "R%0d%0aX-Evil: 1"),
        ("123456789012", "R\rX-Evil: 1"),
        ("123456789012", "R\tx"),
    ] {
        let before = scene.emulator.requests().len();
        let run = odd("us-east-1", account, role);
        // The name is refused, or it is sent as one value, which is not assigned.
        assert!(matches!(run.code(), Some(3 | 5)), "{account:?} {role:?}: {}", run.stderr());
        for request in &scene.emulator.requests()[before..] {
            assert_eq!(request.operation, Some(Operation::GetRoleCredentials), "{request:?}");
            assert_eq!(request.query.split('&').count(), 2, "{request:?}");
            assert!(request.headers.iter().all(|(name, _)| name != "x-evil"), "{request:?}");
        }
    }
}
