//! `Logout`: ends the session of an access token.

use http::{Method, Request};
use sso_types::AccessToken;

use crate::operation::{DecodeError, NotSendable, Wire, portal_request};
use crate::service_error_kind::Service;
use crate::{Endpoint, Operation, PortalOperation, RequestBody};

/// Ends the session on the server (`POST /logout`). This invalidates the access token. Role
/// credentials that were already issued stay valid until they expire.
#[derive(Debug, Clone)]
pub struct Logout {
    access_token: AccessToken,
}

impl Logout {
    /// Creates a request to end the session of this token.
    pub fn new(access_token: AccessToken) -> Self {
        Self { access_token }
    }
}

impl Operation for Logout {
    const NAME: &'static str = "Logout";
    type Response = ();
}

impl PortalOperation for Logout {}

impl Wire for Logout {
    const SERVICE: Service = Service::Portal;
    type Answer = ();

    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable> {
        portal_request(Method::POST, endpoint, "/logout", &[], &self.access_token)
    }

    /// The portal's answer is empty. Other content is ignored, except an HTML page: it is not from
    /// the portal, so the session was not ended.
    fn decode(&self, body: &[u8]) -> Result<(), DecodeError> {
        match body.trim_ascii_start().first() {
            Some(b'<') => Err(DecodeError::NotJson),
            _ => Ok(()),
        }
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.access_token.expose_secret()]
    }
}
