//! `GetRoleCredentials`: exchanges an access token for role credentials.

use http::{Method, Request};
use serde::Deserialize;
use sso_types::{AccessToken, AccountId, Credentials, RoleName, SecretAccessKey, SessionToken};

use crate::answer::{self, Integer, Text, malformed};
use crate::operation::{DecodeError, NotSendable, Wire, portal_request};
use crate::service_error_kind::Service;
use crate::{Endpoint, Operation, PortalOperation, RequestBody};

/// Asks the portal for temporary credentials of one role in one account
/// (`GET /federation/credentials`).
///
/// The response is [`Credentials`] with their account. The permission set determines how long they
/// are valid: 1 to 12 hours.
#[derive(Debug, Clone)]
pub struct GetRoleCredentials {
    access_token: AccessToken,
    account_id: AccountId,
    role_name: RoleName,
}

impl GetRoleCredentials {
    /// Creates a request for the credentials of `role_name` in `account_id`.
    pub fn new(access_token: AccessToken, account_id: AccountId, role_name: RoleName) -> Self {
        Self { access_token, account_id, role_name }
    }

    /// The access token. Secret.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The account.
    pub fn account_id(&self) -> &AccountId {
        &self.account_id
    }

    /// The role.
    pub fn role_name(&self) -> &RoleName {
        &self.role_name
    }
}

impl Operation for GetRoleCredentials {
    const NAME: &'static str = "GetRoleCredentials";
    type Response = Credentials;
}

impl PortalOperation for GetRoleCredentials {}

impl Wire for GetRoleCredentials {
    const SERVICE: Service = Service::Portal;
    type Answer = Credentials;

    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable> {
        let query = [
            ("role_name", Some(self.role_name.as_str())),
            ("account_id", Some(self.account_id.as_str())),
        ];
        portal_request(Method::GET, endpoint, "/federation/credentials", &query, &self.access_token)
    }

    fn decode(&self, body: &[u8]) -> Result<Credentials, DecodeError> {
        let answer: Answer = answer::object(body)?;
        let parts =
            answer.role_credentials.ok_or_else(|| malformed("roleCredentials is missing"))?;
        // Convert both secrets to their own types first, so that they are cleared if the rest
        // fails.
        let secret_access_key =
            Text::required(parts.secret_access_key, "secretAccessKey").map(SecretAccessKey::new);
        let session_token =
            Text::required(parts.session_token, "sessionToken").map(SessionToken::new);
        let access_key_id = Text::required(parts.access_key_id, "accessKeyId")?;
        let expires_at = Integer::epoch_milliseconds(parts.expiration, "expiration")?;
        Ok(Credentials::new(access_key_id, secret_access_key?, session_token?, expires_at)
            .with_account_id(self.account_id.clone()))
    }

    fn subject(&self) -> Option<(AccountId, Option<RoleName>)> {
        Some((self.account_id.clone(), Some(self.role_name.clone())))
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.access_token.expose_secret()]
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    role_credentials: Option<RoleCredentials>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleCredentials {
    access_key_id: Option<Text>,
    secret_access_key: Option<Text>,
    session_token: Option<Text>,
    expiration: Option<Integer>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(role_credentials: &str) -> Result<Credentials, DecodeError> {
        GetRoleCredentials::new(
            AccessToken::new("t"),
            AccountId::new("123456789012").unwrap(),
            RoleName::new("ReadOnly").unwrap(),
        )
        .decode(format!(r#"{{"roleCredentials":{role_credentials}}}"#).as_bytes())
    }

    #[test]
    fn a_complete_answer_is_decoded() {
        let credentials = decode(
            r#"{"accessKeyId":"AKID","secretAccessKey":"S","sessionToken":"T",
                "expiration":1700000000000,"new":{"field":1}}"#,
        )
        .unwrap();
        assert_eq!(credentials.access_key_id(), "AKID");
        assert_eq!(credentials.secret_access_key().expose_secret(), "S");
        assert_eq!(credentials.session_token().expose_secret(), "T");
        assert_eq!(credentials.expires_at().to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(credentials.account_id().unwrap().as_str(), "123456789012");
    }

    #[test]
    fn the_error_names_the_missing_or_invalid_field() {
        let whole = r#"{"accessKeyId":"MARK","secretAccessKey":"MARK","sessionToken":"MARK","expiration":1700000000000}"#;
        for (part, without, named) in [
            (r#""accessKeyId":"MARK""#, r#""accessKeyId":"""#, "accessKeyId"),
            (r#""secretAccessKey":"MARK""#, r#""secretAccessKey":null"#, "secretAccessKey"),
            (r#""sessionToken":"MARK""#, r#""x":0"#, "sessionToken"),
            (r#""sessionToken":"MARK""#, r#""sessionToken":"MA\nRK""#, "sessionToken"),
            ("1700000000000", "0", "expiration"),
            ("1700000000000", "1700000000", "expiration"),
            ("1700000000000", "\"2023-11-14T22:13:20Z\"", "type"),
            (whole, "null", "roleCredentials"),
        ] {
            let error = decode(&whole.replace(part, without)).unwrap_err();
            let DecodeError::Malformed(what) = error else { panic!("{without}") };
            assert!(what.contains(named) && !what.contains("MARK"), "{without}: {what}");
        }
    }
}
