//! Client registrations that cannot be reused.

use jiff::{SignedDuration, Timestamp};
use sso_cache::{ClientRegistration, ClientRegistrationFile};
use sso_login::Flow;
use sso_types::{ClientSecret, Clock as _, SystemClock};

use crate::scene::{Browser, Scene, User};

const NAME: &str = "bade61804c0c1ed937532f2471948a8b0179e111.json";

fn now() -> Timestamp {
    SystemClock.now()
}

#[tokio::test]
async fn a_registration_that_expires_soon_is_renewed() {
    let scene = Scene::new().await;
    let file = ClientRegistrationFile::new(scene.cache().join(NAME));
    let soon = now() + SignedDuration::from_mins(14);
    let old = ClientRegistration::new("old", ClientSecret::new("s"), soon)
        .with_grant_types(["authorization_code", "refresh_token"]);
    file.store(&old).unwrap();
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    assert_ne!(file.load().unwrap().client_id(), "old");
}

#[tokio::test]
async fn a_registration_for_another_flow_is_renewed() {
    let scene = Scene::new().await;
    let file = ClientRegistrationFile::new(scene.cache().join(NAME));
    for (flow, is_for_code) in
        [(Flow::DeviceCode, false), (Flow::AuthorizationCode, true), (Flow::DeviceCode, false)]
    {
        let login = scene.login().flow(flow).browser(Browser::default()).build();
        login.run(&User::allowing(&scene)).await.unwrap();
        assert_eq!(file.load().unwrap().allows_authorization_code(), is_for_code);
    }
    assert_eq!(scene.emulator.counts().register_client, 3);
}

#[tokio::test]
async fn an_invalid_registration_file_is_replaced() {
    let scene = Scene::new().await;
    std::fs::create_dir_all(scene.cache()).unwrap();
    std::fs::write(scene.cache().join(NAME), "{\"clientId\":").unwrap();
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    let file = ClientRegistrationFile::new(scene.cache().join(NAME));
    assert!(file.load().is_some());
}
