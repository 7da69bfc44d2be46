//! What a client gets, from a login to its end and after the next one.

use sso_emulator::{ErrorName, Operation, TokenState};
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
async fn credentials_are_renewed_before_any_sdk_asks_for_new_ones() {
    let scene = Scene::new(TokenState::Valid).await;
    let first = scene.get().await.field("AccessKeyId");
    scene.advance_minutes(44);
    assert_eq!(scene.get().await.field("AccessKeyId"), first);
    scene.advance_minutes(1);
    assert_ne!(scene.get().await.field("AccessKeyId"), first);
    assert_eq!(scene.emulator.counts().get_role_credentials, 2);
}

#[tokio::test]
async fn credentials_are_renewed_although_nobody_asks() {
    let scene = Scene::new(TokenState::Valid).await;
    scene.advance_minutes(59);
    // The endpoint looks at the clock at least every 30 seconds.
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
async fn a_missing_login_is_named_with_its_command_and_ends_without_a_restart() {
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
async fn a_session_that_ends_serves_what_is_valid_and_then_says_so() {
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
async fn an_unassigned_role_and_a_fault_of_the_portal_are_told_apart() {
    let scene = Scene::new(TokenState::Missing).await;
    scene.emulator.write_home(&scene.home.directory, TokenState::Valid).unwrap();
    scene.emulator.unassign(&scene.home.account_id, &scene.home.role_name);
    let answer = scene.get().await;
    assert_eq!((answer.status, answer.field("Code").as_str()), (Some(403), "AccessDenied"));
    assert!(answer.field("Message").contains(&scene.home.account_id), "{answer:?}");

    scene.emulator.fault_on(Operation::GetRoleCredentials, ErrorName::ResourceNotFound);
    let answer = scene.get().await;
    assert_eq!((answer.status, answer.field("Code").as_str()), (Some(500), "InternalError"));
}

#[tokio::test]
async fn several_profiles_are_served_by_path_with_a_token_of_the_caller() {
    let scene = Scene::new(TokenState::Valid).await;
    let token = AuthorizationToken::new("a-token-of-the-caller").unwrap();
    let provider = || provider(&scene.home, &scene.clock);
    let endpoint = Endpoint::builder()
        .serve("/a", provider())
        .serve("/b/c", provider())
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
async fn an_endpoint_that_was_stopped_or_dropped_listens_no_more() {
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
async fn what_cannot_be_served_is_refused_at_the_start() {
    let scene = Scene::new(TokenState::Valid).await;
    let provider = || provider(&scene.home, &scene.clock);
    let loopback = ([127, 0, 0, 1], 0);
    let nothing = Endpoint::builder().bind(loopback).await.unwrap_err();
    assert!(matches!(nothing, BindError::NothingToServe), "{nothing:?}");
    let root = Endpoint::builder().serve("/", provider()).bind(loopback).await.unwrap_err();
    assert!(matches!(root, BindError::InvalidPath { .. }), "{root:?}");
    let twice = Endpoint::builder().serve(PATH, provider()).serve(PATH, provider());
    let twice = twice.bind(loopback).await.unwrap_err();
    assert!(matches!(twice, BindError::PathServedTwice { .. }), "{twice:?}");
    let open = Endpoint::builder().serve(PATH, provider()).bind(([0, 0, 0, 0], 0)).await;
    let open = open.unwrap_err();
    assert!(matches!(open, BindError::NotLoopback { .. }), "{open:?}");
    let taken = Endpoint::builder().serve(PATH, provider());
    let taken = taken.bind(scene.endpoint.local_address()).await.unwrap_err();
    assert!(matches!(taken, BindError::Listen { .. }), "{taken:?}");
}

#[tokio::test]
async fn a_person_may_allow_an_address_that_is_not_loopback() {
    let scene = Scene::new(TokenState::Valid).await;
    let endpoint = Endpoint::builder()
        .serve(PATH, provider(&scene.home, &scene.clock))
        .clock(scene.clock.clone())
        .allow_non_loopback(true)
        .bind(([0, 0, 0, 0], 0))
        .await
        .unwrap();
    let port = endpoint.local_address().port();
    let token = endpoint.authorization_token().expose_secret();
    // The Host must be the address that the client reached, not the one that is listened on.
    let reached = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let good = request("GET", PATH, &reached.to_string(), token);
    assert_eq!(send(reached, good.as_bytes()).await.status, Some(200));
    let other = request("GET", PATH, &format!("0.0.0.0:{port}"), token);
    assert_eq!(send(reached, other.as_bytes()).await.status, Some(421));
}
