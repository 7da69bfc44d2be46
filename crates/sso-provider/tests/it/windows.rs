//! Another program holds the token file or the lock file open, as virus scanners do.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::scene::{Scene, answer, value};

/// Until it is closed, others can neither write, nor rename, nor delete the file.
fn hold(path: &Path) -> File {
    const FILE_SHARE_READ: u32 = 1;
    OpenOptions::new().read(true).share_mode(FILE_SHARE_READ).open(path).unwrap()
}

#[tokio::test(start_paused = true)]
async fn lock_file_held_by_another_program_is_waited_for() {
    let scene = Scene::new();
    scene.token("old", 0);
    let lock = scene.file().lock_path().unwrap();
    let held = OpenOptions::new().write(true).create_new(true).share_mode(0).open(lock).unwrap();
    let impatient = scene.builder().lock_timeout(Duration::from_secs(1)).build().unwrap();
    let error = impatient.retrieve_bearer_token().await.unwrap_err();
    assert!(!error.needs_login(), "{error}");
    assert_eq!(scene.oidc.calls(), 0, "no refresh without the lock");
    drop(held);
    assert_eq!(value(&scene.provider()).await, "new-1");
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

#[tokio::test(start_paused = true)]
async fn refreshed_token_is_adopted_from_the_temporary_file_by_another_provider() {
    let scene = Scene::new();
    scene.token("old", 0);
    let path = scene.path();
    let held = Arc::new(Mutex::new(None));
    let holder = Arc::clone(&held);
    scene.oidc.answer(move |call, _| {
        *holder.lock().unwrap() = Some(hold(&path));
        Ok(answer(call))
    });
    // The file is held for the whole retry.
    let provider = scene.provider();
    assert_eq!(value(&provider).await, "new-1");
    assert_eq!(scene.stored().access_token().expose_secret(), "old");
    let started = Instant::now();
    assert_eq!(value(&provider).await, "new-1");
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(2), "the thread was blocked for {elapsed:?}");

    // Each provider stands for another process. The refresh token in the file is spent.
    let error = scene.provider().retrieve_bearer_token().await.unwrap_err();
    assert!(!error.needs_login(), "{error}");
    held.lock().unwrap().take();
    assert_eq!(value(&scene.provider()).await, "new-1");
    assert_eq!(scene.stored().refresh_token().unwrap().expose_secret(), "rotated-1");
    assert_eq!(scene.oidc.calls(), 1);
}
