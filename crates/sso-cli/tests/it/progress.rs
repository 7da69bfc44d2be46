//! The progress line of a long wait, which is shown only on a terminal.

use std::time::Duration;

use sso_emulator::{ErrorName, Fault, Operation, ScriptedAnswer, TokenState};

use crate::program::Scene;

/// Runs the program on a new terminal, and returns the terminal's output.
#[cfg(target_os = "linux")]
fn on_a_terminal(scene: &Scene, arguments: &str) -> String {
    on_a_terminal_with(scene, arguments, &[])
}

#[cfg(target_os = "linux")]
fn on_a_terminal_with(scene: &Scene, arguments: &str, more: &[(&str, &str)]) -> String {
    let output = scene.terminal_command(arguments).envs(more.iter().copied()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn a_slow_answer_shows_progress() {
    let scene = Scene::new(TokenState::Valid).await;
    let slow = Fault::Delay(Duration::from_millis(1500));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, slow);
    let arguments = "credential-process --profile devsso --no-cache";
    let shown = on_a_terminal(&scene, arguments);
    assert!(shown.starts_with("\rssocreds: getting credentials from AWS SSO ..."), "{shown:?}");
    let (_, printed) = shown.rsplit_once('\r').unwrap_or_default();
    assert!(shown.contains("\r{\"Version\":1,") || printed.contains("{\"Version\""), "{shown:?}");

    // A short run shows no progress. On a busy machine, one of several runs must be short.
    let quick = (0..50).find_map(|_| {
        let started = std::time::Instant::now();
        let shown = on_a_terminal(&scene, arguments);
        (started.elapsed() < Duration::from_millis(500)).then_some(shown)
    });
    let shown = quick.expect("no run was quick");
    assert!(shown.starts_with("{\"Version\":1,"), "{shown:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn the_time_until_a_retry_is_shown() {
    let scene = Scene::new(TokenState::Valid).await;
    let busy =
        ScriptedAnswer::error(ErrorName::TooManyRequests).retry_after(Duration::from_secs(2));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, busy);
    let shown = on_a_terminal(&scene, "credential-process --profile devsso");
    let line = "ssocreds: the portal answered 429; trying again in 1 s";
    assert!(shown.contains(line), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_not_written_to_a_pipe() {
    let scene = Scene::new(TokenState::Valid).await;
    let slow = Fault::Delay(Duration::from_millis(800));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, slow);
    scene.run(&["credential-process", "--profile", "devsso"]).success();
}

/// A table has colour on a terminal, unless `NO_COLOR` or `--color` disables it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn colour_is_used_only_on_a_terminal() {
    let scene = Scene::new(TokenState::Valid).await;
    let shown = on_a_terminal(&scene, "status");
    assert!(shown.contains("\u{1b}[32mlogged in\u{1b}[0m"), "{shown:?}");
    let by_variable = on_a_terminal_with(&scene, "status", &[("NO_COLOR", "1")]);
    let by_option = on_a_terminal(&scene, "status --color never");
    for shown in [by_variable, by_option] {
        assert!(shown.contains("logged in") && !shown.contains('\u{1b}'), "{shown:?}");
    }
}

/// Another process is refreshing the token, and the program waits for it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn a_wait_for_another_process_shows_progress() {
    let scene = Scene::new(TokenState::Expired).await;
    let slow = Fault::Delay(Duration::from_secs(3));
    scene.emulator.fault_next(Operation::CreateToken, 1, slow);
    let mut first = scene
        .command(&["token", "--profile", "devsso"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The other process holds the lock when its request arrives.
    while scene.emulator.counts().create_token == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let shown = on_a_terminal(&scene, "token --profile devsso");
    assert!(first.wait().unwrap().success());
    let line = "\rssocreds: waiting for another process to refresh the access token ...";
    assert!(shown.contains(line), "{shown:?}");
    assert_eq!(scene.emulator.counts().create_token, 1);
}

/// The text of one wait is not shown during the next.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn the_progress_of_a_wait_for_another_process_is_removed() {
    let scene = Scene::new(TokenState::Expired).await;
    let slow = |milliseconds| Fault::Delay(Duration::from_millis(milliseconds));
    scene.emulator.fault_next(Operation::CreateToken, 1, slow(3000));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, slow(1500));
    let mut first = scene
        .command(&["token", "--profile", "devsso"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while scene.emulator.counts().create_token == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let shown = on_a_terminal(&scene, "credential-process --profile devsso");
    assert!(first.wait().unwrap().success());
    let waited = "\rssocreds: waiting for another process to refresh the access token ...";
    let (_, after) = shown.rsplit_once(waited).unwrap();
    assert!(after.contains("\rssocreds: getting credentials from AWS SSO ..."), "{shown:?}");
}

/// The text about a second attempt of a refresh is not shown during the next request.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn the_progress_of_a_further_attempt_is_removed() {
    let scene = Scene::new(TokenState::Expired).await;
    let busy =
        ScriptedAnswer::error(ErrorName::TooManyRequests).retry_after(Duration::from_secs(1));
    scene.emulator.fault_next(Operation::CreateToken, 1, busy);
    let slow = Fault::Delay(Duration::from_millis(1500));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, slow);
    let shown = on_a_terminal(&scene, "credential-process --profile devsso");
    assert_eq!(scene.emulator.counts().create_token, 2);
    let (_, last) = shown.rsplit_once("\rssocreds: ").unwrap_or_else(|| panic!("{shown:?}"));
    let what = "getting credentials from AWS SSO ...";
    assert!(last.starts_with(what) && !last.contains("attempt"), "{shown:?}");
}

/// Lists many accounts at the rate that the portal allows.
///
/// One run without throttling is enough: on a busy machine, the emulator may stop for most of a second,
/// and then receive and throttle the requests of that time at once. A program that ignored the rate would
/// be throttled in every run.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs script"]
async fn throttling_shows_progress() {
    let mut requests = Vec::new();
    while requests.last() != Some(&45) {
        assert!(requests.len() < 5, "some were throttled in each run: {requests:?} instead of 45");
        let mut builder = sso_emulator::Emulator::builder().throttle(20);
        for at in 0..45 {
            builder = builder.account(format!("{at:012}"), format!("Account {at}"), "a@b.c", ["R"]);
        }
        let scene = Scene::with(builder, TokenState::Valid).await;
        let shown = on_a_terminal(&scene, "roles --profile devsso");
        assert!(shown.contains("\rssocreds: listing roles, "), "{shown:?}");
        assert!(shown.contains(" of 45 accounts done ..."), "{shown:?}");
        assert_eq!(shown.matches("Account ").count(), 45, "{shown}");
        requests.push(scene.emulator.counts().list_account_roles);
    }
}
