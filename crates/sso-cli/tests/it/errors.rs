//! Errors: their text on stderr, an empty stdout, and the documented exit code.

use std::fs;

use expect_test::{Expect, expect};
use serde_json::Value;
use sso_emulator::{ErrorName, Fault, Operation, ScriptedAnswer, TokenState};

use crate::program::{Scene, read_json};

const RUN: [&str; 3] = ["credential-process", "--profile", "devsso"];

fn check(scene: &Scene, code: i32, expected: &Expect) {
    let mut command = scene.command(&RUN);
    expected.assert_eq(&scene.run_command(command.env("AWS_MAX_ATTEMPTS", "1")).failure(code));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_login_is_an_error_that_names_the_command() {
    let scene = Scene::new(TokenState::Missing).await;
    check(
        &scene,
        4,
        &expect![[r#"
            ssocreds: a login is required
              because there is no token file HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json
              to log in, run: ssocreds login --sso-session dev-session
        "#]],
    );
    let legacy = scene.run(&["export", "--profile", "legacy"]).failure(4);
    expect![[r#"
        ssocreds: a login is required
          because there is no token file HOME/.aws/sso/cache/c7aaaf71fcc8777ae2475525ed049d39fe16c484.json
          to log in, run: ssocreds login --profile legacy
    "#]].assert_eq(&legacy);
    expect![[r#"
        ssocreds: a login is required
          because there is no token file HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json
          to log in, run: ssocreds login --sso-session dev-session
    "#]].assert_eq(&scene.run(&["token", "--profile", "devsso"]).failure(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_login_no_file_or_directory_is_created() {
    let scene = Scene::new(TokenState::Missing).await;
    let aws = scene.home.token_file.ancestors().nth(3).unwrap();
    assert_eq!(aws.file_name().unwrap(), ".aws");
    assert!(!aws.join("cli").exists());
    let tokens = scene.home.token_file.parent().unwrap();
    let list = || fs::read_dir(tokens).map(Iterator::count).unwrap_or_default();
    let before = list();
    scene.run(&RUN).failure(4);
    assert!(!aws.join("cli").exists());
    assert_eq!(list(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_session_is_not_used() {
    let scene = Scene::new(TokenState::Valid).await;
    fs::remove_file(&scene.home.token_file).unwrap();
    check(
        &scene,
        4,
        &expect![[r#"
            ssocreds: a login is required
              because there is no token file HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json; HOME/.aws/sso/cache/c7aaaf71fcc8777ae2475525ed049d39fe16c484.json holds a valid token for the same portal, but it belongs to a legacy profile, which names no sso-session
              to log in, run: ssocreds login --sso-session dev-session
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_token_file_requires_a_login() {
    let scene = Scene::new(TokenState::Valid).await;
    fs::write(&scene.home.token_file, "{\"accessToken\": \"MARK").unwrap();
    check(
        &scene,
        4,
        &expect![[r#"
            ssocreds: a login is required
              because the cache file HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json cannot be used; log in again, or remove it
              because it is not JSON: it ends too early at line 1, column 22 (byte 21)
              to log in, run: ssocreds login --sso-session dev-session
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_without_refresh_token_requires_a_login() {
    let scene = Scene::new(TokenState::ExpiredNotRefreshable).await;
    let mut token = crate::program::read_json(&scene.home.token_file);
    token["expiresAt"] = "2026-01-01T00:00:00Z".into();
    fs::write(&scene.home.token_file, token.to_string()).unwrap();
    check(
        &scene,
        4,
        &expect![[r#"
            ssocreds: a login is required
              because the access token expired at 2026-01-01T00:00:00Z and cannot be refreshed: the token file has no refreshToken; log in again to renew the token
              to log in, run: ssocreds login --sso-session dev-session
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_requires_a_login() {
    let scene = Scene::new(TokenState::Expired).await;
    scene.emulator.end_session();
    check(
        &scene,
        4,
        &expect![[r#"
            ssocreds: a login is required
              because the session has ended
              because CreateToken failed with InvalidGrantException (HTTP 400): Invalid grant provided; log in again (request id ...); the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO_OIDC (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
              to log in, run: ssocreds login --sso-session dev-session
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_configuration_exit_with_3() {
    let scene = Scene::new(TokenState::Valid).await;
    let error = scene.run(&["credential-process", "--profile", "devssso"]).failure(3);
    expect![[r#"
        ssocreds: profile "devssso" is neither in HOME/.aws/config nor in HOME/.aws/credentials, which does not exist; did you mean "devsso"?
          to show the sessions and profiles, run: ssocreds status
    "#]].assert_eq(&error);
    scene.configure("[profile x]\nsso_session = dev-sesion\n");
    expect![[r#"
        ssocreds: profile "x" names the sso-session "dev-sesion", HOME/.aws/config line 22, and there is no [sso-session dev-sesion] in HOME/.aws/config; did you mean "dev-session"?
          to show the parsed config files, run: ssocreds config
    "#]].assert_eq(&scene.run(&["export", "--profile", "x"]).failure(3));
    let mut command = scene.command(&RUN);
    let error = scene.run_command(command.env("AWS_USE_FIPS_ENDPOINT", "ja")).failure(3);
    expect![[r#"
        ssocreds: AWS_USE_FIPS_ENDPOINT (environment): the value is neither true nor false; set it to one of them, or remove it
          to show the parsed config files, run: ssocreds config
    "#]].assert_eq(&error);
    scene.configure("[profile \u{1b}]");
    let error = scene.run(&["export", "--profile", "\u{1b}"]).failure(3);
    expect![[r#"
        ssocreds: profile "\u{1b}" is neither in HOME/.aws/config nor in HOME/.aws/credentials, which does not exist; HOME/.aws/config line 24: the section [profile \u{1b}] is ignored: its name holds the control character '\u{1b}'; write it as [profile NAME], with NAME in quotes if needed
          to show the sessions and profiles, run: ssocreds status
    "#]].assert_eq(&error);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_requests_exit_with_5() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.unassign("123456789012", "SSOReadOnlyRole");
    check(
        &scene,
        5,
        &expect![[r#"
            ssocreds: access to the role SSOReadOnlyRole in the account 123456789012 at https://my-sso-portal.awsapps.com/start was denied; ask the administrator of IAM Identity Center for the assignment, or correct the profile
              because GetRoleCredentials failed with ForbiddenException (HTTP 403): No access; check that the role SSOReadOnlyRole is assigned to you in the account 123456789012, and that the account is in the organization (request id ...); the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
              to list your roles, run: ssocreds roles --profile devsso
              if the role was assigned to you a short time ago, log in again: ssocreds login --sso-session dev-session
        "#]],
    );
    for (error, code) in [(ErrorName::InvalidRequest, 5), (ErrorName::ResourceNotFound, 5)] {
        scene.emulator.fault_next(Operation::GetRoleCredentials, 1, error);
        scene.run(&RUN).failure(code);
    }
}

/// Roles cannot be listed without a token, so the error does not suggest it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_suggests_a_login() {
    let scene = Scene::new(TokenState::Expired).await;
    scene.emulator.fault_on(Operation::CreateToken, ErrorName::InvalidRequest);
    for command in ["token", "credential-process", "roles"] {
        let error = scene.run(&[command, "--profile", "devsso"]).failure(4);
        assert!(error.contains("InvalidRequestException"), "{error}");
        assert!(error.ends_with("run: ssocreds login --sso-session dev-session\n"), "{error}");
    }
}

/// Such a token cannot be sent, so it counts as rejected.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_a_header_value_requires_a_login() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut token = read_json(&scene.home.token_file);
    token["accessToken"] = "line\nfeed".into();
    fs::write(&scene.home.token_file, token.to_string()).unwrap();
    for command in ["credential-process", "roles"] {
        scene.run(&[command, "--profile", "devsso"]).success();
    }
    assert_eq!(scene.emulator.counts().refreshes, 1);

    token["refreshToken"] = "".into();
    fs::write(&scene.home.token_file, token.to_string()).unwrap();
    for command in ["credential-process", "roles"] {
        let error = scene.run(&[command, "--profile", "devsso", "--no-cache"]).failure(4);
        assert!(error.contains("is not allowed in a header"), "{error}");
        assert!(error.ends_with("run: ssocreds login --sso-session dev-session\n"), "{error}");
    }
}

/// The profile's name looks like an option.
#[tokio::test(flavor = "multi_thread")]
async fn the_suggested_command_quotes_the_profile_name() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.configure("[profile \"-x y\"]\nsso_session = dev-session\n");
    let error = scene.run(&["export", "--profile=-x y"]).failure(3);
    let (_, next) = error.trim().split_once("run: ").unwrap();
    let quote = if cfg!(windows) { '"' } else { '\'' };
    assert_eq!(next, format!("ssocreds token --profile={quote}-x y{quote}"));
    scene.run(&["token", "--profile=-x y"]).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_until_the_timeout_is_the_error_of_the_service() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::TooManyRequests);
    let mut command = scene.command(&["export", "--profile", "devsso", "--timeout", "3"]);
    let run = scene.run_command(command.env_remove("AWS_MAX_ATTEMPTS"));
    assert_eq!(run.code(), Some(6));
    assert!(run.stderr().contains("TooManyRequestsException (HTTP 429)"), "{}", run.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn unavailable_services_exit_with_6() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::InternalServer);
    check(
        &scene,
        6,
        &expect![[r#"
            ssocreds: the SSO portal gave no credentials for the role SSOReadOnlyRole in the account 123456789012
              because GetRoleCredentials failed with InternalServerException (HTTP 500): Internal server error; try again later (request id ...); the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
              try again later; -v shows each attempt
        "#]],
    );
    scene.emulator.clear_faults();
    scene.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::TooManyRequests);
    check(
        &scene,
        6,
        &expect![[r#"
            ssocreds: the SSO portal gave no credentials for the role SSOReadOnlyRole in the account 123456789012
              because GetRoleCredentials failed with TooManyRequestsException (HTTP 429): HTTP 429 Unknown Code; send fewer requests, or try again later (request id ...); the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
              try again later; -v shows each attempt
              AWS_MAX_ATTEMPTS (environment) allows 1 attempt; remove it to wait until the service answers or the timeout ends
        "#]],
    );
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    let limited = config.replace("[profile devsso]\n", "[profile devsso]\nmax_attempts = 2\n");
    fs::write(&scene.home.config_file, limited).unwrap();
    let error = scene.run(&RUN).failure(6);
    let origin = "max_attempts of [profile devsso], HOME/.aws/config line ";
    assert!(error.contains(origin) && error.contains(" allows 2 attempts; remove it"), "{error}");
    fs::write(&scene.home.config_file, config).unwrap();
    // Without the setting the timeout ends the call.
    let unlimited = scene.run(&[&RUN[..], &["--timeout", "1"]].concat()).failure(6);
    assert!(!unlimited.contains("allows"), "{unlimited}");
    scene.emulator.clear_faults();
    scene.emulator.fault(Fault::DropBeforeAnswer);
    check(
        &scene,
        6,
        &expect![[r#"
            ssocreds: the SSO portal gave no credentials for the role SSOReadOnlyRole in the account 123456789012
              because GetRoleCredentials got no answer; the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
              because the connection was closed before the answer was complete
              because client error (SendRequest)
              because connection closed before message completed
              try again later; -v shows each attempt
        "#]],
    );
    scene.emulator.clear_faults();
    scene.emulator.fault(Fault::Garbage);
    check(
        &scene,
        6,
        &expect![[r#"
            ssocreds: the SSO portal gave no credentials for the role SSOReadOnlyRole in the account 123456789012
              because GetRoleCredentials got no answer; the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
              because the answer is not HTTP; check the endpoint and the proxy
              because client error (SendRequest)
              because invalid HTTP version parsed
        "#]],
    );
}

/// The certificate will not become trusted by itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_certificate_suggests_no_later_attempt() {
    let scene = Scene::with(sso_emulator::Emulator::builder().tls(true), TokenState::Valid).await;
    let mut command = scene.command(&RUN);
    let error = scene.run_command(command.env_remove("AWS_CA_BUNDLE")).failure(6);
    assert!(error.contains("not trusted") && !error.contains("later"), "{error}");
}

/// A proxy that requires a password, and one that refuses the tunnel.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_suggests_no_later_attempt() {
    use std::io::{Read as _, Write as _};

    let scene = Scene::with(sso_emulator::Emulator::builder().tls(true), TokenState::Valid).await;
    for status in ["407 Proxy Authentication Required", "403 Forbidden"] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let answer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        });
        let mut command = scene.command(&RUN);
        command.env("HTTPS_PROXY", &proxy).env("NO_PROXY", "");
        command.env("AWS_ENDPOINT_URL_SSO", "https://portal.example");
        let error = scene.run_command(&mut command).failure(6);
        answer.join().unwrap();
        // Windows ignores the case of a variable's name.
        let is_named = error.to_ascii_uppercase().contains("HTTPS_PROXY");
        assert!(error.contains(&proxy) && is_named, "{error}");
        assert!(!error.contains("later"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_captive_portal_is_an_error() {
    let scene = Scene::new(TokenState::Valid).await;
    let page = ScriptedAnswer::raw(403, "text/html", "<html>Please log in to the Wi-Fi</html>");
    scene.emulator.fault(Fault::from(page));
    check(
        &scene,
        6,
        &expect![[r#"
            ssocreds: the SSO portal gave no credentials for the role SSOReadOnlyRole in the account 123456789012
              because GetRoleCredentials got an answer that is not from AWS (HTTP 403, text/html: "Please log in to the Wi-Fi"); a proxy, or a login page of your network, may have answered instead (request id ...); the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
        "#]],
    );
}

/// The text and the error number of a refused connection depend on the operating system.
fn hide_system_error(text: &str) -> String {
    let shown = text.lines().map(|line| match line.split_once("because ") {
        Some((before, _)) if line.ends_with(')') && line.contains("(os error ") => {
            format!("{before}because REFUSED\n")
        }
        _ => format!("{line}\n"),
    });
    shown.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_an_error() {
    let scene = Scene::new(TokenState::Valid).await;
    // Kept until the end, so that no other test listens on the port.
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = bound.local_addr().unwrap();
    let mut command = scene.command(&RUN);
    command.env("AWS_ENDPOINT_URL_SSO", format!("http://{closed}")).env("AWS_MAX_ATTEMPTS", "1");
    let error = scene.run_command(&mut command).failure(6);
    expect![[r#"
        ssocreds: the SSO portal gave no credentials for the role SSOReadOnlyRole in the account 123456789012
          because GetRoleCredentials got no answer; the endpoint http://CLOSED was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own
          because failed to connect to CLOSED; check the network, and HTTPS_PROXY if you need a proxy
          because tcp connect error
          because REFUSED
          try again later; -v shows each attempt
    "#]].assert_eq(&hide_system_error(&error.replace(&closed.to_string(), "CLOSED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_ca_bundle_is_a_configuration_error() {
    let builder = sso_emulator::Emulator::builder().tls(true);
    let scene = Scene::with(builder, TokenState::Valid).await;
    scene.run(&RUN).success();
    let mut command = scene.command(&["export", "--profile", "devsso", "--no-cache"]);
    let error = scene.run_command(command.env("AWS_CA_BUNDLE", "/nowhere/ca.pem")).failure(3);
    assert!(error.contains("/nowhere/ca.pem"), "{error}");
}

fn json(scene: &Scene, arguments: &[&str], code: i32) -> Value {
    let mut command = scene.command(arguments);
    let run = scene.run_command(command.env("AWS_MAX_ATTEMPTS", "1"));
    serde_json::from_str(&run.failure(code)).expect("stderr is one JSON value")
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_json_commands_are_json() {
    let scene = Scene::new(TokenState::Missing).await;
    let error = json(&scene, &["token", "--profile", "devsso", "--format", "json"], 4);
    expect![[r#"
        {
          "error": {
            "causes": [
              "there is no token file HOME/.aws/sso/cache/6a8732fe3624aef043e5f7811b597bd5e2a56b39.json"
            ],
            "exit_code": 4,
            "kind": "login_required",
            "login_command": "ssocreds login --sso-session dev-session",
            "message": "a login is required"
          }
        }
    "#]].assert_eq(&format!("{error:#}\n"));
    let error = json(&scene, &["roles", "--profile", "nobody", "--format=json"], 3);
    assert_eq!(error["error"]["kind"], "configuration");

    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.fault_on(Operation::ListAccounts, ErrorName::InternalServer);
    let mut error = json(&scene, &["accounts", "--profile", "devsso", "--format", "json"], 6);
    assert!(error["error"]["service"]["request_id"].is_string(), "{error}");
    error["error"]["service"]["request_id"] = "...".into();
    expect![[r#"
        {
          "error": {
            "causes": [
              "ListAccounts failed with InternalServerException (HTTP 500): Internal server error; try again later (request id ...); the endpoint EMULATOR was set by AWS_ENDPOINT_URL_SSO (environment): set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true to use AWS's own"
            ],
            "exit_code": 6,
            "kind": "unavailable",
            "message": "the SSO portal did not list all accounts",
            "service": {
              "code": "InternalServerException",
              "operation": "ListAccounts",
              "request_id": "...",
              "status": 500
            }
          }
        }
    "#]].assert_eq(&format!("{error:#}\n"));
    scene.emulator.unassign("123456789012", "SSOReadOnlyRole");
    let error = json(&scene, &["export", "--profile", "devsso", "--format", "json"], 5);
    assert_eq!(error["error"]["service"]["code"], "ForbiddenException");
    assert_eq!(error["error"]["kind"], "refused");
}
