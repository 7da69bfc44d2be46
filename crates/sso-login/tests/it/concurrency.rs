//! Concurrent logins.

use std::sync::Arc;

use sso_cache::TokenFile;
use sso_http::Endpoint;
use sso_login::{Login, LoginError};
use tokio::task::JoinSet;

use crate::scene::{Scene, User, get, https, session};

#[tokio::test]
async fn twenty_logins_ask_the_user_once() {
    let scene = Scene::new().await;
    let user = User::default();
    let login = Arc::new(scene.login().build());
    let mut logins = JoinSet::new();
    for _ in 0..20 {
        let (login, user) = (Arc::clone(&login), user.clone());
        logins.spawn(async move { login.run(&user).await });
    }
    // Wait until the other 19 logins wait for the first.
    while user.seen().iter().filter(|seen| *seen == "other login").count() < 19 {
        tokio::task::yield_now().await;
    }
    let answer = get(&user.page().await).await;
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    get(location).await;

    let finished = logins.join_all().await;
    let others = finished.iter().filter(|it| it.as_ref().unwrap().is_by_other_process()).count();
    assert_eq!(others, 19);
    let tokens: std::collections::BTreeSet<_> = finished
        .iter()
        .map(|it| it.as_ref().unwrap().token().access_token().expose_secret().to_owned())
        .collect();
    assert_eq!(tokens.len(), 1);
    let counts = scene.emulator.counts();
    assert_eq!((counts.authorize, counts.create_token), (1, 1));
}

#[tokio::test]
async fn a_waiting_login_asks_the_user_after_the_other_login_failed() {
    let scene = Scene::new().await;
    let (first, second) = (User::default(), User::default());
    let login = scene.login().build();
    let (failed, finished) = tokio::join!(
        async {
            let (failed, ()) = tokio::join!(login.run(&first), async {
                let (state, host) = (first.parameter("state").await, first.listener().await);
                while second.seen() != ["other login"] {
                    tokio::task::yield_now().await;
                }
                get(&format!("http://{host}/oauth/callback?error=access_denied&state={state}"))
                    .await;
            });
            failed
        },
        async {
            first.page().await;
            let (finished, ()) = tokio::join!(login.run(&second), async {
                let answer = get(&second.page().await).await;
                let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
                get(location.unwrap()).await;
            });
            finished
        }
    );
    assert!(matches!(failed, Err(LoginError::Denied)));
    assert!(!finished.unwrap().is_by_other_process());
}

#[tokio::test]
async fn concurrent_logins_to_two_sessions_are_independent() {
    let scene = Scene::new().await;
    let endpoint = scene.emulator.oidc_url().parse::<Endpoint>().unwrap().with_origin("a test");
    let other = TokenFile::new(scene.cache().join("other.json"));
    let other = Login::builder(https(), session("other"), other).oidc_endpoint(endpoint).build();
    let login = scene.login().build();
    let (one, two) = (User::default(), User::default());
    let (first, second, ()) = tokio::join!(login.run(&one), other.run(&two), async {
        assert_ne!(one.listener().await, two.listener().await);
        // The state of one login is rejected by the listener of the other.
        let crossed = format!(
            "http://{}/oauth/callback?code=x&state={}",
            one.listener().await,
            two.parameter("state").await
        );
        assert_eq!(crate::scene::status(&get(&crossed).await), 400);
        for user in [&two, &one] {
            let answer = get(&user.page().await).await;
            let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
            get(location.unwrap()).await;
        }
    });
    assert_ne!(first.unwrap().token().access_token(), second.unwrap().token().access_token());
}
