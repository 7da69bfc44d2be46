//! What differs on Windows.

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
