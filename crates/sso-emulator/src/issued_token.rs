//! The result of a login.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sessions;

/// The result of a login, as it is written to a token file. No AWS service accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The access token.
    pub access_token: String,
    /// The time at which the access token expires.
    pub expires_at: Timestamp,
    /// The refresh token; `None` for a legacy profile.
    pub refresh_token: Option<String>,
    /// The client ID.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The time at which the client registration expires.
    pub registration_expires_at: Timestamp,
    /// The start URL of the login.
    pub start_url: String,
    /// The region of the SSO instance.
    pub region: String,
}

impl IssuedToken {
    /// Returns the content of the token file, as the AWS CLI writes it.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut token = json!({
            "startUrl": self.start_url,
            "region": self.region,
            "accessToken": self.access_token,
            "expiresAt": whole_seconds(self.expires_at),
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "registrationExpiresAt": whole_seconds(self.registration_expires_at),
        });
        if let (Some(refresh_token), Some(token)) = (&self.refresh_token, token.as_object_mut()) {
            token.insert("refreshToken".to_owned(), json!(refresh_token));
        }
        token
    }
}

fn whole_seconds(at: Timestamp) -> String {
    sessions::whole_seconds(at).to_string()
}
