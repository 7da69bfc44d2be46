//! The portal's operations and its errors.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use sso_emulator::Emulator;
use sso_types::{Clock as _, ManualClock};

use crate::client::{portal, send};

const CREDENTIALS: &str =
    "/federation/credentials?account_id=123456789012&role_name=SSOReadOnlyRole";

fn clock() -> ManualClock {
    ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn a_logged_in_user_gets_credentials_of_the_role() {
    let clock = clock();
    let emulator = Emulator::builder()
        .clock(clock.clone())
        .credentials_ttl(Duration::from_secs(900))
        .start()
        .await
        .unwrap();
    let token = emulator.login();
    assert_eq!(token.expires_at, "2026-01-01T01:00:00Z".parse().unwrap());

    let first = portal(&emulator, CREDENTIALS, &token.access_token).await;
    let second = portal(&emulator, CREDENTIALS, &token.access_token).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.header("x-amzn-requestid").unwrap().len(), 36);
    let (first, second) = (first.json(), second.json());
    let first = &first["roleCredentials"];
    let expiration = clock.now().as_millisecond() + 900_000;
    assert_eq!(first["expiration"], json!(expiration));
    let key = first["accessKeyId"].as_str().unwrap();
    assert!(key.starts_with("ASIA"), "{key}");
    for field in ["accessKeyId", "secretAccessKey", "sessionToken"] {
        assert_ne!(first[field], second["roleCredentials"][field], "{field}");
    }
    let owner = emulator.owner_of(key).unwrap();
    assert_eq!(owner.account_id, "123456789012");
    assert_eq!((owner.role_name.as_str(), owner.serial), ("SSOReadOnlyRole", 1));
    assert_eq!(emulator.counts().credentials_issued, 2);
}

#[tokio::test]
async fn errors_of_the_portal_are_those_of_aws() {
    let clock = clock();
    let emulator = Emulator::builder().clock(clock.clone()).start().await.unwrap();
    let token = emulator.login().access_token;
    let cases = [
        (CREDENTIALS, "none", (401, "UnauthorizedException")),
        ("/federation/credentials?role_name=R", &token, (400, "InvalidRequestException")),
        (
            "/federation/credentials?account_id=1&role_name=",
            &token,
            (400, "InvalidRequestException"),
        ),
        (
            "/federation/credentials?account_id=123456789012&role_name=Admin",
            &token,
            (403, "ForbiddenException"),
        ),
        ("/federation/credentials?account_id=1&role_name=R", &token, (403, "ForbiddenException")),
        ("/assignment/accounts", "none", (401, "UnauthorizedException")),
        ("/assignment/accounts?max_result=0", &token, (400, "InvalidRequestException")),
        ("/assignment/accounts?next_token=x", &token, (400, "InvalidRequestException")),
        ("/assignment/roles", &token, (400, "InvalidRequestException")),
        ("/assignment/roles?account_id=1", &token, (403, "ForbiddenException")),
        ("/nothing", &token, (404, "UnknownOperationException")),
    ];
    for (path, token, error) in cases {
        assert_eq!(portal(&emulator, path, token).await.error(), error, "{path}");
    }
    assert_eq!(emulator.counts().errors, cases.len() as u64);

    let reply = portal(&emulator, CREDENTIALS, "none").await;
    assert_eq!(
        reply.json(),
        json!({
            "__type": "com.amazonaws.switchboard.portal#UnauthorizedException",
            "message": "Session token not found or invalid",
        })
    );
    assert_eq!(
        reply.header("x-amzn-errortype"),
        Some(
            "UnauthorizedException:http://internal.amazon.com/coral/com.amazonaws.switchboard.portal/"
        )
    );
    let forbidden =
        portal(&emulator, "/federation/credentials?account_id=1&role_name=R", &token).await;
    assert_eq!(forbidden.json()["message"], "No access");
}

#[tokio::test]
async fn access_tokens_end_by_expiry_by_revocation_and_with_the_session() {
    let clock = clock();
    let emulator = Emulator::builder().clock(clock.clone()).start().await.unwrap();
    let status = async |token: &str| portal(&emulator, CREDENTIALS, token).await.status;

    let expiring = emulator.login();
    clock.set(expiring.expires_at - SignedDuration::from_millis(1));
    assert_eq!(status(&expiring.access_token).await, 200);
    clock.set(expiring.expires_at);
    assert_eq!(status(&expiring.access_token).await, 401);

    let revoked = emulator.login();
    emulator.revoke_access_tokens();
    assert_eq!(status(&revoked.access_token).await, 401);
    assert!(emulator.is_live(revoked.refresh_token.as_deref().unwrap()));

    let ended = emulator.login();
    assert_eq!(status(&ended.access_token).await, 200);
    emulator.end_session();
    assert_eq!(status(&ended.access_token).await, 401);
    assert!(emulator.live_refresh_tokens().is_empty());
}

