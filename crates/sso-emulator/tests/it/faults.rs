//! Faults, from the view of the client.

use std::io;
use std::time::{Duration, Instant};

use serde_json::json;
use sso_emulator::{Emulator, ErrorName, Fault, IssuedToken, Operation, ScriptedAnswer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Reply, address, portal, post, request, send};

async fn rotating() -> (Emulator, IssuedToken) {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let token = emulator.login();
    (emulator, token)
}

fn refresh_body(token: &IssuedToken) -> String {
    json!({
        "grantType": "refresh_token",
        "clientId": token.client_id,
        "clientSecret": token.client_secret,
        "refreshToken": token.refresh_token,
    })
    .to_string()
}

async fn refresh(emulator: &Emulator, token: &IssuedToken) -> io::Result<Reply> {
    send(emulator, "POST", "/token", &[], &refresh_body(token)).await
}

#[tokio::test]
async fn every_error_has_the_form_of_its_service() {
    let emulator = Emulator::builder().start().await.unwrap();
    for &name in ErrorName::ALL {
        emulator.fault_next(Operation::CreateToken, 1, name);
        let reply = post(&emulator, "/token", &json!({})).await;
        assert_eq!(reply.error(), (name.status(), name.name()));
        assert_eq!(reply.json()["error"], name.oauth_error());
        assert!(reply.json()["error_description"].is_string());
        assert!(reply.header("x-amzn-requestid").is_some());

        emulator.fault_next(Operation::ListAccounts, 1, name);
        let reply = portal(&emulator, "/assignment/accounts", "any").await;
        assert_eq!(reply.error(), (name.status(), name.name()));
        let kind = reply.json()["__type"].as_str().unwrap().to_owned();
        assert_eq!(kind.split('#').next_back(), Some(name.name()));
        assert!(reply.json()["message"].is_string());
    }
}

#[tokio::test]
async fn scripted_answers_replace_the_real_answer() {
    let (emulator, token) = rotating().await;
    let answers = [
        ScriptedAnswer::error(ErrorName::AccessDenied).message("m").reason("KMS_AccessDenied"),
        ScriptedAnswer::status(503).retry_after(Duration::from_secs(7)),
        ScriptedAnswer::raw(200, "text/html", "<html>Welcome</html>"),
        ScriptedAnswer::redirect("https://example.com/"),
        ScriptedAnswer::status(42).header("bad header", "left out"),
    ];
    for answer in answers {
        emulator.fault_next(Operation::CreateToken, 1, answer);
    }
    let reply = refresh(&emulator, &token).await.unwrap();
    assert_eq!(
        reply.json(),
        json!({"error": "access_denied", "error_description": "m", "reason": "KMS_AccessDenied"})
    );
    let reply = refresh(&emulator, &token).await.unwrap();
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
    let reply = refresh(&emulator, &token).await.unwrap();
    assert_eq!(
        (reply.header("content-type"), reply.body.as_str()),
        (Some("text/html"), "<html>Welcome</html>")
    );
    let reply = refresh(&emulator, &token).await.unwrap();
    assert_eq!((reply.status, reply.header("location")), (302, Some("https://example.com/")));
    assert_eq!(refresh(&emulator, &token).await.unwrap().status, 500);
    // None of the requests was processed, so the refresh token is still valid.
    assert_eq!(emulator.counts().refreshes, 0);
    assert_eq!(refresh(&emulator, &token).await.unwrap().status, 200);
}

