//! The request and the answer of each operation.

use std::time::Duration;

use serde_json::json as value;
use sso_http::{
    AuthorizationCode, CodeVerifier, CreateToken, DeviceCode, GetRoleCredentials, ListAccountRoles,
    ListAccounts, Logout, RegisterClient, ServiceErrorKind, StartDeviceAuthorization,
};
use sso_types::{AccessToken, AccountId, ClientSecret, RefreshToken, RoleName, StartUrl};
use tower::ServiceExt;

use crate::server::{CREDENTIALS, Recorded, Server, answer, json};

pub(crate) fn token() -> AccessToken {
    AccessToken::new("ACCESS-MARK")
}

pub(crate) fn account() -> AccountId {
    AccountId::new("123456789012").unwrap()
}

pub(crate) fn get_role_credentials() -> GetRoleCredentials {
    GetRoleCredentials::new(token(), account(), RoleName::new("Read Only+").unwrap())
}

pub(crate) fn refresh() -> CreateToken {
    CreateToken::refresh_token(
        "client",
        ClientSecret::new("CLIENT-MARK"),
        RefreshToken::new("REFRESH-MARK"),
    )
}

/// Returns the method and the target, and checks the headers.
fn portal_line(request: &Recorded) -> String {
    assert_eq!(request.header("x-amz-sso_bearer_token"), Some("ACCESS-MARK"));
    assert!(request.header("user-agent").unwrap().starts_with("ssocreds/"));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert!(request.body.is_empty());
    format!("{} {}", request.method, request.target)
}

fn oidc_line(request: &Recorded) -> String {
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-amz-sso_bearer_token"), None);
    format!("{} {}", request.method, request.target)
}

#[test]
fn a_mock_can_read_the_refresh_token_of_a_request() {
    let request = refresh();
    assert_eq!(request.refresh_token_grant().unwrap().expose_secret(), "REFRESH-MARK");
    let poll = CreateToken::device_code("client", ClientSecret::new("s"), DeviceCode::new("d"));
    assert!(poll.refresh_token_grant().is_none());
}

#[tokio::test]
async fn get_role_credentials_returns_credentials() {
    let server = Server::start([json(200, CREDENTIALS)]).await;
    let credentials = server.portal().oneshot(get_role_credentials()).await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKID");
    assert_eq!(credentials.secret_access_key().expose_secret(), "SECRET");
    assert_eq!(credentials.session_token().expose_secret(), "SESSION");
    assert_eq!(credentials.expires_at().as_millisecond(), 1_700_000_000_000);
    assert_eq!(credentials.account_id(), Some(&account()));
    assert_eq!(
        portal_line(&server.requests()[0]),
        "GET /federation/credentials?role_name=Read%20Only%2B&account_id=123456789012"
    );
}