#[tokio::test]
async fn a_logout_ends_one_session() {
    let emulator = Emulator::builder().start().await.unwrap();
    let (leaving, staying) = (emulator.login(), emulator.login());
    let log_out = async || {
        let headers = [("x-amz-sso_bearer_token", leaving.access_token.as_str())];
        send(&emulator, "POST", "/logout", &headers, "").await.unwrap()
    };
    let reply = log_out().await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(log_out().await.error(), (401, "UnauthorizedException"));
    assert!(!emulator.is_live(leaving.refresh_token.as_deref().unwrap()));
    assert!(emulator.is_live(staying.refresh_token.as_deref().unwrap()));
}

#[tokio::test]
async fn lists_have_pages() {
    let mut builder = Emulator::builder();
    for number in 0..5 {
        let roles = (0..number).map(|role| format!("Role{role}"));
        builder = builder.account(format!("{number:012}"), "Name", "a@example.com", roles);
    }
    let emulator = builder.start().await.unwrap();
    let token = emulator.login().access_token;
    for (path, list, expected) in [
        ("/assignment/accounts?max_result=2", "accountList", vec![2, 2, 1]),
        ("/assignment/roles?account_id=000000000004&max_result=3", "roleList", vec![3, 1]),
        ("/assignment/roles?account_id=000000000000", "roleList", vec![0]),
    ] {
        let (mut sizes, mut next) = (vec![], String::new());
        loop {
            let page = portal(&emulator, &format!("{path}{next}"), &token).await.json();
            sizes.push(page[list].as_array().unwrap().len());
            match page["nextToken"].as_str() {
                Some(token) => next = format!("&next_token={token}"),
                None => break,
            }
        }
        assert_eq!(sizes, expected, "{path}");
    }
    let accounts = portal(&emulator, "/assignment/accounts", &token).await.json();
    assert_eq!(
        accounts["accountList"][1],
        json!({"accountId": "000000000001", "accountName": "Name", "emailAddress": "a@example.com"})
    );
}

#[tokio::test]
async fn roles_can_be_assigned_and_unassigned() {
    let emulator = Emulator::builder().start().await.unwrap();
    let token = emulator.login().access_token;
    let path = "/federation/credentials?account_id=000000000042&role_name=Audit%20Role";
    assert_eq!(portal(&emulator, path, &token).await.status, 403);
    emulator.assign("000000000042", "Audit Role");
    assert_eq!(portal(&emulator, path, &token).await.status, 200);
    emulator.unassign("000000000042", "Audit Role");
    assert_eq!(portal(&emulator, path, &token).await.status, 403);
}

#[tokio::test]
async fn the_rate_limit_uses_the_clock_of_the_emulator() {
    let clock = clock();
    let emulator = Emulator::builder().clock(clock.clone()).throttle(3).start().await.unwrap();
    let token = emulator.login().access_token;
    let accounts = async || portal(&emulator, "/assignment/accounts", &token).await;
    for _ in 0..3 {
        assert_eq!(accounts().await.status, 200);
    }
    let refused = accounts().await;
    assert_eq!(refused.error(), (429, "TooManyRequestsException"));
    assert_eq!(refused.json()["message"], "HTTP 429 Unknown Code");
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(accounts().await.status, 200);
}

#[tokio::test]
async fn the_log_shows_a_request_and_hides_its_token() {
    let emulator = Emulator::builder().start().await.unwrap();
    let token = emulator.login().access_token;
    portal(&emulator, CREDENTIALS, &token).await;
    let requests = emulator.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, "/federation/credentials");
    assert_eq!(requests[0].query, CREDENTIALS.split_once('?').unwrap().1);
    assert_eq!(requests[0].status, Some(200));
    assert!(requests[0].header("x-amz-sso_bearer_token").unwrap().starts_with("sha256:"));
    assert!(!format!("{requests:?}").contains(&token));
    emulator.reset_counts();
    assert_eq!((emulator.requests().len(), emulator.counts().get_role_credentials), (0, 0));
}
