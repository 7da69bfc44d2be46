//! Another program holds the token file open without sharing deletion, as virus scanners do.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::scene::{Scene, answer, value};

/// Until it is closed, others can neither write, nor rename, nor delete the file.
fn hold(path: &Path) -> File {
    const FILE_SHARE_READ: u32 = 1;
    OpenOptions::new().read(true).share_mode(FILE_SHARE_READ).open(path).unwrap()
}

#[tokio::test(start_paused = true)]
async fn refreshed_token_is_written_once_the_file_is_closed() {
    let scene = Scene::new();
    scene.token("old", 0);
    let path = scene.path();
    scene.oidc.answer(move |call, _| {
        let held = hold(&path);
        tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            drop(held);
        });
        Ok(answer(call))
    });
    assert_eq!(value(&scene.provider()).await, "new-1");
    assert_eq!(scene.stored().access_token().expose_secret(), "new-1");
}
