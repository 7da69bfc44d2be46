//! Warnings about a token file that is used anyway. Each is logged once.

use crate::log::Log;
use crate::scene::{Scene, value};

#[cfg(unix)]
#[tokio::test]
async fn access_of_other_users_is_logged_once() {
    use std::os::unix::fs::PermissionsExt as _;

    let (log, _guard) = Log::capture();
    let scene = Scene::new();
    let provider = scene.provider();
    for token in ["first", "second"] {
        scene.token(token, 3600);
        let readable = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(scene.path(), readable).unwrap();
        assert_eq!(value(&provider).await, token);
    }
    let warning = "other users of this machine may read the cache file";
    assert_eq!(log.text().matches(warning).count(), 1, "{}", log.text());
}

#[tokio::test]
async fn a_token_for_another_host_is_logged_once() {
    let (log, _guard) = Log::capture();
    let scene = Scene::new();
    let start_url = "https://d-1.awsapps.com/start".parse().unwrap();
    let provider = scene.builder().start_url(start_url).build().unwrap();
    for (token, url) in [
        ("same", "https://D-1.awsapps.com/start/"),
        ("first", "https://d-2.awsapps.com/start"),
        ("second", "https://d-3.awsapps.com/start"),
    ] {
        scene.store(&scene.refreshable(token, 3600).with_start_url(url));
        assert_eq!(value(&provider).await, token);
    }
    let warning = "which has another host than the configured";
    assert_eq!(log.text().matches(warning).count(), 1, "{}", log.text());
    assert!(log.text().contains("d-2.awsapps.com"), "{}", log.text());
}
