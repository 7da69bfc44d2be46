//! The SSO OIDC service's operations.

use serde::Deserialize;
use serde_json::json;

use crate::answer::Answer;
use crate::logins::{DEVICE_CODE_TTL, POLL_INTERVAL};
use crate::sessions::{ACCOUNT_ACCESS, Client, Grant, random_hex};
use crate::settings::Settings;
use crate::world::World;
use crate::{ErrorName, Operation};

const AUTHORIZATION_CODE: &str = "authorization_code";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_TOKEN: &str = "refresh_token";

/// Answers a request with a JSON body.
pub(crate) fn answer(world: &World, operation: Operation, body: &[u8]) -> Answer {
    let work = || match operation {
        Operation::CreateToken => create_token(world, parse(body)?),
        Operation::RegisterClient => register_client(world, parse(body)?),
        _ => start_device_authorization(world, &parse(body)?),
    };
    work().unwrap_or_else(|name| Answer::error(operation, name))
}

/// Returns the `grantType` of a body, for the request log.
pub(crate) fn grant_type(body: &[u8]) -> Option<String> {
    parse::<CreateToken>(body).ok()?.grant_type
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateToken {
    client_id: Option<String>,
    client_secret: Option<String>,
    grant_type: Option<String>,
    device_code: Option<String>,
    code: Option<String>,
    refresh_token: Option<String>,
    scope: Option<Vec<String>>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegisterClient {
    client_name: Option<String>,
    client_type: Option<String>,
    scopes: Option<Vec<String>>,
    redirect_uris: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartDeviceAuthorization {
    client_id: Option<String>,
    client_secret: Option<String>,
    start_url: Option<String>,
}

fn create_token(world: &World, request: CreateToken) -> Result<Answer, ErrorName> {
    let client_id = given(request.client_id.as_ref())?;
    let client_secret = given(request.client_secret.as_ref())?;
    let grant_type = given(request.grant_type.as_ref())?;
    let (settings, now) = (&world.settings, world.now());
    let mut state = world.lock();
    let client = state.sessions.authenticate(client_id, client_secret, now)?;
    if ![AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN].contains(&grant_type) {
        return Err(ErrorName::UnsupportedGrantType);
    }
    if !client.may_use(grant_type) {
        return Err(ErrorName::UnauthorizedClient);
    }
    let asked = request.scope.unwrap_or_default();
    if asked.iter().any(|scope| !client.scopes.contains(scope)) {
        return Err(ErrorName::InvalidScope);
    }
    let refreshable =
        client.scopes.iter().any(|scope| scope == ACCOUNT_ACCESS) && client.may_use(REFRESH_TOKEN);
    let grant = match grant_type {
        REFRESH_TOKEN => {
            let refresh_token = given(request.refresh_token.as_ref())?;
            if state.sessions.is_spent(refresh_token) {
                state.log.counts.spent_refresh_tokens += 1;
            }
            let grant = state.sessions.refresh(client_id, refresh_token, settings, now)?;
            state.log.counts.refreshes += 1;
            grant
        }
        DEVICE_CODE => {
            let device_code = given(request.device_code.as_ref())?;
            state.logins.poll(device_code, client_id, now)?;
            state.sessions.log_in(client_id, refreshable, settings, now)
        }
        _ => {
            let code = given(request.code.as_ref())?;
            let redirect_uri = given(request.redirect_uri.as_ref())?;
            let verifier = given(request.code_verifier.as_ref())?;
            state.logins.redeem_code(code, client_id, redirect_uri, verifier, now)?;
            state.sessions.log_in(client_id, refreshable, settings, now)
        }
    };
    Ok(token_answer(&grant, settings))
}

fn token_answer(grant: &Grant, settings: &Settings) -> Answer {
    let mut body = json!({
        "accessToken": grant.access_token,
        "tokenType": "Bearer",
        "expiresIn": settings.token_ttl.as_secs(),
    });
    if let (Some(token), Some(body)) = (&grant.refresh_token, body.as_object_mut()) {
        body.insert("refreshToken".to_owned(), json!(token));
    }
    Answer::ok(&body)
}

fn register_client(world: &World, request: RegisterClient) -> Result<Answer, ErrorName> {
    let name = given(request.client_name.as_ref())?;
    if given(request.client_type.as_ref())? != "public" {
        return Err(ErrorName::InvalidClientMetadata);
    }
    let scopes = request.scopes.unwrap_or_default();
    if scopes.iter().any(|scope| scope.is_empty() || scope.contains(char::is_whitespace)) {
        return Err(ErrorName::InvalidScope);
    }
    let grant_types = request.grant_types.unwrap_or_default();
    let known =
        |grant: &String| [AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN].contains(&grant.as_str());
    if !grant_types.iter().all(known) {
        return Err(ErrorName::UnsupportedGrantType);
    }
    let redirect_uris = request.redirect_uris.unwrap_or_default();
    if redirect_uris.iter().any(|uri| loopback_path(uri).is_none()) {
        return Err(ErrorName::InvalidRedirectUri);
    }
    let now = world.now();
    let settings = &world.settings;
    let mut state = world.lock();
    let (client_id, client) =
        state.sessions.register(name, scopes, grant_types, redirect_uris, settings, now);
    Ok(Answer::ok(&json!({
        "clientId": client_id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": now.as_second(),
        "clientSecretExpiresAt": client.expires_at.as_second(),
        "authorizationEndpoint": format!("{}/authorize", world.base_url),
        "tokenEndpoint": format!("{}/token", world.base_url),
    })))
}

fn start_device_authorization(
    world: &World,
    request: &StartDeviceAuthorization,
) -> Result<Answer, ErrorName> {
    let client_id = given(request.client_id.as_ref())?;
    let client_secret = given(request.client_secret.as_ref())?;
    let start_url = given(request.start_url.as_ref())?;
    let now = world.now();
    let mut state = world.lock();
    let client = state.sessions.authenticate(client_id, client_secret, now)?;
    if !client.may_use(DEVICE_CODE) {
        return Err(ErrorName::UnauthorizedClient);
    }
    // AWS accepts the start URL with and without `/` or `#/` at its end.
    let bare = |url: &str| url.trim_end_matches(['/', '#']).to_owned();
    if bare(start_url) != bare(&world.settings.start_url) {
        return Err(ErrorName::InvalidRequest);
    }
    let device_code = state.sessions.unique("device");
    let user_code = user_code();
    state.logins.start_device(&device_code, &user_code, client_id, now);
    let page = format!("{}/device", world.base_url);
    Ok(Answer::ok(&json!({
        "deviceCode": device_code,
        "userCode": user_code,
        "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={user_code}"),
        "expiresIn": DEVICE_CODE_TTL.as_secs(),
        "interval": POLL_INTERVAL,
    })))
}

impl Client {
    fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types.is_empty() || self.grant_types.iter().any(|known| known == grant_type)
    }
}

/// Returns a code of the form `XXXX-XXXX`, with letters that are not easily confused.
fn user_code() -> String {
    const LETTERS: &[u8; 16] = b"BCDFGHJKLMNPQRST";
    let letter = |digit: char| {
        let letter = digit.to_digit(16).and_then(|digit| LETTERS.get(digit as usize));
        letter.map_or('X', |letter| char::from(*letter))
    };
    let mut code: String = random_hex(4).chars().map(letter).collect();
    code.insert(4, '-');
    code
}

/// Returns the path of a loopback redirect URI (RFC 8252 section 7.3), or `None` for another URI.
pub(crate) fn loopback_path(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    ["127.0.0.1", "localhost", "[::1]"].contains(&host).then_some(path)
}

fn given(parameter: Option<&String>) -> Result<&str, ErrorName> {
    parameter.map(String::as_str).filter(|text| !text.is_empty()).ok_or(ErrorName::InvalidRequest)
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ErrorName> {
    serde_json::from_slice(body).map_err(|_| ErrorName::InvalidRequest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_redirect_uris_are_accepted() {
        assert_eq!(loopback_path("http://127.0.0.1/oauth/callback"), Some("/oauth/callback"));
        assert_eq!(loopback_path("http://127.0.0.1:8400/cb"), Some("/cb"));
        assert_eq!(loopback_path("http://[::1]:1/"), Some("/"));
        for refused in [
            "https://127.0.0.1/cb",
            "http://example.com/cb",
            "http://127.0.0.1.example.com/cb",
            "http://127.0.0.1@example.com/cb",
            "http://127.0.0.1:x@example.com/cb",
            "http://127.0.0.1:x/cb",
            "",
        ] {
            assert_eq!(loopback_path(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_user_code_is_two_groups_of_four() {
        let code = user_code();
        assert_eq!(code.len(), 9);
        assert!(code.split('-').all(|group| group.len() == 4), "{code}");
    }
}
