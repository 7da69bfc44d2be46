//! `console`: the link to the AWS console, and the browser that it opens.

use sso_emulator::TokenState;

use crate::program::Scene;

const LINK: &str = "https://my-sso-portal.awsapps.com/start/#/console\
                    ?account_id=123456789012&role_name=SSOReadOnlyRole";

#[tokio::test(flavor = "multi_thread")]
async fn the_link_needs_no_login_and_no_request() {
    let scene = Scene::new(TokenState::Missing).await;
    let print = ["console", "--profile", "devsso", "--print"];
    assert_eq!(scene.run(&print).success(), format!("{LINK}\n"));
    let destination = "https://console.aws.amazon.com/s3/home?region=eu-west-1#x";
    let link = scene.run(&[&print[..], &["--destination", destination]].concat()).success();
    assert_eq!(
        link,
        format!(
            "{LINK}&destination=https%3A%2F%2Fconsole.aws.amazon.com%2Fs3%2Fhome\
             %3Fregion%3Deu-west-1%23x\n"
        )
    );
    assert_eq!(scene.emulator.counts().get_role_credentials, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_is_the_same_with_and_without_a_trailing_slash() {
    let scene = Scene::new(TokenState::Missing).await;
    for (at, end) in ["", "/", "#", "#/", "/#/"].into_iter().enumerate() {
        let name = format!("legacy{at}");
        scene.configure(&format!(
            "[profile {name}]\nsso_start_url = https://my-sso-portal.awsapps.com/start{end}\n\
             sso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = a b\n"
        ));
        let link = scene.run(&["console", "--print", "--profile", &name]).success();
        assert_eq!(link, format!("{}a%20b\n", LINK.trim_end_matches("SSOReadOnlyRole")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn console_fails_for_a_profile_without_a_role() {
    let scene = Scene::new(TokenState::Missing).await;
    scene.configure("[profile token]\nsso_session = dev-session\n");
    let error = scene.run(&["console", "--print", "--profile", "token"]).failure(3);
    assert!(error.contains("token"), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_browser_variable_selects_the_browser() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::new(TokenState::Missing).await;
    let (browser, opened) = (scene.path("browser"), scene.path("opened"));
    fs::write(&browser, format!("#!/bin/sh\nprintf %s \"$1\" > '{}'\n", opened.display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = scene.command(&["console", "--profile", "devsso"]);
    scene.run_command(command.env("BROWSER", &browser)).success();
    let started = std::time::Instant::now();
    while !opened.exists() && started.elapsed() < std::time::Duration::from_secs(10) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(fs::read_to_string(opened).unwrap(), LINK);

    let mut command = scene.command(&["console", "--profile", "devsso"]);
    let error = scene.run_command(command.env("BROWSER", "/nowhere/browser")).failure(1);
    assert!(error.contains(LINK), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn only_an_https_link_is_opened() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::new(TokenState::Missing).await;
    let (browser, opened) = (scene.path("browser"), scene.path("opened"));
    fs::write(&browser, format!("#!/bin/sh\n: > '{}'\n", opened.display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let urls = ["file:///tmp/x.desktop", "javascript:alert(1)//", "--option", "http://a.example"];
    for (at, url) in urls.into_iter().enumerate() {
        let name = format!("pasted{at}");
        scene.configure(&format!(
            "[profile {name}]\nsso_start_url = {url}\nsso_region = us-east-1\n\
             sso_account_id = 123456789012\nsso_role_name = a\n"
        ));
        let mut command = scene.command(&["console", "--profile", &name]);
        let error = scene.run_command(command.env("BROWSER", &browser)).failure(3);
        assert!(error.contains("is not https; correct sso_start_url"), "{error}");
    }
    assert!(!opened.exists());
}
