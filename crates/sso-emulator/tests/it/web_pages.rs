//! Requests that a web page in the user's browser can send to a port of the loopback interface.

use serde_json::json;
use sso_emulator::Emulator;

use crate::client::{Reply, address, send};

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn get(emulator: &Emulator, path: &str, host: &str) -> Reply {
    send(emulator, "GET", path, &[("Host", host)], "").await.unwrap()
}

fn port(emulator: &Emulator) -> u16 {
    address(&emulator.portal_url()).rsplit_once(':').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_host_name_that_is_not_loopback_is_refused() {
    // With DNS rebinding, the page's host name resolves to 127.0.0.1, and the browser sends no
    // `Origin`.
    for tls in [false, true] {
        let emulator = Emulator::builder().tls(tls).start().await.unwrap();
        let port = port(&emulator);
        for name in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"] {
            for host in [name.to_owned(), format!("{name}:{port}")] {
                for path in ["/emulator/live-refresh-tokens", "/device?user_code=A", "/nothing"] {
                    let reply = get(&emulator, path, &host).await;
                    assert_eq!(reply.status, 403, "{path} {host}");
                    assert!(reply.body.contains("Host"), "{reply:?}");
                }
            }
        }
        assert_eq!(emulator.requests().len(), 0);
    }
}

#[tokio::test]
async fn loopback_names_with_the_emulator_s_port_are_accepted() {
    let emulator = Emulator::builder().start().await.unwrap();
    let port = port(&emulator);
    for name in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        let reply = get(&emulator, "/emulator/counts", &format!("{name}:{port}")).await;
        assert_eq!(reply.status, 200, "{name}");
        // A relay or a port forward in front of the emulator has another port.
        let reply = get(&emulator, "/device", &format!("{name}:1")).await;
        assert_eq!(reply.status, 400, "{name}");
        for host in [format!("{name}:1"), name.to_owned()] {
            let reply = get(&emulator, "/emulator/counts", &host).await;
            assert_eq!(reply.status, 403, "{host}");
        }
    }
}

#[tokio::test]
async fn a_request_without_one_host_is_refused() {
    let emulator = Emulator::builder().start().await.unwrap();
    let url = emulator.portal_url();
    let twice = [("Host", address(&url)), ("Host", "evil.example")];
    let reply = send(&emulator, "GET", "/emulator/counts", &twice, "").await.unwrap();
    assert_eq!(reply.status, 403);
    assert_eq!(get(&emulator, "/emulator/counts", "").await.status, 403);
}

#[tokio::test]
async fn a_request_with_an_origin_does_not_reach_the_control_interface() {
    let emulator = Emulator::builder().start().await.unwrap();
    let token = emulator.login();
    let own = emulator.portal_url();
    for origin in ["https://evil.example", "null", "http://127.0.0.1:8000", own.as_str()] {
        for (method, path) in [
            ("GET", "/emulator/live-refresh-tokens"),
            ("POST", "/emulator/end-session"),
            ("DELETE", "/emulator/faults"),
        ] {
            let headers = [("Origin", origin), JSON];
            let reply = send(&emulator, method, path, &headers, "{}").await.unwrap();
            assert_eq!(reply.status, 403, "{method} {path} {origin}");
            assert!(reply.json()["message"].as_str().unwrap().contains("Origin"), "{reply:?}");
        }
    }
    assert!(emulator.is_live(&token.refresh_token.unwrap()));
}

#[tokio::test]
async fn a_control_post_that_is_not_json_is_refused() {
    // The content types that a form or a script can send without permission of the server.
    let emulator = Emulator::builder().start().await.unwrap();
    let token = emulator.login();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "",
    ] {
        let headers = [("Content-Type", content_type)];
        for path in ["/emulator/end-session", "/emulator/clock"] {
            let body = json!({"advance_seconds": 10_000_000}).to_string();
            let reply = send(&emulator, "POST", path, &headers, &body).await.unwrap();
            assert_eq!(reply.status, 415, "{path} {content_type}");
        }
    }
    let reply = send(&emulator, "POST", "/emulator/end-session", &[], "").await.unwrap();
    assert_eq!(reply.status, 415);
    assert!(emulator.is_live(&token.refresh_token.unwrap()));

    let headers = [("Content-Type", "Application/JSON; charset=utf-8")];
    let reply = send(&emulator, "POST", "/emulator/end-session", &headers, "").await.unwrap();
    assert_eq!(reply.status, 200);
}
