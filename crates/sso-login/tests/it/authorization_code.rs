//! The authorization code flow with PKCE.

use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sso_cache::{CachedToken, ClientRegistrationFile};
use sso_emulator::{Emulator, ErrorName, Fault, Operation};
use sso_http::{AuthorizationCode, CodeVerifier, CreateToken, Oidc, ServiceErrorKind};
use sso_login::{Flow, Login, LoginError, LoginEvent, LoginPrompt as _, OpenBrowser};
use sso_types::ManualClock;
use tower::ServiceExt as _;

use crate::scene::{Browser, Scene, User, get, https, session, status};

#[tokio::test]
async fn a_login_writes_the_token_file_like_the_aws_cli() {
    let scene = Scene::new().await;
    let (user, browser) = (User::default(), Browser::default());
    let login = scene.login().browser(browser.clone()).build();
    let finished = login.run(&user).await.unwrap();

    assert!(!finished.is_by_other_process());
    assert_eq!(user.seen(), ["page without code", "allowed"]);
    let json = std::fs::read_to_string(scene.token_file.path()).unwrap();
    let keys: Vec<_> = json.split('"').skip(1).step_by(4).collect();
    assert_eq!(
        keys,
        [
            "startUrl",
            "region",
            "accessToken",
            "expiresAt",
            "clientId",
            "clientSecret",
            "registrationExpiresAt",
            "refreshToken"
        ]
    );
    let token = scene.token();
    assert!(scene.emulator.is_live(token.refresh_token().unwrap().expose_secret()));
    let expires_at = scene.emulator.token_expires_at(token.access_token().expose_secret()).unwrap();
    assert!(expires_at.duration_since(token.expires_at()).abs().as_secs() <= 2);

    let page = browser.last_page().await;
    assert_eq!(status(&page), 200, "{page}");
    assert!(page.contains("You are logged in") && page.contains("dev-session"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let grants: Vec<_> =
        scene.emulator.requests().into_iter().filter_map(|request| request.grant_type).collect();
    assert_eq!(grants, ["authorization_code"]);
}

#[tokio::test]
async fn a_slow_response_does_not_extend_the_lifetime() {
    let scene = Scene::with(Emulator::builder().token_ttl(Duration::from_secs(3600))).await;
    let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
    let slow = clock.clone();
    // Each response takes ten seconds by this clock.
    let https = https().map_response(move |response| {
        slow.advance(SignedDuration::from_secs(10));
        response
    });
    let login = Login::builder(https, session("dev-session"), scene.token_file.clone())
        .oidc_endpoint(scene.oidc_endpoint())
        .browser(Browser::default())
        .clock(clock)
        .build();
    let finished = login.run(&User::default()).await.unwrap();
    // Ten seconds for the registration. The lifetime counts from the request for the token.
    assert_eq!(finished.token().expires_at(), Timestamp::from_second(10 + 3600).unwrap());
}

#[tokio::test]
async fn the_registration_is_stored_in_the_aws_cli_s_file_and_reused() {
    let scene = Scene::new().await;
    for _ in 0..2 {
        scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    }
    assert_eq!(scene.emulator.counts().register_client, 1);
    let name = "bade61804c0c1ed937532f2471948a8b0179e111.json";
    assert_eq!(scene.files(), [name, "token.json"]);
    let registration = ClientRegistrationFile::new(scene.cache().join(name)).load().unwrap();
    assert!(registration.allows_authorization_code());
    assert_eq!(registration.scopes(), ["sso:account:access"]);
    assert_eq!(scene.token().client_id(), Some(registration.client_id()));
}

#[tokio::test]
async fn fields_of_other_tools_in_the_file_are_kept() {
    let scene = Scene::new().await;
    let previous = r#"{"accessToken":"a","expiresAt":"2020-01-01T00:00:00Z","x-other":[1.50]}"#;
    scene.token_file.store_unlocked(&CachedToken::parse(previous.as_bytes()).unwrap()).unwrap();
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    let json = std::fs::read_to_string(scene.token_file.path()).unwrap();
    assert!(json.ends_with(r#","x-other":[1.50]}"#), "{json}");
}

#[tokio::test]
async fn a_failed_browser_is_reported_and_the_user_can_open_the_page() {
    struct NoBrowser;
    impl OpenBrowser for NoBrowser {
        fn open(&self, _: &str) -> io::Result<()> {
            Err(io::ErrorKind::NotFound.into())
        }
    }
    let scene = Scene::new().await;
    let user = User::default();
    let login = scene.login().browser(NoBrowser).build();
    let (finished, ()) = tokio::join!(login.run(&user), async {
        let answer = get(&user.page().await).await;
        let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
        assert_eq!(status(&get(location).await), 200);
    });
    finished.unwrap();
    assert_eq!(user.seen(), ["page without code", "no browser: entity not found", "allowed"]);
}

#[tokio::test]
async fn a_closure_can_show_the_events() {
    let scene = Scene::new().await;
    let user = User::default();
    let prompt = |event: &LoginEvent<'_>| user.show(event);
    scene.login().browser(Browser::default()).build().run(&prompt).await.unwrap();
    assert_eq!(user.seen(), ["page without code", "allowed"]);
}

#[tokio::test]
async fn a_denial_on_the_page_is_the_error_denied() {
    let scene = Scene::new().await;
    let user = User::default();
    let login = scene.login().build();
    let (finished, page) = tokio::join!(login.run(&user), async {
        let (state, host) = (user.parameter("state").await, user.listener().await);
        get(&format!("http://{host}/oauth/callback?error=access_denied&state={state}")).await
    });
    assert!(matches!(finished, Err(LoginError::Denied)), "{finished:?}");
    assert!(page.contains("The login was denied"), "{page}");
    assert_eq!(scene.emulator.counts().create_token, 0);
    assert!(scene.token_file.load().unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_code_is_exchanged_only_with_the_verifier_of_its_login() {
    let scene = Scene::new().await;
    let user = User::default();
    let login = scene.login().build();
    let (finished, ()) = tokio::join!(login.run(&user), async {
        assert_eq!(user.parameter("code_challenge_method").await, "S256");
        assert!(!user.page().await.contains("verifier"), "{}", user.page().await);
        let answer = get(&user.page().await).await;
        let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
        // Another program has the code and the client secret, but not the verifier.
        let (_, code) = location.split_once("code=").unwrap();
        let code = code.split('&').next().unwrap();
        let path = scene.cache().join("bade61804c0c1ed937532f2471948a8b0179e111.json");
        let registration = ClientRegistrationFile::new(path).load().unwrap();
        let stolen = CreateToken::authorization_code(
            registration.client_id(),
            registration.client_secret().clone(),
            AuthorizationCode::new(code),
            user.parameter("redirect_uri").await,
            CodeVerifier::new("a".repeat(43)),
        );
        let oidc = Oidc::with_endpoint(https(), scene.oidc_endpoint());
        let error = oidc.oneshot(stolen).await.unwrap_err();
        assert_eq!(error.kind(), ServiceErrorKind::InvalidGrant);
        get(location).await;
    });
    // The service revoked the code after the wrong verifier (RFC 7636 section 4.6).
    assert!(matches!(finished, Err(LoginError::Service(_))), "{finished:?}");
    assert!(scene.token_file.load().unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_error_code_of_the_authorization_page_is_reported() {
    let scene = Scene::new().await;
    let user = User::default();
    let login = scene.login().build();
    let (finished, _) = tokio::join!(login.run(&user), async {
        let (state, host) = (user.parameter("state").await, user.listener().await);
        get(&format!("http://{host}/oauth/callback?error=server_error&state={state}")).await
    });
    let error = finished.unwrap_err().to_string();
    assert_eq!(error, "the authorization page reported server_error; start the login again");
}

#[tokio::test]
async fn a_login_without_an_answer_expires_after_the_timeout() {
    let scene = Scene::new().await;
    let login = scene.login().timeout(Duration::from_millis(50)).build();
    let error = login.run(&User::default()).await.unwrap_err();
    assert!(error.is_expired(), "{error}");
}

#[tokio::test]
async fn the_time_limit_covers_the_requests_before_the_page() {
    for flow in [Flow::AuthorizationCode, Flow::DeviceCode] {
        let scene = Scene::new().await;
        scene.emulator.fault_on(Operation::RegisterClient, ErrorName::SlowDown);
        let login = scene.login().flow(flow).timeout(Duration::from_millis(500)).build();
        let started = std::time::Instant::now();
        let error = login.run(&User::default()).await.unwrap_err();
        assert!(error.is_expired(), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}

/// The service shows its error on its own page, so the login just gets no answer.
#[tokio::test]
async fn a_client_that_the_service_has_deleted_is_registered_again() {
    let scene = Scene::new().await;
    let path = scene.cache().join("bade61804c0c1ed937532f2471948a8b0179e111.json");
    let first = ClientRegistrationFile::new(&path);
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    let old = first.load().unwrap().client_id().to_owned();
    scene.emulator.expire_registrations();
    // The user sees the page and presses Ctrl-C.
    let login = scene.login().browser(Browser::default()).build();
    let user = User::default();
    let pressed = tokio::time::timeout(Duration::from_millis(500), login.run(&user)).await;
    assert!(pressed.is_err());
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    assert_ne!(first.load().unwrap().client_id(), old);

    scene.emulator.fault_next(Operation::CreateToken, 1, Fault::error(ErrorName::InvalidClient));
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap_err();
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
    assert_eq!(scene.emulator.counts().register_client, 3);
}

#[tokio::test]
async fn a_failed_token_request_is_not_retried_and_writes_no_token() {
    let scene = Scene::new().await;
    scene.emulator.fault_on(Operation::CreateToken, ErrorName::InternalServer);
    let browser = Browser::default();
    let error =
        scene.login().browser(browser.clone()).build().run(&User::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the login failed at CreateToken");
    assert_eq!(scene.emulator.counts().create_token, 1, "the code may be spent");
    let page = browser.last_page().await;
    assert!(page.contains("The login failed"), "{page}");
    assert!(scene.token_file.load().unwrap_err().is_not_found());

    scene.emulator.clear_faults();
    scene.emulator.fault_next(Operation::RegisterClient, 1, Fault::status(503));
    scene.login().browser(Browser::default()).build().run(&User::default()).await.unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_an_error_before_any_request() {
    let scene = Scene::new().await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = scene.login().redirect_port(port).build().run(&User::default()).await.unwrap_err();
    assert!(matches!(error, LoginError::Listen { port: p, .. } if p == port), "{error}");
    assert_eq!(scene.emulator.counts().register_client, 0, "nothing was sent");
}

#[tokio::test]
async fn a_session_name_with_spaces_and_non_ascii_characters_is_shown() {
    let scene = Scene::new().await;
    let browser = Browser::default();
    let login = scene.login_to(session("größe <b> 日本")).browser(browser.clone()).build();
    login.run(&User::default()).await.unwrap();
    let page = browser.last_page().await;
    assert!(page.contains("größe &lt;b&gt; 日本"), "{page}");
}

#[tokio::test]
async fn no_code_is_spent_if_the_token_file_cannot_be_written() {
    let scene = Scene::new().await;
    // There is a file in place of the cache directory.
    std::fs::write(scene.cache(), "").unwrap();
    for flow in [Flow::AuthorizationCode, Flow::DeviceCode] {
        let login = scene.login().flow(flow).browser(Browser::default()).build();
        let error = login.run(&User::allowing(&scene)).await.unwrap_err();
        assert!(matches!(error, LoginError::Store(_)), "{error}");
    }
    assert_eq!(scene.emulator.counts().create_token, 0);
}
