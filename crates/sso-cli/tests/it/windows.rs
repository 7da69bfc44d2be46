//! Behaviour that differs on Windows.

use std::process::Command;

use sso_emulator::TokenState;

use crate::program::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn exec_finds_a_batch_file_by_its_bare_name() {
    let scene = Scene::new(TokenState::Valid).await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("tool.cmd"), "@echo %AWS_ACCESS_KEY_ID%\r\n").unwrap();
    let mut command = scene.command(&["exec", "--profile", "devsso", "--", "tool"]);
    let printed = scene.run_command(command.env("PATH", directory.path())).success();
    assert!(scene.emulator.owner_of(printed.trim()).is_some(), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_null_device_is_an_empty_config_file() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut command = scene.command(&["config"]);
    command.env("AWS_CONFIG_FILE", "NUL").env("AWS_SHARED_CREDENTIALS_FILE", "nul");
    scene.run_command(&mut command).success();
}

/// `ctrl_c press` runs `ssocreds` in a new console, sends Ctrl-C to it, and exits with its exit code.
/// `ctrl_c wait` is the command of `ssocreds exec`. It exits with 7 half a second after Ctrl-C.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ctrl_c, which `cargo xtask platforms windows` builds"]
async fn on_ctrl_c_exec_waits_for_the_command() {
    for renew in [&[][..], &["--renew"]] {
        let scene = Scene::new(TokenState::Valid).await;
        let ready = scene.path("ready");
        let mut exec = scene.command(&["exec", "--profile", "devsso"]);
        exec.args(renew).args(["--", "ctrl_c", "wait"]).arg(&ready);
        let mut press = Command::new("ctrl_c");
        press.env_clear().arg("press").arg(&ready).arg(exec.get_program()).args(exec.get_args());
        for (name, value) in exec.get_envs() {
            match value {
                Some(value) => press.env(name, value),
                None => press.env_remove(name),
            };
        }
        assert_eq!(press.status().unwrap().code(), Some(7), "{renew:?}");
    }
}
