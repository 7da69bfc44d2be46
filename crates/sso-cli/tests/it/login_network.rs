//! `login` through a proxy, and with certificates of a private authority.

use std::fs;
use std::sync::{Arc, Mutex};

use sso_emulator::{Emulator, TokenState};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::login::{approve, started};
use crate::program::{Scene, read_json, set_in_profile};

/// Starts a proxy that opens tunnels only to this machine. Returns its URL and the requested targets.
async fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let targets = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&targets);
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(tunnel(client, Arc::clone(&seen)));
        }
    });
    (url, targets)
}

async fn tunnel(mut client: TcpStream, targets: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let target = target.unwrap_or_else(|| panic!("not a tunnel: {head}")).to_owned();
    targets.lock().unwrap().push(target.clone());
    if !target.starts_with("127.0.0.1:") {
        client.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
        return;
    }
    let mut server = TcpStream::connect(target).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_through_the_proxy() {
    let scene = Scene::with(Emulator::builder().tls(true), TokenState::Missing).await;
    let (url, targets) = proxy().await;
    let mut login = scene.command(&["login", "--profile", "devsso", "--use-device-code"]);
    login.env_remove("NO_PROXY").env("HTTPS_PROXY", url);
    let login = started(login);
    approve(&scene.emulator);
    let output = login.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let token = read_json(&scene.home.token_file);
    assert!(scene.emulator.is_live(token["refreshToken"].as_str().unwrap()));
    let emulator = scene.emulator.oidc_url().replace("https://", "");
    let targets = targets.lock().unwrap();
    assert!(!targets.is_empty() && targets.iter().all(|target| *target == emulator), "{targets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_trusts_aws_ca_bundle() {
    let scene = Scene::with(Emulator::builder().tls(true), TokenState::Missing).await;
    let arguments = ["login", "--profile", "devsso", "--use-device-code"];
    let run = scene.run_command(scene.command(&arguments).env_remove("AWS_CA_BUNDLE"));
    assert_ne!(run.code(), Some(0));
    assert!(
        run.stderr().contains("signed by an authority that is not trusted"),
        "{}",
        run.stderr()
    );
    assert_eq!(scene.emulator.counts().register_client, 0);

    let login = started(scene.command(&arguments));
    approve(&scene.emulator);
    let output = login.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dual_stack_start_url_selects_the_dual_stack_endpoint() {
    let scene = Scene::new(TokenState::Expired).await;
    let config = fs::read_to_string(&scene.home.config_file).unwrap();
    let portal = "https://ssoins-1.portal.us-east-1.app.aws";
    let config = config.replace("https://my-sso-portal.awsapps.com/start", portal);
    fs::write(&scene.home.config_file, config).unwrap();
    // A refresh and a login use the endpoint.
    for arguments in [
        &["token", "--profile", "devsso"][..],
        &["login", "--profile", "devsso", "--use-device-code"],
    ] {
        let (url, targets) = proxy().await;
        let mut command = scene.command(arguments);
        command.env_remove("NO_PROXY").env_remove("AWS_ENDPOINT_URL_SSO_OIDC");
        command.env("HTTPS_PROXY", url).env("AWS_MAX_ATTEMPTS", "1");
        assert_ne!(scene.run_command(&mut command).code(), Some(0));
        let targets = targets.lock().unwrap();
        let expected = "oidc.us-east-1.api.aws:443";
        let is_expected = |target: &String| target == expected;
        assert!(
            !targets.is_empty() && targets.iter().all(is_expected),
            "{arguments:?}: {targets:?}"
        );
    }
}

/// Runs the command through a proxy that opens no tunnel, without the emulator's endpoints in the
/// environment. Returns the hosts that it tried to reach.
pub(crate) async fn hosts_of(scene: &Scene, arguments: &[&str]) -> Vec<String> {
    let (url, targets) = proxy().await;
    let mut command = scene.command(arguments);
    command.env_remove("NO_PROXY").env("HTTPS_PROXY", url);
    command.env_remove("AWS_ENDPOINT_URL_SSO").env_remove("AWS_ENDPOINT_URL_SSO_OIDC");
    scene.run_command(&mut command);
    let targets = targets.lock().unwrap();
    targets.iter().map(|target| target.trim_end_matches(":443").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn login_and_logout_use_the_settings_of_the_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    // With one attempt, there is one entry per request.
    set_in_profile(&scene, "devsso", "use_fips_endpoint = true\nmax_attempts = 1");
    let login = ["login", "--profile", "devsso", "--use-device-code"];
    assert_eq!(hosts_of(&scene, &login).await, ["oidc-fips.us-east-1.amazonaws.com"]);
    let logout = ["logout", "--profile", "devsso"];
    assert_eq!(hosts_of(&scene, &logout).await, ["portal.sso-fips.us-east-1.amazonaws.com"]);

    // Without a profile there are no settings.
    let login = ["login", "--sso-session", "dev-session", "--use-device-code"];
    let hosts = hosts_of(&scene, &login).await;
    assert!(!hosts.is_empty(), "{hosts:?}");
    assert!(hosts.iter().all(|host| host == "oidc.us-east-1.amazonaws.com"), "{hosts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_uses_the_endpoint_of_the_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    set_in_profile(&scene, "devsso", "services = emulator");
    scene.configure(&format!(
        "[services emulator]\nsso =\n  endpoint_url = {}\n",
        scene.emulator.portal_url()
    ));
    let mut command = scene.command(&["logout", "--profile", "devsso"]);
    let run = scene.run_command(command.env_remove("AWS_ENDPOINT_URL_SSO"));
    assert_eq!(run.success(), "Logged out of dev-session\n");
    assert_eq!(scene.emulator.counts().logout, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn login_all_and_logout_all_use_the_settings_of_each_session_s_first_profile() {
    let scene = Scene::new(TokenState::Valid).await;
    let standard = "max_attempts = 1";
    set_in_profile(&scene, "devsso", &format!("{standard}\nuse_fips_endpoint = true"));
    set_in_profile(&scene, "legacy", &format!("{standard}\nuse_dualstack_endpoint = true"));
    scene.configure(&format!("[profile later]\nsso_session = dev-session\n{standard}\n"));
    fs::copy(&scene.home.token_file, &scene.home.legacy_token_file).unwrap();
    // Its session is not configured.
    fs::copy(&scene.home.token_file, scene.home.token_file.with_file_name("other.json")).unwrap();

    let mut hosts = hosts_of(&scene, &["logout", "--all"]).await;
    hosts.sort();
    hosts.dedup();
    let expected = [
        "portal.sso-fips.us-east-1.amazonaws.com",
        "portal.sso.us-east-1.amazonaws.com",
        "portal.sso.us-east-1.api.aws",
    ];
    assert_eq!(hosts, expected);
    // The first session ends the command.
    let login = ["login", "--all", "--use-device-code"];
    assert_eq!(hosts_of(&scene, &login).await, ["oidc-fips.us-east-1.amazonaws.com"]);
}
