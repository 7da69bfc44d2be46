//! The responses to a client before, during and after a session.

use std::time::Duration;

use sso_emulator::{ErrorName, Operation, ScriptedAnswer, TokenState};
use sso_endpoint::{AuthorizationToken, BindError, Endpoint};

use crate::scene::{PATH, Scene, provider, request, send};

#[tokio::test]
async fn credentials_have_the_fields_that_sdks_read() {
    let scene = Scene::new(TokenState::Valid).await;
    let answer = scene.get().await;
    assert_eq!(answer.status, Some(200), "{answer:?}");
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(!head.contains("access-control"), "{head}");
    let issued = scene.emulator.role_credentials(&answer.field("AccessKeyId")).unwrap();
    assert_eq!(answer.field("SecretAccessKey"), issued.secret_access_key);
    assert_eq!(answer.field("Token"), issued.session_token);
    assert_eq!(answer.field("Expiration"), "2026-01-01T01:00:00Z");
    assert_eq!(answer.field("AccountId"), scene.home.account_id);
}

#[tokio::test]
async fn credentials_are_fetched_before_the_first_request() {
    let scene = Scene::new(TokenState::Valid).await;
    assert_eq!(scene.emulator.counts().get_role_credentials, 1);
    scene.get().await;
    scene.get().await;
    assert_eq!(scene.emulator.counts().get_role_credentials, 1);
}

#[tokio::test]
async fn credentials_are_renewed_15_minutes_before_they_expire() {
    let scene = Scene::new(TokenState::Valid).await;
    let first = scene.get().await.field("AccessKeyId");
    scene.advance_minutes(44);
    assert_eq!(scene.get().await.field("AccessKeyId"), first);
    scene.advance_minutes(1);
    assert_ne!(scene.get().await.field("AccessKeyId"), first);
    assert_eq!(scene.emulator.counts().get_role_credentials, 2);
}

#[tokio::test]
async fn credentials_are_renewed_without_a_request() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.advance_minutes(59);
    // The endpoint checks the clock at least every 30 seconds.
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    tokio::time::resume();
    for _ in 0..500 {
        if scene.emulator.counts().get_role_credentials == 2 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{:?}", scene.emulator.counts());
}

#[tokio::test]
async fn a_missing_login_is_an_error_with_the_command_until_the_user_logs_in() {
    let scene = Scene::new(TokenState::Missing).await;
    let answer = scene.get().await;
    assert_eq!(answer.status, Some(403), "{answer:?}");
    for name in ["code", "Code"] {
        assert_eq!(answer.field(name), "LoginRequired");
    }
    for name in ["message", "Message"] {
        let message = answer.field(name);
        assert!(message.contains("sso login --sso-session dev-session"), "{message}");
    }
    scene.emulator.write_home(&scene.home.directory, TokenState::Valid).unwrap();
    assert_eq!(scene.get().await.status, Some(200));
}

#[tokio::test]
async fn after_the_session_ends_valid_credentials_are_served_until_they_expire() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.emulator.end_session();
    scene.advance_minutes(50);
    assert_eq!(scene.get().await.status, Some(200));
    scene.advance_minutes(11);
    let answer = scene.get().await;
    assert_eq!((answer.status, answer.field("code").as_str()), (Some(403), "LoginRequired"));
    scene.emulator.write_home(&scene.home.directory, TokenState::Valid).unwrap();
    assert_eq!(scene.get().await.status, Some(200));
}

#[tokio::test]
async fn each_kind_of_failure_has_its_own_code() {
    let scene = Scene::new(TokenState::Missing).await;
    scene.emulator.write_home(&scene.home.directory, TokenState::Valid).unwrap();
    scene.emulator.unassign(&scene.home.account_id, &scene.home.role_name);
    let answer = scene.get().await;
    assert_eq!((answer.status, answer.field("Code").as_str()), (Some(403), "AccessDenied"));
    assert!(answer.field("Message").contains(&scene.home.account_id), "{answer:?}");

    scene.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::ResourceNotFound);
    let answer = scene.get().await;
    assert_eq!((answer.status, answer.field("Code").as_str()), (Some(500), "InternalError"));

    // The provider retries a temporary failure without a pause.
    let unavailable = ScriptedAnswer::status(503).retry_after(Duration::ZERO);
    scene.emulator.fault_on(Operation::GetRoleCredentials, unavailable);
    let answer = scene.get().await;
    assert_eq!((answer.status, answer.field("Code").as_str()), (Some(503), "ServiceUnavailable"));
}

