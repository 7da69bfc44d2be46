//! Another program holds the token file or the lock file open, as virus scanners do.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::scene::{Scene, answer, value};

/// Opens the file so that no other program can write, rename or delete it.
fn hold(path: &Path) -> File {
    const FILE_SHARE_READ: u32 = 1;
    OpenOptions::new().read(true).share_mode(FILE_SHARE_READ).open(path).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_lock_file_that_another_program_holds_open_is_waited_for() {
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
async fn a_refreshed_token_is_written_when_another_program_closes_the_file() {
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
async fn another_provider_uses_the_token_in_the_temporary_file() {
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

    // A new provider behaves as another process does. The refresh token in the file is spent.
    let error = scene.provider().retrieve_bearer_token().await.unwrap_err();
    assert!(!error.needs_login(), "{error}");
    held.lock().unwrap().take();
    assert_eq!(value(&scene.provider()).await, "new-1");
    assert_eq!(scene.stored().refresh_token().unwrap().expose_secret(), "rotated-1");
    assert_eq!(scene.oidc.calls(), 1);
}