#[tokio::test]
async fn accounts_and_roles_are_listed() {
    let server = Server::start([
        json(200, r#"{"nextToken":"n/1","accountList":[{"accountId":"123456789012","accountName":"dev","emailAddress":"d@example.com"}]}"#),
        json(200, r#"{"roleList":[{"roleName":"Admin","accountId":"123456789012"}]}"#),
    ])
    .await;
    let portal = server.portal();
    let page = portal
        .clone()
        .oneshot(ListAccounts::new(token()).max_results(5).next_token("n/0"))
        .await
        .unwrap();
    assert_eq!(page.next_token.as_deref(), Some("n/1"));
    assert_eq!(page.account_list[0].account_name.as_deref(), Some("dev"));
    assert_eq!(page.account_list[0].email_address.as_deref(), Some("d@example.com"));
    let page = portal.oneshot(ListAccountRoles::new(token(), account())).await.unwrap();
    assert_eq!((page.role_list[0].role_name.as_str(), page.next_token), ("Admin", None));
    let requests = server.requests();
    assert_eq!(portal_line(&requests[0]), "GET /assignment/accounts?next_token=n%2F0&max_result=5");
    assert_eq!(portal_line(&requests[1]), "GET /assignment/roles?account_id=123456789012");
    assert_eq!(server.connections(), 1, "the second call reused the connection");
}

#[tokio::test]
async fn a_web_page_is_no_answer_to_a_logout() {
    let page = answer(200, &[("content-type", "text/html")], " <html>Please log in</html>");
    let error = Server::start([page]).await.portal().oneshot(Logout::new(token())).await;
    assert_eq!(error.unwrap_err().kind(), ServiceErrorKind::Unparseable);
}

#[tokio::test]
async fn logout_accepts_an_empty_answer() {
    let server = Server::start([answer(200, &[], ""), answer(204, &[], "")]).await;
    let portal = server.portal();
    portal.clone().oneshot(Logout::new(token())).await.unwrap();
    portal.oneshot(Logout::new(token())).await.unwrap();
    assert_eq!(portal_line(&server.requests()[0]), "POST /logout");
    assert_eq!(server.requests()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn an_access_token_is_accepted_despite_invalid_optional_fields() {
    let odd =
        r#"{"accessToken":"A","expiresIn":1,"tokenType":1,"idToken":{},"refreshToken":["R"]}"#;
    let response = Server::start([json(200, odd)]).await.oidc().oneshot(refresh()).await.unwrap();
    assert_eq!(response.access_token().expose_secret(), "A");
    assert_eq!((response.refresh_token(), response.token_type()), (None, None));
    assert!(response.id_token().is_none());
}

#[tokio::test]
async fn create_token_sends_each_grant() {
    let whole = r#"{"accessToken":"A","tokenType":"Bearer","expiresIn":28800,"refreshToken":"R","idToken":"I","new":1}"#;
    let least = r#"{"accessToken":"A","expiresIn":1,"refreshToken":null}"#;
    let server = Server::start([json(200, whole), json(200, least)]).await;
    let oidc = server.oidc();
    let secret = || ClientSecret::new("CLIENT-MARK");
    let response = oidc.clone().oneshot(refresh()).await.unwrap();
    assert_eq!(response.access_token().expose_secret(), "A");
    assert_eq!(response.expires_in(), Duration::from_secs(28_800));
    assert_eq!(response.refresh_token().unwrap().expose_secret(), "R");
    assert_eq!(response.id_token().unwrap().expose_secret(), "I");
    assert_eq!(response.token_type(), Some("Bearer"));
    let device = CreateToken::device_code("client", secret(), DeviceCode::new("D"));
    let response = oidc.clone().oneshot(device).await.unwrap();
    assert_eq!((response.refresh_token(), response.token_type()), (None, None));
    let code = CreateToken::authorization_code(
        "client",
        secret(),
        AuthorizationCode::new("C"),
        "http://127.0.0.1:1/callback",
        CodeVerifier::new("V"),
    );
    oidc.oneshot(code).await.unwrap();
    let requests = server.requests();
    assert!(requests.iter().all(|request| oidc_line(request) == "POST /token"));
    assert_eq!(
        requests.iter().map(Recorded::json).collect::<Vec<_>>(),
        [
            value!({"clientId": "client", "clientSecret": "CLIENT-MARK",
                "grantType": "refresh_token", "refreshToken": "REFRESH-MARK"}),
            value!({"clientId": "client", "clientSecret": "CLIENT-MARK",
                "grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": "D"}),
            value!({"clientId": "client", "clientSecret": "CLIENT-MARK",
                "grantType": "authorization_code", "code": "C", "codeVerifier": "V",
                "redirectUri": "http://127.0.0.1:1/callback"}),
        ]
    );
}

#[tokio::test]
async fn a_client_is_registered_and_a_device_authorization_started() {
    let server = Server::start([
        json(200, r#"{"clientId":"c","clientSecret":"S","clientIdIssuedAt":1700000000,"clientSecretExpiresAt":1707776000}"#),
        json(200, r#"{"deviceCode":"D","userCode":"AB-CD","verificationUri":"https://d.example/","verificationUriComplete":"https://d.example/?user_code=AB-CD","expiresIn":600,"interval":1}"#),
    ])
    .await;
    let register = RegisterClient::new("ssocreds").scopes(["sso:account:access"]);
    let client = server.oidc().oneshot(register).await.unwrap();
    assert_eq!((client.client_id(), client.client_secret().expose_secret()), ("c", "S"));
    assert_eq!(client.client_id_issued_at().unwrap().as_second(), 1_700_000_000);
    assert_eq!(client.client_secret_expires_at().unwrap().as_second(), 1_707_776_000);
    let start = StartDeviceAuthorization::new(
        "c",
        ClientSecret::new("S"),
        StartUrl::new("https://d-1234567890.awsapps.com/start#/").unwrap(),
    );
    let started = server.oidc().oneshot(start).await.unwrap();
    assert_eq!((started.user_code(), started.interval()), ("AB-CD", Duration::from_secs(1)));
    assert_eq!(started.device_code().expose_secret(), "D");
    assert_eq!(started.expires_in(), Duration::from_secs(600));
    assert_eq!(started.verification_uri_complete(), Some("https://d.example/?user_code=AB-CD"));
    let requests = server.requests();
    assert_eq!(oidc_line(&requests[0]), "POST /client/register");
    assert_eq!(
        requests[0].json(),
        value!({"clientName": "ssocreds", "clientType": "public", "scopes": ["sso:account:access"]})
    );
    assert_eq!(oidc_line(&requests[1]), "POST /device_authorization");
    assert_eq!(
        requests[1].json(),
        value!({"clientId": "c", "clientSecret": "S",
            "startUrl": "https://d-1234567890.awsapps.com/start#/"})
    );
}

/// Programs pass these URLs to commands that also open files.
#[tokio::test]
async fn a_verification_uri_that_is_not_a_web_page_is_refused() {
    for uri in ["file:///etc/passwd", "javascript:alert(1)", "--help", "https://", "https://a/ b"] {
        for (page, complete) in [(uri, "https://d.example/"), ("https://d.example/", uri)] {
            let answer = format!(
                r#"{{"deviceCode":"D","userCode":"A","verificationUri":"{page}","verificationUriComplete":"{complete}","expiresIn":600}}"#
            );
            let server = Server::start([json(200, &answer)]).await;
            let start_url = StartUrl::new("https://d-1234567890.awsapps.com/start").unwrap();
            let start = StartDeviceAuthorization::new("c", ClientSecret::new("S"), start_url);
            let error = server.oidc().oneshot(start).await.unwrap_err();
            assert!(error.to_string().contains("is not the URL of a web page"), "{error}");
        }
    }
}

#[tokio::test]
async fn base_paths_are_kept_and_the_user_agent_extended() {
    let server = Server::start([json(200, CREDENTIALS)]).await;
    let https =
        sso_http::HttpsClient::builder().user_agent_suffix("my-program/1.2").build().unwrap();
    let endpoint = format!("{}/base/", server.url())
        .parse::<sso_http::Endpoint>()
        .unwrap()
        .with_origin("a test");
    sso_http::Portal::with_endpoint(https, endpoint).oneshot(get_role_credentials()).await.unwrap();
    let request = &server.requests()[0];
    assert!(request.target.starts_with("/base/federation/credentials?"), "{}", request.target);
    assert_eq!(
        request.header("user-agent"),
        Some(concat!("ssocreds/", env!("CARGO_PKG_VERSION"), " my-program/1.2"))
    );
    assert_eq!(request.header("host"), Some(server.address.to_string().as_str()));
}

#[tokio::test]
async fn any_http_service_can_replace_the_client() {
    let https = tower::service_fn(|request: http::Request<sso_http::RequestBody>| async move {
        assert_eq!(request.uri().host(), Some("oidc.eu-central-1.amazonaws.com"));
        assert!(!request.body().as_bytes().is_empty());
        let body = sso_http::ResponseBody::new(br#"{"accessToken":"A","expiresIn":60}"#.to_vec());
        Ok::<_, std::convert::Infallible>(http::Response::new(body))
    });
    let oidc = sso_http::Oidc::new(https, "eu-central-1".parse().unwrap());
    let response = oidc.oneshot(refresh()).await.unwrap();
    assert_eq!(response.access_token().expose_secret(), "A");
}