#[tokio::test]
async fn several_profiles_are_served_by_path_with_a_token_of_the_caller() {
    let scene = Scene::new(TokenState::Valid).await;
    let token = AuthorizationToken::new("a-token-of-the-caller").unwrap();
    let provider = || provider(&scene.home, &scene.clock);
    let endpoint = Endpoint::builder()
        .provider("/a", provider())
        .provider("/b/c", provider())
        .authorization_token(token)
        .clock(scene.clock.clone())
        .bind(([127, 0, 0, 1], 0))
        .await
        .unwrap();
    let address = endpoint.local_address();
    let mut keys = Vec::new();
    for path in ["/a", "/b/c"] {
        let request = request("GET", path, &address.to_string(), "a-token-of-the-caller");
        keys.push(send(address, request.as_bytes()).await.field("AccessKeyId"));
    }
    assert_ne!(keys[0], keys[1]);
    assert_eq!(endpoint.url("/a"), format!("http://{address}/a"));
    assert!(!format!("{endpoint:?}").contains("a-token-of-the-caller"));
}

#[tokio::test]
async fn a_stopped_or_dropped_endpoint_does_not_listen() {
    let scene = Scene::new(TokenState::Valid).await;
    let address = scene.endpoint.local_address();
    let request = scene.request();
    scene.endpoint.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());

    let scene = Scene::new(TokenState::Valid).await;
    let address = scene.endpoint.local_address();
    drop(scene);
    // The listener closes when its task ends.
    tokio::task::yield_now().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "{request}");
}

#[tokio::test]
async fn invalid_paths_and_addresses_are_errors_of_bind() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = || provider(&scene.home, &scene.clock);
    let loopback = ([127, 0, 0, 1], 0);
    let nothing = Endpoint::builder().bind(loopback).await.unwrap_err();
    assert!(matches!(nothing, BindError::NothingToServe), "{nothing:?}");
    let root = Endpoint::builder().provider("/", provider()).bind(loopback).await.unwrap_err();
    assert!(matches!(root, BindError::InvalidPath { .. }), "{root:?}");
    let twice = Endpoint::builder().provider(PATH, provider()).provider(PATH, provider());
    let twice = twice.bind(loopback).await.unwrap_err();
    assert!(matches!(twice, BindError::PathServedTwice { .. }), "{twice:?}");
    let open = Endpoint::builder().provider(PATH, provider()).bind(([0, 0, 0, 0], 0)).await;
    let open = open.unwrap_err();
    assert!(matches!(open, BindError::NotLoopback { .. }), "{open:?}");
    let taken = Endpoint::builder().provider(PATH, provider());
    let taken = taken.bind(scene.endpoint.local_address()).await.unwrap_err();
    assert!(matches!(taken, BindError::Listen { .. }), "{taken:?}");
}

#[tokio::test]
async fn an_address_that_is_not_loopback_can_be_allowed() {
    let scene = Scene::new(TokenState::Valid).await;
    let endpoint = Endpoint::builder()
        .provider(PATH, provider(&scene.home, &scene.clock))
        .clock(scene.clock.clone())
        .allow_non_loopback(true)
        .bind(([0, 0, 0, 0], 0))
        .await
        .unwrap();
    let port = endpoint.local_address().port();
    let token = endpoint.authorization_token().expose_secret();
    // The Host header must be the address to which the client connected, here 127.0.0.1.
    let reached = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let good = request("GET", PATH, &reached.to_string(), token);
    assert_eq!(send(reached, good.as_bytes()).await.status, Some(200));
    let other = request("GET", PATH, &format!("0.0.0.0:{port}"), token);
    assert_eq!(send(reached, other.as_bytes()).await.status, Some(421));
}
