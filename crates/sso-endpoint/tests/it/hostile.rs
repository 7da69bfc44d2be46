//! Requests that must get no credentials.

use std::time::Duration;

use sso_emulator::TokenState;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::scene::{PATH, Scene, request};

/// Sends each request. Checks the status, and that the answer contains no credentials and no token.
async fn check(scene: &Scene, requests: &[String], status: u16) {
    for request in requests {
        let answer = scene.send(request).await;
        assert_eq!(answer.status, Some(status), "{request:?}: {answer:?}");
        assert!(!answer.body.contains("SecretAccessKey"), "{request:?}: {answer:?}");
        assert!(!answer.body.contains(scene.token()), "{request:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let scene = Scene::new(TokenState::Valid).await;
    let (host, token) = (scene.endpoint.local_address().to_string(), scene.token());
    let head = format!("GET {PATH} HTTP/1.1\r\nHost: {host}\r\n");
    let mut other = token.to_owned();
    other.replace_range(..1, if token.starts_with('0') { "1" } else { "0" });
    let requests = [
        format!("{head}\r\n"),
        format!("{head}Authorization:\r\n\r\n"),
        format!("{head}Authorization: {other}\r\n\r\n"),
        format!("{head}Authorization: {}\r\n\r\n", &token[1..]),
        format!("{head}Authorization: {token}{token}\r\n\r\n"),
        format!("{head}Authorization: {}\r\n\r\n", token.to_uppercase()),
        format!("{head}Authorization: Bearer {token}\r\n\r\n"),
        format!("{head}Authorization: {token}\r\nAuthorization: {token}\r\n\r\n"),
        format!("{head}Authorization: \u{e9}\r\n\r\n"),
        format!("GET {PATH}?token={token} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        // The response for a path that is not served is the same.
        format!("GET /other HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    ];
    check(&scene, &requests, 403).await;
    assert_eq!(scene.get().await.status, Some(200));
}

#[tokio::test]
async fn a_wrong_host_is_refused() {
    let scene = Scene::new(TokenState::Valid).await;
    let (address, token) = (scene.endpoint.local_address(), scene.token());
    let port = address.port();
    let mut requests: Vec<_> = [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("localhost:{port}"),
        format!("127.0.0.2:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port.wrapping_add(1)),
        format!("127.0.0.1.evil.example:{port}"),
        String::new(),
    ]
    .iter()
    .map(|host| request("GET", PATH, host, token))
    .collect();
    requests.push(format!("GET {PATH} HTTP/1.0\r\nAuthorization: {token}\r\n\r\n"));
    requests.push(format!("GET {PATH} HTTP/1.1\r\nAuthorization: {token}\r\n\r\n"));
    requests.push(format!(
        "GET {PATH} HTTP/1.1\r\nHost: {address}\r\nHost: evil.example\r\n\
         Authorization: {token}\r\n\r\n"
    ));
    requests.push(request(
        "GET",
        &format!("http://evil.example{PATH}"),
        &address.to_string(),
        token,
    ));
    check(&scene, &requests, 421).await;
}

#[tokio::test]
async fn methods_other_than_get_are_refused() {
    let scene = Scene::new(TokenState::Valid).await;
    let host = scene.endpoint.local_address().to_string();
    let methods = ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "X"];
    let requests = methods.map(|method| request(method, PATH, &host, scene.token()));
    check(&scene, &requests, 405).await;
    let head = scene.send(&request("HEAD", PATH, &host, scene.token())).await;
    assert_eq!((head.status, head.body.as_str()), (Some(405), ""));
}

#[tokio::test]
async fn the_error_for_an_unknown_path_does_not_name_served_paths() {
    let scene = Scene::new(TokenState::Valid).await;
    let host = scene.endpoint.local_address().to_string();
    let paths = ["/", "/devss", "/devsso/", "/devsso/x", "/%64evsso", "/../devsso", "//devsso"];
    let requests = paths.map(|path| request("GET", path, &host, scene.token()));
    for request in &requests {
        assert!(!scene.send(request).await.body.contains(PATH));
    }
    check(&scene, &requests, 404).await;
}

#[tokio::test]
async fn requests_that_are_not_http_or_too_large_are_refused() {
    let scene = Scene::new(TokenState::Valid).await;
    let (host, token) = (scene.endpoint.local_address().to_string(), scene.token());
    let head = format!("GET {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n");
    for request in [
        "\r\n\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\u{3}".repeat(100),
        "GET\r\n\r\n".to_owned(),
        format!("GET {PATH} HTTP/9.9\r\n\r\n"),
        "\u{16}\u{3}\u{1}".to_owned() + &"x".repeat(200),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("{head}X: {}\r\n\r\n", "x".repeat(20_000)),
        format!("{head}{}\r\n", "X: x\r\n".repeat(100)),
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000)),
        format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    ] {
        let answer = scene.send(&request).await;
        let shown: String = request.chars().take(60).collect();
        assert!(answer.status.is_none_or(|status| (400..500).contains(&status)), "{shown:?}");
        assert!(!answer.body.contains("SecretAccessKey"), "{shown:?}");
    }
    assert_eq!(scene.get().await.status, Some(200));
}

#[tokio::test]
async fn a_connection_with_a_slow_request_is_closed() {
    let scene = Scene::new(TokenState::Valid).await;
    let mut slow = TcpStream::connect(scene.endpoint.local_address()).await.unwrap();
    let request = scene.request();
    let (first, rest) = request.split_at(20);
    slow.write_all(first.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    let mut answer = Vec::new();
    let _ = slow.read_to_end(&mut answer).await;
    let _ = slow.write_all(rest.as_bytes()).await;
    let _ = slow.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(scene.get().await.status, Some(200));
}

#[tokio::test]
async fn a_second_request_on_the_same_connection_gets_no_response() {
    let scene = Scene::new(TokenState::Valid).await;
    let answer = scene.send(&scene.request().repeat(2)).await;
    assert_eq!(answer.status, Some(200));
    assert_eq!(answer.body.matches("HTTP/1.1").count(), 0, "{answer:?}");
}
