//! Attacks on the loopback listener. Only the browser's request is accepted.

use std::time::Duration;

use sso_emulator::{Fault, Operation};
use tokio::net::TcpStream;

use crate::scene::{Scene, User, get, send, status};

/// Opens the authorization page and returns the URL of its redirect.
async fn location(user: &User) -> String {
    let answer = get(&user.page().await).await;
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    location.to_owned()
}

#[tokio::test]
async fn other_requests_are_rejected_and_have_no_effect() {
    let scene = Scene::new().await;
    let user = User::default();
    let login = scene.login().build();
    let (finished, ()) = tokio::join!(login.run(&user), async {
        let (state, host) = (user.parameter("state").await, user.listener().await);
        let request = |method: &str, target: &str, host_header: &str| {
            format!("{method} {target} HTTP/1.1\r\nHost: {host_header}\r\n\r\n")
        };
        let good = format!("/oauth/callback?code=x&state={state}");
        for (name, expected, bytes) in [
            ("no state", 400, request("GET", "/oauth/callback?code=x", &host)),
            ("wrong state", 400, request("GET", "/oauth/callback?code=x&state=y", &host)),
            ("error without state", 400, request("GET", "/oauth/callback?error=e", &host)),
            ("POST", 405, request("POST", &good, &host)),
            ("another path", 404, request("GET", "/", &host)),
            ("foreign host", 400, request("GET", &good, "evil.example")),
            ("no host", 400, format!("GET {good} HTTP/1.0\r\n\r\n")),
            ("absolute target", 404, request("GET", &format!("http://a{good}"), &host)),
        ] {
            let answer = send(&host, &bytes).await;
            assert_eq!(status(&answer), expected, "{name}: {answer}");
            assert!(answer.contains("cache-control: no-store"), "{name}");
        }
        let long = format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "a".repeat(1 << 20));
        assert!(!send(&host, &long).await.contains("200 OK"), "a request line of 1 MB");
        assert!(!send(&host, "\x16\x03\x01 not HTTP\r\n\r\n").await.contains("200 OK"));
        assert_eq!(scene.emulator.counts().create_token, 0);

        assert_eq!(status(&get(&location(&user).await).await), 200);
    });
    finished.unwrap();
}

#[tokio::test]
async fn silent_clients_and_a_port_scan_do_not_block_the_browser() {
    log_in_beside(async |host| {
        let mut silent = Vec::new();
        for _ in 0..100 {
            silent.push(TcpStream::connect(host).await.unwrap());
            drop(TcpStream::connect(host).await.unwrap());
        }
        silent
    })
    .await;
}

#[tokio::test]
async fn more_silent_clients_than_the_limit_do_not_block_the_browser() {
    let answered_in = log_in_beside(async |host| {
        let mut silent = Vec::new();
        for _ in 0..400 {
            silent.push(TcpStream::connect(host).await.unwrap());
        }
        silent
    })
    .await;
    // The connection of a silent client is closed only after five seconds.
    assert!(answered_in < Duration::from_secs(4), "{answered_in:?}");
}

/// Logs in while the connections that `connect` opens to the listener stay open. Returns the time
/// until the listener answered the browser.
async fn log_in_beside(connect: impl AsyncFnOnce(&str) -> Vec<TcpStream>) -> Duration {
    let scene = Scene::new().await;
    let user = User::default();
    let login = scene.login().build();
    let (finished, (_open, answered_in)) = tokio::join!(login.run(&user), async {
        let open = connect(&user.listener().await).await;
        let started = std::time::Instant::now();
        assert_eq!(status(&get(&location(&user).await).await), 200);
        (open, started.elapsed())
    });
    finished.unwrap();
    answered_in
}

#[tokio::test]
async fn a_second_answer_is_refused() {
    let scene = Scene::new().await;
    let user = User::default();
    // The page for the first answer is sent only after the token was received.
    scene.emulator.fault_on(Operation::CreateToken, Fault::Delay(Duration::from_millis(300)));
    let login = scene.login().build();
    let (finished, ()) = tokio::join!(login.run(&user), async {
        let location = location(&user).await;
        let (one, other) = tokio::join!(get(&location), get(&location));
        let mut statuses = [status(&one), status(&other)];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    });
    finished.unwrap();
    assert_eq!(scene.emulator.counts().create_token, 1);
}

#[tokio::test]
async fn the_listener_is_on_loopback_and_the_configured_port() {
    let scene = Scene::new().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let user = User::default();
    let login = scene.login().redirect_port(port).build();
    let (finished, ()) = tokio::join!(login.run(&user), async {
        assert_eq!(user.listener().await, format!("127.0.0.1:{port}"));
        assert!(TcpStream::connect(("127.0.0.2", port)).await.is_err(), "only 127.0.0.1");
        assert_eq!(status(&get(&location(&user).await).await), 200);
    });
    finished.unwrap();
}

#[tokio::test]
async fn a_dropped_login_closes_its_port_and_releases_its_lock() {
    let scene = Scene::new().await;
    let user = User::default();
    let login = scene.login().build();
    let host = {
        let run = login.run(&user);
        tokio::pin!(run);
        tokio::select! {
            _ = &mut run => panic!("the login ended without an answer"),
            host = user.listener() => host,
        }
    };
    assert!(TcpStream::connect(&host).await.is_err(), "the port is closed");
    assert!(scene.token_file.try_login_lock().unwrap().is_some(), "the lock is free");
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}
