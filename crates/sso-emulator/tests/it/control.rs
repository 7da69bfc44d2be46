//! The control interface for programs in other languages.

use jiff::Timestamp;
use serde_json::{Value, json};
use sso_emulator::{Emulator, Operation, TokenState};

use crate::client::{portal, post, send};

async fn get(emulator: &Emulator, path: &str) -> Value {
    send(emulator, "GET", path, &[], "").await.unwrap().json()
}

async fn post_control(emulator: &Emulator, what: &str, body: Value) -> Value {
    let reply = post(emulator, &format!("/emulator/{what}"), &body).await;
    assert_eq!(reply.status, 200, "{what}: {reply:?}");
    reply.json()
}

#[tokio::test]
async fn counts_requests_and_tokens_are_returned() {
    let emulator = Emulator::builder().start().await.unwrap();
    let token = post_control(&emulator, "login", json!({})).await;
    let access_token = token["accessToken"].as_str().unwrap();
    assert_eq!(portal(&emulator, "/assignment/accounts", access_token).await.status, 200);

    let counts = get(&emulator, "/emulator/counts").await;
    assert_eq!((&counts["list_accounts"], &counts["errors"]), (&json!(1), &json!(0)));
    let requests = get(&emulator, "/emulator/requests").await;
    assert_eq!(requests.as_array().unwrap().len(), 1, "control requests are not counted");
    assert_eq!(requests[0]["operation"], "ListAccounts");
    assert_eq!(requests[0]["status"], 200);
    assert!(!requests.to_string().contains(access_token));
    let live = get(&emulator, "/emulator/live-refresh-tokens").await;
    assert_eq!(live, json!([token["refreshToken"]]));

    send(&emulator, "DELETE", "/emulator/counts", &[], "").await.unwrap();
    assert_eq!(get(&emulator, "/emulator/counts").await["list_accounts"], 0);
}

#[tokio::test]
async fn every_kind_of_fault_can_be_added() {
    let emulator = Emulator::builder().start().await.unwrap();
    for fault in [
        json!({"kind": "error", "name": "InvalidGrantException", "reason": "r"}),
        json!({"kind": "status", "status": 503, "retry_after_seconds": 1}),
        json!({"kind": "answer", "status": 200, "content_type": "text/html", "body": "<p>",
            "headers": {"x-a": "b"}}),
        json!({"kind": "redirect", "location": "https://example.com/"}),
        json!({"kind": "drop_before_answer"}),
        json!({"kind": "lose_answer"}),
        json!({"kind": "drop_inside_answer"}),
        json!({"kind": "delay", "milliseconds": 1}),
        json!({"kind": "stall"}),
        json!({"kind": "stall_inside_answer"}),
        json!({"kind": "garbage"}),
        json!({"kind": "endless_body"}),
    ] {
        let body = json!({"operation": "CreateToken", "times": 0, "fault": fault});
        assert_eq!(post_control(&emulator, "faults", body).await, json!({}), "{fault}");
    }
    let grant = json!({"kind": "error", "name": "InvalidGrantException", "message": "gone"});
    post_control(
        &emulator,
        "faults",
        json!({"operation": "CreateToken", "times": 1, "fault": grant}),
    )
    .await;
    post_control(&emulator, "faults", json!({"fault": {"kind": "status", "status": 502}})).await;
    let reply = post(&emulator, "/token", &json!({})).await;
    assert_eq!(reply.json()["error_description"], "gone");
    assert_eq!(post(&emulator, "/token", &json!({})).await.status, 502);
    send(&emulator, "DELETE", "/emulator/faults", &[], "").await.unwrap();
    assert_eq!(post(&emulator, "/token", &json!({})).await.status, 400);
    assert_eq!(emulator.counts().create_token, 3);
}

#[tokio::test]
async fn an_invalid_request_is_refused_with_a_reason() {
    let emulator = Emulator::builder().start().await.unwrap();
    for (what, body, part) in [
        ("faults", json!({"fault": {"kind": "earthquake"}}), "earthquake"),
        ("faults", json!({"operation": "Nothing", "fault": {"kind": "stall"}}), "Nothing"),
        ("faults", json!({"fault": {"kind": "error", "name": "Oops"}}), "Oops"),
        ("clock", json!({"advance": 1}), "advance_seconds"),
        ("write-home", json!({"state": "valid"}), "home"),
    ] {
        let reply = post(&emulator, &format!("/emulator/{what}"), &body).await;
        assert_eq!(reply.status, 400, "{what} {body}");
        assert!(reply.json()["message"].as_str().unwrap().contains(part), "{reply:?}");
    }
    assert_eq!(post(&emulator, "/emulator/nothing", &json!({})).await.status, 404);
}

#[tokio::test]
async fn the_clock_the_session_and_the_home_can_be_changed() {
    let emulator = Emulator::builder().start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let home = emulator.write_home(directory.path(), TokenState::Missing).unwrap();
    let before = emulator.now();
    let moved = post_control(&emulator, "clock", json!({"advance_seconds": 3600})).await;
    for reply in [moved, get(&emulator, "/emulator/clock").await] {
        let now: Timestamp = reply["now"].as_str().unwrap().parse().unwrap();
        assert!(now.duration_since(before).as_secs() >= 3600);
    }

    let written = post_control(&emulator, "write-home", json!({"state": "expired"})).await;
    assert_eq!(written["token_file"], home.token_file.to_str().unwrap());
    assert!(home.token_file.exists());
    assert_eq!(emulator.live_refresh_tokens().len(), 1);
    post_control(&emulator, "end-session", json!({})).await;
    assert!(emulator.live_refresh_tokens().is_empty());

    let token = post_control(&emulator, "login", json!({})).await;
    let access_token = token["accessToken"].as_str().unwrap();
    let path = "/federation/credentials?account_id=123456789012&role_name=Admin";
    post_control(&emulator, "assign", json!({"account_id": "123456789012", "role_name": "Admin"}))
        .await;
    assert_eq!(portal(&emulator, path, access_token).await.status, 200);
    post_control(
        &emulator,
        "unassign",
        json!({"account_id": "123456789012", "role_name": "Admin"}),
    )
    .await;
    assert_eq!(portal(&emulator, path, access_token).await.status, 403);
    post_control(&emulator, "revoke-access-tokens", json!({})).await;
    assert_eq!(portal(&emulator, path, access_token).await.status, 401);
    assert_eq!(emulator.live_refresh_tokens().len(), 1);
    post_control(&emulator, "expire-registrations", json!({})).await;
    assert!(emulator.live_refresh_tokens().is_empty());
    let last = emulator.requests().pop().unwrap();
    assert_eq!(last.operation, Some(Operation::GetRoleCredentials));
}