#[tokio::test]
async fn connections_are_closed_before_or_inside_the_answer() {
    for (fault, worked_on) in [
        (Fault::DropBeforeAnswer, false),
        (Fault::LoseAnswer, true),
        (Fault::DropInsideAnswer, true),
        (Fault::Garbage, true),
    ] {
        let (emulator, token) = rotating().await;
        emulator.fault_next(Operation::CreateToken, 1, fault.clone());
        let error = refresh(&emulator, &token).await.unwrap_err();
        let arrived = error.to_string();
        let inside = arrived.starts_with("HTTP/1.1 200 OK") && arrived.contains("{\"accessToken\"");
        match fault {
            Fault::DropInsideAnswer => assert!(inside, "{arrived}"),
            Fault::Garbage => assert!(arrived.contains("garbage"), "{arrived}"),
            _ => assert_eq!(arrived, ""),
        }
        assert_eq!(emulator.counts().refreshes, u64::from(worked_on), "{fault:?}");
        assert_eq!(emulator.is_live(token.refresh_token.as_deref().unwrap()), !worked_on);
        assert_eq!(emulator.live_refresh_tokens().len(), 1, "the session is still valid");
        assert_eq!(emulator.counts().dropped, 1);
        assert_eq!(emulator.requests()[0].status, worked_on.then_some(200));
        assert!(emulator.requests()[0].fault.is_some());
        // The next connection has no fault.
        let reply = portal(&emulator, "/assignment/accounts", &token.access_token).await;
        assert_eq!(reply.status, 200);
    }
}

#[tokio::test]
async fn faults_work_over_tls() {
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    let token = emulator.login();
    assert_eq!(refresh(&emulator, &token).await.unwrap().status, 200);
    for fault in [Fault::DropBeforeAnswer, Fault::DropInsideAnswer, Fault::Garbage] {
        emulator.fault_next(Operation::CreateToken, 1, fault.clone());
        assert!(refresh(&emulator, &token).await.is_err(), "{fault:?}");
    }
    assert_eq!(emulator.counts().dropped, 3);
}

/// Sends a refresh request and returns the connection.
async fn ask(emulator: &Emulator, token: &IssuedToken) -> TcpStream {
    let url = emulator.oidc_url();
    let mut stream = TcpStream::connect(address(&url)).await.unwrap();
    let request = request(&url, "POST", "/token", &[], &refresh_body(token));
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_stalled_request_waits_until_the_emulator_stops() {
    for (fault, worked_on) in [(Fault::Stall, false), (Fault::StallInsideAnswer, true)] {
        let (emulator, token) = rotating().await;
        emulator.fault_on(Operation::CreateToken, fault);
        let mut stream = ask(&emulator, &token).await;
        let mut arrived = Vec::new();
        if worked_on {
            while !String::from_utf8_lossy(&arrived).contains("\r\n\r\n{") {
                assert_ne!(stream.read_buf(&mut arrived).await.unwrap(), 0);
            }
        } else {
            while emulator.requests().is_empty() {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(emulator.counts().refreshes, u64::from(worked_on));
        emulator.shutdown().await;
        let _ = stream.read_to_end(&mut arrived).await;
        assert_eq!(arrived.is_empty(), !worked_on);
    }
}

#[tokio::test]
async fn an_endless_body_does_not_end() {
    let (emulator, token) = rotating().await;
    emulator.fault_next(Operation::CreateToken, 1, Fault::EndlessBody);
    let mut stream = ask(&emulator, &token).await;
    let (mut total, mut buffer) = (0, vec![0; 64 * 1024]);
    while total < 4 * 1024 * 1024 {
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "ended after {total} bytes");
        total += read;
    }
}

#[tokio::test]
async fn answers_can_be_delayed() {
    const LATE: Duration = Duration::from_millis(60);
    let emulator = Emulator::builder().latency(LATE).start().await.unwrap();
    let token = emulator.login();
    let begin = Instant::now();
    assert_eq!(refresh(&emulator, &token).await.unwrap().status, 200);
    assert!(begin.elapsed() >= LATE);
    emulator.fault(Fault::Delay(LATE));
    let begin = Instant::now();
    assert_eq!(refresh(&emulator, &token).await.unwrap().status, 200);
    assert!(begin.elapsed() >= 2 * LATE);
}

#[tokio::test]
async fn faults_apply_to_a_number_of_requests_or_an_operation_or_until_removed() {
    let (emulator, token) = rotating().await;
    let status =
        async || portal(&emulator, "/assignment/accounts", &token.access_token).await.status;
    emulator.fault_next(Operation::ListAccounts, 2, Fault::status(500));
    emulator.fault_on(Operation::Logout, Fault::Stall);
    assert_eq!([status().await, status().await, status().await], [500, 500, 200]);
    emulator.fault(Fault::status(502));
    assert_eq!([status().await, status().await], [502, 502]);
    emulator.clear_faults();
    assert_eq!(status().await, 200);
}
