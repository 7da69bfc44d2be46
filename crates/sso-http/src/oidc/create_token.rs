//! `CreateToken`: exchanges a grant for an access token.

use std::time::Duration;

use http::Request;
use serde::{Deserialize, Serialize};
use sso_types::{AccessToken, ClientSecret, RefreshToken};

use crate::answer::{self, Integer, OptionalText, Text};
use crate::operation::{DecodeError, NotSendable, Wire, oidc_request};
use crate::service_error_kind::Service;
use crate::{
    AuthorizationCode, CodeVerifier, DeviceCode, Endpoint, IdToken, OidcOperation, Operation,
    RequestBody, Timeouts,
};

/// Asks SSO OIDC for an access token (`POST /token`), in exchange for a refresh token, a device
/// code or an authorization code.
///
/// Once a request has reached the service, its refresh token may be spent, even if the answer is
/// lost.
#[derive(Debug, Clone)]
pub struct CreateToken {
    client_id: String,
    client_secret: ClientSecret,
    grant: Grant,
    timeouts: Option<Timeouts>,
}

#[derive(Debug, Clone)]
enum Grant {
    RefreshToken(RefreshToken),
    DeviceCode(DeviceCode),
    AuthorizationCode { code: AuthorizationCode, redirect_uri: String, code_verifier: CodeVerifier },
}

/// The response to [`CreateToken`].
#[derive(Debug, Clone)]
pub struct CreateTokenResponse {
    access_token: AccessToken,
    expires_in: Duration,
    token_type: Option<String>,
    refresh_token: Option<RefreshToken>,
    id_token: Option<IdToken>,
}

impl CreateToken {
    /// Creates a request with a refresh token (RFC 6749 section 6).
    pub fn refresh_token(
        client_id: impl Into<String>,
        client_secret: ClientSecret,
        refresh_token: RefreshToken,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            grant: Grant::RefreshToken(refresh_token),
            timeouts: None,
        }
    }

    /// Creates a request with a device code (RFC 8628 section 3.4). The caller sends it repeatedly
    /// until the user has allowed or denied the login.
    pub fn device_code(
        client_id: impl Into<String>,
        client_secret: ClientSecret,
        device_code: DeviceCode,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            grant: Grant::DeviceCode(device_code),
            timeouts: None,
        }
    }

    /// Creates a request with an authorization code (RFC 6749 section 4.1.3). `code_verifier` is
    /// the PKCE code verifier of the code's challenge (RFC 7636 section 4.5). `redirect_uri` is the
    /// URI that received the code.
    pub fn authorization_code(
        client_id: impl Into<String>,
        client_secret: ClientSecret,
        code: AuthorizationCode,
        redirect_uri: impl Into<String>,
        code_verifier: CodeVerifier,
    ) -> Self {
        let grant =
            Grant::AuthorizationCode { code, redirect_uri: redirect_uri.into(), code_verifier };
        Self { client_id: client_id.into(), client_secret, grant, timeouts: None }
    }

    /// Sets timeouts for this call that replace those of the client, for instance for a refresh
    /// ahead of expiry.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// The client ID of the registration.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The OAuth grant type.
    pub fn grant_type(&self) -> &'static str {
        match self.grant {
            Grant::RefreshToken(_) => "refresh_token",
            Grant::DeviceCode(_) => "urn:ietf:params:oauth:grant-type:device_code",
            Grant::AuthorizationCode { .. } => "authorization_code",
        }
    }

    /// Returns `true` if this polls for the token of a device authorization.
    pub fn is_device_code_grant(&self) -> bool {
        matches!(self.grant, Grant::DeviceCode(_))
    }

    /// The refresh token, if the grant is a refresh token. For mocks that check it. Secret.
    pub fn refresh_token_grant(&self) -> Option<&RefreshToken> {
        match &self.grant {
            Grant::RefreshToken(refresh_token) => Some(refresh_token),
            _ => None,
        }
    }
}

impl CreateTokenResponse {
    /// Creates a response, for mocks. The token is valid for `expires_in` from the time of the
    /// response.
    pub fn new(access_token: AccessToken, expires_in: Duration) -> Self {
        Self {
            access_token,
            expires_in,
            token_type: Some("Bearer".to_owned()),
            refresh_token: None,
            id_token: None,
        }
    }

    /// Adds a new refresh token.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: RefreshToken) -> Self {
        self.refresh_token = Some(refresh_token);
        self
    }

    /// The access token. Secret; never empty.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The lifetime of the token, counted from the time of the response. Never zero.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// The refresh token for the next refresh. If `None`, the previous refresh token stays valid
    /// (RFC 6749 section 6). Secret.
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    /// `Bearer`, if the service returns it.
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }

    /// An ID token. The documentation of AWS says that the service does not return one. Secret.
    pub fn id_token(&self) -> Option<&IdToken> {
        self.id_token.as_ref()
    }
}

impl Operation for CreateToken {
    const NAME: &'static str = "CreateToken";
    type Response = CreateTokenResponse;
}

impl OidcOperation for CreateToken {}

impl Wire for CreateToken {
    const SERVICE: Service = Service::Oidc;
    type Answer = CreateTokenResponse;

    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable> {
        let mut body = Body {
            client_id: &self.client_id,
            client_secret: self.client_secret.expose_secret(),
            grant_type: self.grant_type(),
            ..Body::default()
        };
        match &self.grant {
            Grant::RefreshToken(token) => body.refresh_token = Some(token.expose_secret()),
            Grant::DeviceCode(code) => body.device_code = Some(code.expose_secret()),
            Grant::AuthorizationCode { code, redirect_uri, code_verifier } => {
                body.code = Some(code.expose_secret());
                body.redirect_uri = Some(redirect_uri);
                body.code_verifier = Some(code_verifier.expose_secret());
            }
        }
        oidc_request(endpoint, "/token", &body)
    }

    fn decode(&self, body: &[u8]) -> Result<CreateTokenResponse, DecodeError> {
        let answer: Answer = answer::object(body)?;
        let refresh_token = answer.refresh_token.get().map(RefreshToken::new);
        let id_token = answer.id_token.get().map(IdToken::new);
        let access_token = AccessToken::new(Text::required(answer.access_token, "accessToken")?);
        Ok(CreateTokenResponse {
            access_token,
            expires_in: Integer::lifetime(answer.expires_in, "expiresIn")?,
            token_type: answer.token_type.get(),
            refresh_token,
            id_token,
        })
    }

    fn timeouts(&self) -> Option<Timeouts> {
        self.timeouts
    }

    fn secrets(&self) -> Vec<&str> {
        let mut secrets = vec![self.client_secret.expose_secret()];
        match &self.grant {
            Grant::RefreshToken(token) => secrets.push(token.expose_secret()),
            Grant::DeviceCode(code) => secrets.push(code.expose_secret()),
            Grant::AuthorizationCode { code, code_verifier, .. } => {
                secrets.extend([code.expose_secret(), code_verifier.expose_secret()]);
            }
        }
        secrets
    }
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    grant_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_verifier: Option<&'a str>,
}

/// Optional fields of a wrong type count as missing. The refresh token is already spent, so a valid
/// access token must not be discarded because of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    access_token: Option<Text>,
    #[serde(default)]
    token_type: OptionalText,
    expires_in: Option<Integer>,
    #[serde(default)]
    refresh_token: OptionalText,
    #[serde(default)]
    id_token: OptionalText,
}
