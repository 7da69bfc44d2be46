//! Compares the request of each operation with botocore's request.

use std::collections::BTreeMap;

use sso_http::{
    AuthorizationCode, CodeVerifier, CreateToken, DeviceCode, GetRoleCredentials, ListAccountRoles,
    ListAccounts, Logout, RegisterClient, StartDeviceAuthorization,
};
use sso_types::{AccessToken, AccountId, ClientSecret, RefreshToken, RoleName, StartUrl};
use tower::ServiceExt;

use crate::botocore;
use crate::server::{Recorded, Server, json};

/// Calls every operation, with values that need encoding.
const CALLS: &str = r#"
import sys, botocore.session
from botocore import UNSIGNED
from botocore.config import Config
session = botocore.session.get_session()
config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
def client(name):
    return session.create_client(name, region_name="us-east-1", endpoint_url=sys.argv[1], config=config)
portal, oidc = client("sso"), client("sso-oidc")
token = "access/token+=="
portal.get_role_credentials(accessToken=token, accountId="012345678901", roleName="Read Only/+=,.@-_é~*")
portal.list_accounts(accessToken=token)
portal.list_accounts(accessToken=token, maxResults=7, nextToken="n/+= ~")
portal.list_account_roles(accessToken=token, accountId="012345678901")
portal.list_account_roles(accessToken=token, accountId="012345678901", maxResults=7, nextToken="n&m")
portal.logout(accessToken=token)
oidc.create_token(clientId="c", clientSecret="s\"é", grantType="refresh_token", refreshToken="r")
oidc.create_token(clientId="c", clientSecret="s", grantType="urn:ietf:params:oauth:grant-type:device_code", deviceCode="d")
oidc.create_token(clientId="c", clientSecret="s", grantType="authorization_code", code="k", redirectUri="http://127.0.0.1:1/oauth/callback", codeVerifier="v")
oidc.register_client(clientName="n", clientType="public")
oidc.register_client(clientName="n", clientType="public", scopes=["sso:account:access"], redirectUris=["http://127.0.0.1/oauth/callback"], grantTypes=["authorization_code", "refresh_token"], issuerUrl="https://x.awsapps.com/start")
oidc.start_device_authorization(clientId="c", clientSecret="s", startUrl="https://x.awsapps.com/start#/")
"#;

async fn send_each_operation(server: &Server) {
    let (portal, oidc) = (server.portal(), server.oidc());
    let token = || AccessToken::new("access/token+==");
    let account = || AccountId::new("012345678901").unwrap();
    let role = RoleName::new("Read Only/+=,.@-_é~*").unwrap();
    let secret = || ClientSecret::new("s");
    // Only the requests matter, so the results are ignored.
    let _ = portal.clone().oneshot(GetRoleCredentials::new(token(), account(), role)).await;
    let _ = portal.clone().oneshot(ListAccounts::new(token())).await;
    let _ = portal
        .clone()
        .oneshot(ListAccounts::new(token()).max_results(7).next_token("n/+= ~"))
        .await;
    let _ = portal.clone().oneshot(ListAccountRoles::new(token(), account())).await;
    let _ = portal
        .clone()
        .oneshot(ListAccountRoles::new(token(), account()).max_results(7).next_token("n&m"))
        .await;
    let _ = portal.oneshot(Logout::new(token())).await;
    let refresh =
        CreateToken::refresh_token("c", ClientSecret::new("s\"é"), RefreshToken::new("r"));
    let _ = oidc.clone().oneshot(refresh).await;
    let device = CreateToken::device_code("c", secret(), DeviceCode::new("d"));
    let _ = oidc.clone().oneshot(device).await;
    let code = CreateToken::authorization_code(
        "c",
        secret(),
        AuthorizationCode::new("k"),
        "http://127.0.0.1:1/oauth/callback",
        CodeVerifier::new("v"),
    );
    let _ = oidc.clone().oneshot(code).await;
    let _ = oidc.clone().oneshot(RegisterClient::new("n")).await;
    let register = RegisterClient::new("n")
        .scopes(["sso:account:access"])
        .redirect_uris(["http://127.0.0.1/oauth/callback"])
        .grant_types(["authorization_code", "refresh_token"])
        .issuer_url("https://x.awsapps.com/start");
    let _ = oidc.clone().oneshot(register).await;
    let start_url = StartUrl::new("https://x.awsapps.com/start#/").unwrap();
    let _ = oidc.oneshot(StartDeviceAuthorization::new("c", secret(), start_url)).await;
}

/// The parts of a request that must be equal.
#[derive(Debug, PartialEq)]
struct Comparable {
    method: String,
    path: String,
    query: Vec<String>,
    headers: BTreeMap<String, String>,
    body: serde_json::Value,
}

impl Comparable {
    fn of(request: &Recorded) -> Self {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut query: Vec<_> = query.split('&').map(ToOwned::to_owned).collect();
        // The order of parameters does not matter.
        query.sort();
        let headers = request
            .headers
            .iter()
            .filter(|(name, _)| match name.as_str() {
                // Headers that name the client or the attempt, and the port of the server.
                "user-agent"
                | "x-amz-user-agent"
                | "amz-sdk-invocation-id"
                | "amz-sdk-request"
                | "host" => false,
                // White space in the JSON differs, and so does the length. The body is compared
                // below.
                "content-length" => request.body.is_empty(),
                _ => true,
            })
            .cloned()
            .collect();
        let body = match request.body.as_slice() {
            [] => serde_json::Value::Null,
            _ => request.json(),
        };
        Self { method: request.method.clone(), path: path.to_owned(), query, headers, body }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs botocore"]
async fn each_request_equals_that_of_botocore() {
    let from_botocore = Server::start([json(200, "{}")]).await;
    let url = from_botocore.url();
    tokio::task::spawn_blocking(move || botocore::run(CALLS, &[&url])).await.unwrap();
    let from_this_crate = Server::start([json(200, "{}")]).await;
    send_each_operation(&from_this_crate).await;
    let (from_this_crate, from_botocore) = (from_this_crate.requests(), from_botocore.requests());
    assert_eq!((from_this_crate.len(), from_botocore.len()), (12, 12));
    for (from_this_crate, from_botocore) in from_this_crate.iter().zip(&from_botocore) {
        assert_eq!(Comparable::of(from_this_crate), Comparable::of(from_botocore));
    }
}
