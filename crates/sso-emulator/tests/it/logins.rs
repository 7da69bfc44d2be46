//! Logins by device authorization, and by authorization code with PKCE.

use jiff::SignedDuration;
use serde_json::{Value, json};
use sso_emulator::Emulator;
use sso_types::ManualClock;

use crate::client::{Reply, portal, post, send};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const START_URL: &str = "https://my-sso-portal.awsapps.com/start";

async fn register(emulator: &Emulator, more: Value) -> Value {
    let mut body = json!({"clientName": "test", "clientType": "public"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let reply = post(emulator, "/client/register", &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

async fn create_token(emulator: &Emulator, client: &Value, more: Value) -> Reply {
    let mut body = json!({
        "clientId": client["clientId"],
        "clientSecret": client["clientSecret"],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    post(emulator, "/token", &body).await
}

async fn start_device(emulator: &Emulator, client: &Value, start_url: &str) -> Reply {
    let body = json!({
        "clientId": client["clientId"],
        "clientSecret": client["clientSecret"],
        "startUrl": start_url,
    });
    post(emulator, "/device_authorization", &body).await
}

#[tokio::test]
async fn a_device_authorization_is_pending_until_the_user_approves_it() {
    let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    let emulator = Emulator::builder().clock(clock.clone()).start().await.unwrap();
    let client = register(&emulator, json!({"scopes": ["sso:account:access"]})).await;
    let wrong = start_device(&emulator, &client, "https://another.awsapps.com/start").await;
    assert_eq!(wrong.error(), (400, "InvalidRequestException"));

    let device = start_device(&emulator, &client, &format!("{START_URL}/#/")).await.json();
    assert_eq!((&device["interval"], &device["expiresIn"]), (&json!(1), &json!(600)));
    let user_code = device["userCode"].as_str().unwrap();
    assert!(device["verificationUriComplete"].as_str().unwrap().ends_with(user_code));
    assert_eq!(emulator.pending_devices(), [user_code]);

    let poll = async || {
        let grant = json!({
            "grantType": "urn:ietf:params:oauth:grant-type:device_code",
            "deviceCode": device["deviceCode"],
        });
        create_token(&emulator, &client, grant).await
    };
    assert_eq!(poll().await.error(), (400, "AuthorizationPendingException"));
    assert_eq!(poll().await.error(), (400, "SlowDownException"));
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(poll().await.json()["error"], "authorization_pending");

    assert!(emulator.approve_device(user_code));
    let token = poll().await.json();
    let access_token = token["accessToken"].as_str().unwrap();
    assert_eq!(portal(&emulator, "/assignment/accounts", access_token).await.status, 200);
    assert!(emulator.is_live(token["refreshToken"].as_str().unwrap()));
    assert_eq!(poll().await.error(), (400, "InvalidGrantException"), "already exchanged");
}

#[tokio::test]
async fn a_request_for_the_verification_uri_approves_and_a_denial_is_final() {
    let emulator = Emulator::builder().start().await.unwrap();
    // The login of a legacy profile has no scope, so there is no refresh token.
    let client = register(&emulator, json!({})).await;
    let grant = |device: &Value| {
        json!({
            "grantType": "urn:ietf:params:oauth:grant-type:device_code",
            "deviceCode": device["deviceCode"],
        })
    };

    let device = start_device(&emulator, &client, START_URL).await.json();
    let uri = device["verificationUriComplete"].as_str().unwrap().to_owned();
    let path = uri.strip_prefix(&emulator.oidc_url()).unwrap();
    let page = send(&emulator, "GET", path, &[], "").await.unwrap();
    assert!(page.status == 200 && page.body.contains("approved"), "{page:?}");
    let token = create_token(&emulator, &client, grant(&device)).await.json();
    assert_eq!(token.get("refreshToken"), None);
    assert_eq!(send(&emulator, "GET", path, &[], "").await.unwrap().status, 400);

    let denied = start_device(&emulator, &client, START_URL).await.json();
    assert!(emulator.deny_device(denied["userCode"].as_str().unwrap()));
    let reply = create_token(&emulator, &client, grant(&denied)).await;
    assert_eq!(reply.error(), (400, "AccessDeniedException"));
}

#[tokio::test]
async fn an_authorization_code_needs_its_verifier_and_expires() {
    let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    let emulator = Emulator::builder().clock(clock.clone()).start().await.unwrap();
    let client = register(
        &emulator,
        json!({
            "scopes": ["sso:account:access"],
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": ["http://127.0.0.1/oauth/callback"],
            "issuerUrl": START_URL,
        }),
    )
    .await;
    let id = client["clientId"].as_str().unwrap();
    let redirect = "http://127.0.0.1:49152/oauth/callback";
    let authorize = async |redirect: &str, more: &str| {
        let path = format!(
            "/authorize?response_type=code&client_id={id}&redirect_uri={redirect}\
             &state=a%2Fb&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess{more}"
        );
        send(&emulator, "GET", &path, &[], "").await.unwrap()
    };
    let challenge = format!("&code_challenge={CHALLENGE}");
    let code = async || {
        let reply =
            authorize("http%3A%2F%2F127.0.0.1%3A49152%2Foauth%2Fcallback", &challenge).await;
        assert_eq!(reply.status, 302, "{reply:?}");
        let location = reply.header("location").unwrap().to_owned();
        let query = location.strip_prefix(&format!("{redirect}?code=")).unwrap();
        let (code, state) = query.split_once("&state=").unwrap();
        assert_eq!(state, "a%2Fb");
        code.to_owned()
    };
    let redeem = async |code: &str, verifier: &str| {
        let grant = json!({
            "grantType": "authorization_code",
            "code": code,
            "redirectUri": redirect,
            "codeVerifier": verifier,
        });
        create_token(&emulator, &client, grant).await
    };

    let granted = redeem(&code().await, VERIFIER).await;
    assert_eq!(granted.status, 200, "{granted:?}");
    assert!(emulator.is_live(granted.json()["refreshToken"].as_str().unwrap()));

    let code_of_another = code().await;
    let refused = redeem(&code_of_another, "another").await;
    assert_eq!(refused.error(), (400, "InvalidGrantException"));
    let refused = redeem(&code_of_another, VERIFIER).await;
    assert_eq!(refused.error(), (400, "InvalidGrantException"), "spent by wrong verifier");
    for (seconds, status) in [(599, 200), (600, 400)] {
        let code = code().await;
        clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!(redeem(&code, VERIFIER).await.status, status, "after {seconds} seconds");
    }

    assert_eq!(
        authorize("http://127.0.0.1:1/elsewhere", &challenge).await.error(),
        (400, "InvalidRedirectUriException")
    );
    assert_eq!(authorize(redirect, "").await.error(), (400, "InvalidRequestException"));
    assert_eq!(
        start_device(&emulator, &client, START_URL).await.error(),
        (400, "UnauthorizedClientException")
    );
}
