//! `RegisterClient`: registers a program with SSO OIDC.

use http::Request;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sso_types::ClientSecret;

use crate::answer::{self, Integer, Text};
use crate::operation::{DecodeError, NotSendable, Wire, oidc_request};
use crate::service_error_kind::Service;
use crate::{Endpoint, OidcOperation, Operation, RequestBody};

/// Registers a public client (`POST /client/register`). All other OIDC operations need the
/// registration. It is valid for about 90 days.
#[derive(Debug, Clone)]
pub struct RegisterClient {
    client_name: String,
    scopes: Vec<String>,
    redirect_uris: Vec<String>,
    grant_types: Vec<String>,
    issuer_url: Option<String>,
}

/// A client registration.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "the service's own names")]
pub struct RegisterClientResponse {
    client_id: String,
    client_secret: ClientSecret,
    client_id_issued_at: Option<Timestamp>,
    client_secret_expires_at: Option<Timestamp>,
}

impl RegisterClient {
    /// Creates a request. `client_name` is displayed to the user who is asked to allow the client.
    pub fn new(client_name: impl Into<String>) -> Self {
        Self {
            client_name: client_name.into(),
            scopes: Vec::new(),
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            issuer_url: None,
        }
    }

    /// Sets the scopes that the client may request, such as `sso:account:access`. The service
    /// issues refresh tokens only to clients with scopes.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the URIs that may receive authorization codes.
    #[must_use]
    pub fn redirect_uris(mut self, uris: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.redirect_uris = uris.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the OAuth grant types that the client may use: `authorization_code`, `refresh_token`,
    /// `urn:ietf:params:oauth:grant-type:device_code`.
    #[must_use]
    pub fn grant_types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.grant_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the issuer URL, which is the start URL of the IAM Identity Center instance.
    #[must_use]
    pub fn issuer_url(mut self, issuer_url: impl Into<String>) -> Self {
        self.issuer_url = Some(issuer_url.into());
        self
    }
}

impl RegisterClientResponse {
    /// Creates a registration, for mocks.
    pub fn new(client_id: impl Into<String>, client_secret: ClientSecret) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            client_id_issued_at: None,
            client_secret_expires_at: None,
        }
    }

    /// Sets the expiry of the registration.
    #[must_use]
    pub fn with_client_secret_expires_at(mut self, expires_at: Timestamp) -> Self {
        self.client_secret_expires_at = Some(expires_at);
        self
    }

    /// The client ID.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret. Secret.
    pub fn client_secret(&self) -> &ClientSecret {
        &self.client_secret
    }

    /// The time at which the registration was issued, if the service returns it.
    pub fn client_id_issued_at(&self) -> Option<Timestamp> {
        self.client_id_issued_at
    }

    /// The first moment at which the registration is no longer valid; `None` if the service does
    /// not return it.
    pub fn client_secret_expires_at(&self) -> Option<Timestamp> {
        self.client_secret_expires_at
    }
}

impl Operation for RegisterClient {
    const NAME: &'static str = "RegisterClient";
    type Response = RegisterClientResponse;
}

impl OidcOperation for RegisterClient {}

impl Wire for RegisterClient {
    const SERVICE: Service = Service::Oidc;
    type Answer = RegisterClientResponse;

    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable> {
        let body = Body {
            client_name: &self.client_name,
            client_type: "public",
            scopes: &self.scopes,
            redirect_uris: &self.redirect_uris,
            grant_types: &self.grant_types,
            issuer_url: self.issuer_url.as_deref(),
        };
        oidc_request(endpoint, "/client/register", &body)
    }

    fn decode(&self, body: &[u8]) -> Result<RegisterClientResponse, DecodeError> {
        let answer: Answer = answer::object(body)?;
        let client_secret =
            ClientSecret::new(Text::required(answer.client_secret, "clientSecret")?);
        Ok(RegisterClientResponse {
            client_id: Text::required(answer.client_id, "clientId")?,
            client_secret,
            client_id_issued_at: Integer::epoch_seconds(answer.client_id_issued_at),
            client_secret_expires_at: Integer::epoch_seconds(answer.client_secret_expires_at),
        })
    }

    fn secrets(&self) -> Vec<&str> {
        Vec::new()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    client_name: &'a str,
    client_type: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redirect_uris: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    grant_types: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer_url: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the service's own names")]
struct Answer {
    client_id: Option<Text>,
    client_secret: Option<Text>,
    client_id_issued_at: Option<Integer>,
    client_secret_expires_at: Option<Integer>,
}
