//! `CreateToken` with a refresh token, `RegisterClient`, and their errors.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sso_emulator::{Emulator, IssuedToken};
use sso_types::ManualClock;

use crate::client::{portal, post, send};

fn clock() -> ManualClock {
    ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap())
}

fn refresh(token: &IssuedToken, refresh_token: &str) -> Value {
    json!({
        "grantType": "refresh_token",
        "clientId": token.client_id,
        "clientSecret": token.client_secret,
        "refreshToken": refresh_token,
    })
}

#[tokio::test]
async fn a_refresh_rotates_the_token_and_the_old_one_is_refused() {
    let emulator = Emulator::builder().rotate_refresh_tokens(true).start().await.unwrap();
    let token = emulator.login();
    let first = token.refresh_token.clone().unwrap();

    let reply = post(&emulator, "/token", &refresh(&token, &first)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let answer = reply.json();
    assert_eq!((&answer["tokenType"], &answer["expiresIn"]), (&json!("Bearer"), &json!(3600)));
    let second = answer["refreshToken"].as_str().unwrap();
    assert!(emulator.is_live(second) && !emulator.is_live(&first));
    let access_token = answer["accessToken"].as_str().unwrap();
    assert_eq!(portal(&emulator, "/assignment/accounts", access_token).await.status, 200);

    let again = post(&emulator, "/token", &refresh(&token, &first)).await;
    assert_eq!(again.error(), (400, "InvalidGrantException"));
    assert_eq!(
        again.json(),
        json!({"error": "invalid_grant", "error_description": "Invalid grant provided"})
    );
    assert_eq!(again.header("x-amzn-requestid").unwrap().len(), 36);
    let counts = emulator.counts();
    assert_eq!((counts.create_token, counts.refreshes, counts.errors), (2, 1, 1));
    assert_eq!(counts.spent_refresh_tokens, 1);
    assert_eq!(emulator.requests()[0].grant_type.as_deref(), Some("refresh_token"));
}

#[tokio::test]
async fn a_refresh_token_without_rotation_can_be_omitted_in_the_answer() {
    let emulator = Emulator::builder().omit_kept_refresh_token(true).start().await.unwrap();
    let token = emulator.login();
    for _ in 0..2 {
        let body = refresh(&token, token.refresh_token.as_deref().unwrap());
        let answer = post(&emulator, "/token", &body).await.json();
        assert_eq!(answer.get("refreshToken"), None);
        assert_ne!(answer["accessToken"], token.access_token.as_str());
    }
}

#[tokio::test]
async fn errors_of_oidc_are_those_of_aws() {
    let clock = clock();
    let emulator = Emulator::builder().clock(clock.clone()).start().await.unwrap();
    let (token, other) = (emulator.login(), emulator.login());
    let good = refresh(&token, token.refresh_token.as_deref().unwrap());
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let cases = [
        (with("clientId", json!("unknown")), (401, "InvalidClientException")),
        (with("clientSecret", json!("wrong")), (401, "InvalidClientException")),
        (with("clientSecret", Value::Null), (400, "InvalidRequestException")),
        (with("refreshToken", json!("")), (400, "InvalidRequestException")),
        (with("refreshToken", json!("unknown")), (400, "InvalidGrantException")),
        (with("refreshToken", json!(other.refresh_token)), (400, "InvalidGrantException")),
        (with("grantType", json!("password")), (400, "UnsupportedGrantTypeException")),
        (with("scope", json!(["sso:account:admin"])), (400, "InvalidScopeException")),
        (with("scope", json!("no list")), (400, "InvalidRequestException")),
        (json!([]), (400, "InvalidRequestException")),
    ];
    for (body, error) in &cases {
        assert_eq!(post(&emulator, "/token", body).await.error(), *error, "{body}");
    }
    let reply = send(&emulator, "POST", "/token", &[], "{\"clientId").await.unwrap();
    assert_eq!(reply.error(), (400, "InvalidRequestException"));
    assert_eq!(reply.json()["error"], "invalid_request");

    // The session has ended, but the registration is valid.
    emulator.end_session();
    assert_eq!(post(&emulator, "/token", &good).await.error(), (400, "InvalidGrantException"));
    // Now the registration has expired, too.
    clock.set(token.registration_expires_at);
    assert_eq!(post(&emulator, "/token", &good).await.error(), (401, "InvalidClientException"));
}

#[tokio::test]
async fn a_registration_can_expire_before_its_session() {
    let emulator = Emulator::builder().start().await.unwrap();
    let token = emulator.login();
    emulator.expire_registrations();
    let body = refresh(&token, token.refresh_token.as_deref().unwrap());
    assert_eq!(post(&emulator, "/token", &body).await.error(), (401, "InvalidClientException"));
    assert_eq!(portal(&emulator, "/assignment/accounts", &token.access_token).await.status, 200);
    assert!(emulator.live_refresh_tokens().is_empty());
}

#[tokio::test]
async fn the_time_of_the_emulator_can_be_moved_without_its_clock() {
    let emulator = Emulator::builder().clock(clock()).start().await.unwrap();
    let token = emulator.login();
    emulator.advance(SignedDuration::from_hours(1));
    assert_eq!(emulator.now(), token.expires_at);
    assert_eq!(portal(&emulator, "/assignment/accounts", &token.access_token).await.status, 401);
    emulator.advance(SignedDuration::MAX);
    assert_eq!(emulator.now(), Timestamp::MAX, "the maximum time");
}

#[tokio::test]
async fn the_parameters_of_a_registration_are_checked() {
    let emulator = Emulator::builder().clock(clock()).start().await.unwrap();
    let register = async |name: &str, value: Value| {
        let mut body = json!({"clientName": "test", "clientType": "public"});
        body[name] = value;
        post(&emulator, "/client/register", &body).await
    };
    let registered = register("scopes", json!(["sso:account:access"])).await.json();
    let day = 24 * 3600;
    let issued = registered["clientIdIssuedAt"].as_i64().unwrap();
    assert_eq!(registered["clientSecretExpiresAt"], json!(issued + 90 * day));
    for (name, value, error) in [
        ("clientName", Value::Null, "InvalidRequestException"),
        ("clientType", json!("confidential"), "InvalidClientMetadataException"),
        ("scopes", json!(["two words"]), "InvalidScopeException"),
        ("grantTypes", json!(["password"]), "UnsupportedGrantTypeException"),
        ("redirectUris", json!(["https://example.com/"]), "InvalidRedirectUriException"),
    ] {
        assert_eq!(register(name, value).await.error(), (400, error), "{name}");
    }
}

#[tokio::test]
async fn too_many_requests_get_slow_down() {
    let emulator = Emulator::builder().clock(clock()).throttle(1).start().await.unwrap();
    let token = emulator.login();
    let body = refresh(&token, token.refresh_token.as_deref().unwrap());
    assert_eq!(post(&emulator, "/token", &body).await.status, 200);
    let reply = post(&emulator, "/token", &body).await;
    assert_eq!(reply.error(), (400, "SlowDownException"));
    assert_eq!(reply.json()["error"], "slow_down");
    // The portal has its own limit.
    assert_eq!(portal(&emulator, "/assignment/accounts", &token.access_token).await.status, 200);
}
