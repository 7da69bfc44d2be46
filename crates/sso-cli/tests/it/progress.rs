//! What is shown of a long wait: on a terminal something, in a pipe nothing.

use std::time::Duration;

use sso_emulator::{ErrorName, Fault, Operation, ScriptedAnswer, TokenState};

use crate::program::{Scene, binary};

/// Runs the program on a terminal of its own, by util-linux's `script`; `None` where there is none.
#[cfg(target_os = "linux")]
fn on_a_terminal(scene: &Scene, arguments: &str) -> Option<String> {
    let command = format!("{} {arguments}", binary().display());
    let output = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .envs(scene.home.environment.iter().cloned())
        .stdin(std::process::Stdio::null())
        .output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            println!("skipped: there is no script here");
            None
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_waited_for_visibly() {
    let scene = Scene::new(TokenState::Valid).await;
    let slow = Fault::Delay(Duration::from_millis(900));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, slow);
    let arguments = "credential-process --profile devsso --no-cache";
    let Some(shown) = on_a_terminal(&scene, arguments) else { return };
    assert!(shown.starts_with("\rssocreds: getting credentials from AWS SSO ..."), "{shown:?}");
    let (_, printed) = shown.rsplit_once('\r').unwrap_or_default();
    assert!(shown.contains("\r{\"Version\":1,") || printed.contains("{\"Version\""), "{shown:?}");

    // What is quick is not worth a word.
    let shown = on_a_terminal(&scene, arguments).unwrap();
    assert!(shown.starts_with("{\"Version\":1,"), "{shown:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_counted_down() {
    let scene = Scene::new(TokenState::Valid).await;
    let busy =
        ScriptedAnswer::error(ErrorName::TooManyRequests).retry_after(Duration::from_secs(1));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, busy);
    let Some(shown) = on_a_terminal(&scene, "credential-process --profile devsso") else { return };
    let line = "ssocreds: the portal answered 429; trying again in 1 s (attempt 2 of 3)";
    assert!(shown.contains(line), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_told_nothing() {
    let scene = Scene::new(TokenState::Valid).await;
    let slow = Fault::Delay(Duration::from_millis(800));
    scene.emulator.fault_next(Operation::GetRoleCredentials, 1, slow);
    scene.run(&["credential-process", "--profile", "devsso"]).success();
}

/// A table has colour on a terminal, and none where `NO_COLOR` or `--color` says so.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn colour_is_for_terminals() {
    let scene = Scene::new(TokenState::Valid).await;
    let Some(shown) = on_a_terminal(&scene, "status") else { return };
    assert!(shown.contains("\u{1b}[32msigned in\u{1b}[0m"), "{shown:?}");
    let shown = on_a_terminal(&scene, "status --color never").unwrap();
    assert!(shown.contains("signed in") && !shown.contains('\u{1b}'), "{shown:?}");
}
