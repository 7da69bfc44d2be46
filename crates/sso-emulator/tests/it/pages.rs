//! The pages of an interactive emulator.

use jiff::SignedDuration;
use serde_json::{Value, json};
use sso_emulator::Emulator;

use crate::client::{Reply, address, post, send};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const START_URL: &str = "https://my-sso-portal.awsapps.com/start";
const REDIRECT: &str = "http://127.0.0.1:49152/oauth/callback";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn interactive() -> Emulator {
    Emulator::builder().interactive(true).start().await.unwrap()
}

async fn register(emulator: &Emulator, name: &str) -> Value {
    let body = json!({
        "clientName": name,
        "clientType": "public",
        "scopes": ["sso:account:access"],
        "grantTypes": ["authorization_code", DEVICE_CODE, "refresh_token"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
    });
    let reply = post(emulator, "/client/register", &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn authorize_path(client: &Value) -> String {
    let id = client["clientId"].as_str().unwrap();
    format!(
        "/authorize?response_type=code&client_id={id}&redirect_uri={REDIRECT}&state=a%2Fb\
         &code_challenge_method=S256&code_challenge={CHALLENGE}&scopes=sso%3Aaccount%3Aaccess"
    )
}

async fn start_device(emulator: &Emulator, client: &Value) -> Value {
    let body = json!({
        "clientId": client["clientId"],
        "clientSecret": client["clientSecret"],
        "startUrl": START_URL,
    });
    post(emulator, "/device_authorization", &body).await.json()
}

async fn create_token(emulator: &Emulator, client: &Value, grant: Value) -> Reply {
    let mut body = grant;
    body["clientId"] = client["clientId"].clone();
    body["clientSecret"] = client["clientSecret"].clone();
    post(emulator, "/token", &body).await
}

async fn poll(emulator: &Emulator, client: &Value, device: &Value) -> Reply {
    let grant = json!({"grantType": DEVICE_CODE, "deviceCode": device["deviceCode"]});
    create_token(emulator, client, grant).await
}

async fn get(emulator: &Emulator, path: &str) -> Reply {
    send(emulator, "GET", path, &[], "").await.unwrap()
}

/// Sends the form of the page at `path`, like a browser when the user presses a button.
async fn press(emulator: &Emulator, path: &str, button: &str) -> Reply {
    let origin = emulator.oidc_url();
    let headers = [("Origin", origin.as_str()), FORM];
    send(emulator, "POST", path, &headers, &format!("decision={button}")).await.unwrap()
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn check_page(reply: &Reply) {
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("-inline"), "{policy}");
    assert!(!policy.contains("script-src") && !reply.body.contains("<script"), "{reply:?}");
}

#[tokio::test]
async fn the_authorization_page_shows_the_request_and_allow_issues_a_code() {
    let emulator = interactive().await;
    let client = register(&emulator, "my <client> & \"more\"").await;
    let path = authorize_path(&client);
    let page = get(&emulator, &path).await;
    assert_eq!(page.status, 200);
    check_page(&page);
    for part in [
        "user@example.com",
        "my &lt;client&gt; &amp; &quot;more&quot;",
        START_URL,
        "sso:account:access",
        ">Allow</button>",
        ">Deny</button>",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("<client>"));

    // Reloading the page neither allows nor denies. After Back, the button works again.
    assert_eq!(get(&emulator, &path).await.status, 200);
    for _ in 0..2 {
        let reply = press(&emulator, &path, "allow").await;
        assert_eq!(reply.status, 302, "{reply:?}");
        let location = reply.header("location").unwrap();
        let code = location.strip_prefix(&format!("{REDIRECT}?code=")).unwrap();
        let (code, state) = code.split_once("&state=").unwrap();
        assert_eq!(state, "a%2Fb");
        let grant = json!({"grantType": "authorization_code", "code": code,
            "redirectUri": REDIRECT, "codeVerifier": VERIFIER});
        let token = create_token(&emulator, &client, grant).await;
        assert_eq!(token.status, 200, "{token:?}");
    }
}

#[tokio::test]
async fn a_denied_authorization_redirects_to_the_client_with_an_error() {
    let emulator = interactive().await;
    let client = register(&emulator, "test").await;
    let reply = press(&emulator, &authorize_path(&client), "deny").await;
    assert_eq!(reply.status, 302);
    let expected = format!("{REDIRECT}?error=access_denied&state=a%2Fb");
    assert_eq!(reply.header("location"), Some(expected.as_str()));
}

#[tokio::test]
async fn an_invalid_authorization_request_gets_an_error_page() {
    let emulator = interactive().await;
    let client = register(&emulator, "test").await;
    let path = authorize_path(&client);
    for (wrong, name) in [
        (path.replace("127.0.0.1", "evil.example"), "InvalidRedirectUriException"),
        (path.replace("S256", "plain"), "InvalidRequestException"),
        (path.replace("account%3Aaccess", "admin"), "InvalidScopeException"),
    ] {
        for reply in [get(&emulator, &wrong).await, press(&emulator, &wrong, "allow").await] {
            assert_eq!(reply.status, 400);
            check_page(&reply);
            assert!(reply.body.contains(name), "{}", reply.body);
        }
    }
}

#[tokio::test]
async fn the_device_page_shows_the_code_and_allow_approves_the_device() {
    let emulator = interactive().await;
    let client = register(&emulator, "my device").await;
    let device = start_device(&emulator, &client).await;
    let user_code = device["userCode"].as_str().unwrap();

    let entry = get(&emulator, "/device").await;
    assert_eq!(entry.status, 200);
    check_page(&entry);
    assert!(entry.body.contains("name=\"user_code\""), "{}", entry.body);

    // In a form that a person may type.
    let typed = user_code.to_lowercase().replace('-', "+");
    let page = get(&emulator, &format!("/device?user_code={typed}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    check_page(&page);
    for part in ["user@example.com", "my device", user_code, ">Allow</button>", ">Deny</button>"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(emulator.pending_devices(), [user_code], "still pending");
    let pending = poll(&emulator, &client, &device).await;
    assert_eq!(pending.error(), (400, "AuthorizationPendingException"));

    let path = format!("/device?user_code={user_code}");
    let pressed = press(&emulator, &path, "allow").await;
    assert_eq!((pressed.status, pressed.header("location")), (303, Some(path.as_str())));
    assert!(get(&emulator, &path).await.body.contains("<h1>Request allowed</h1>"));
    assert_eq!(poll(&emulator, &client, &device).await.status, 200);
    // Neither a reload, nor Back and the other button, changes the decision.
    press(&emulator, &path, "deny").await;
    assert!(get(&emulator, &path).await.body.contains("<h1>Request allowed</h1>"));
    let again = poll(&emulator, &client, &device).await;
    assert_eq!(again.error(), (400, "InvalidGrantException"));
}

#[tokio::test]
async fn a_device_can_be_denied_and_an_unknown_or_expired_code_is_an_error() {
    let emulator = interactive().await;
    let client = register(&emulator, "test").await;
    let device = start_device(&emulator, &client).await;
    let path = format!("/device?user_code={}", device["userCode"].as_str().unwrap());
    press(&emulator, &path, "deny").await;
    assert!(get(&emulator, &path).await.body.contains("<h1>Request denied</h1>"));
    let denied = poll(&emulator, &client, &device).await;
    assert_eq!(denied.error(), (400, "AccessDeniedException"));

    let unknown = get(&emulator, "/device?user_code=%3Cb%3EBBBB-BBBB").await;
    assert_eq!(unknown.status, 400);
    check_page(&unknown);
    assert!(unknown.body.contains("No request has this code"), "{}", unknown.body);

    let late = start_device(&emulator, &client).await;
    emulator.advance(SignedDuration::from_secs(601));
    let path = format!("/device?user_code={}", late["userCode"].as_str().unwrap());
    press(&emulator, &path, "allow").await;
    let page = get(&emulator, &path).await;
    assert!(page.status == 400 && page.body.contains("<h1>Code expired</h1>"), "{page:?}");
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let emulator = interactive().await;
    let client = register(&emulator, "test").await;
    let device = start_device(&emulator, &client).await;
    let user_code = device["userCode"].as_str().unwrap();
    let own_address = emulator.oidc_url();
    let other_scheme = format!("https://{}", address(&own_address));
    for path in [format!("/device?user_code={user_code}"), authorize_path(&client)] {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1", &other_scheme] {
            let headers = [("Origin", origin), FORM];
            let reply = send(&emulator, "POST", &path, &headers, "decision=allow").await.unwrap();
            assert_eq!(reply.status, 403, "{path} {origin}");
        }
        for body in ["", "decision=", "decision=maybe"] {
            let headers = [("Origin", own_address.as_str()), FORM];
            let reply = send(&emulator, "POST", &path, &headers, body).await.unwrap();
            assert_eq!(reply.status, 400, "{path} {body}");
        }
    }
    assert_eq!(emulator.pending_devices(), [user_code]);
}
