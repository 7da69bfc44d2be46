//! `StartDeviceAuthorization`: begins a login that the user finishes in a browser.

use std::time::Duration;

use http::{Request, Uri};
use serde::{Deserialize, Serialize};
use sso_types::{ClientSecret, StartUrl};

use crate::answer::{self, Integer, Text, malformed};
use crate::operation::{DecodeError, NotSendable, Wire, oidc_request};
use crate::service_error_kind::Service;
use crate::{DeviceCode, Endpoint, OidcOperation, Operation, RequestBody};

/// How often to poll when the service does not say (RFC 8628 section 3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// Begins a device authorization (`POST /device_authorization`, RFC 8628 section 3.1).
#[derive(Debug, Clone)]
pub struct StartDeviceAuthorization {
    client_id: String,
    client_secret: ClientSecret,
    start_url: StartUrl,
}

/// A device authorization that waits for its user.
#[derive(Debug, Clone)]
pub struct StartDeviceAuthorizationResponse {
    device_code: DeviceCode,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Duration,
    interval: Duration,
}

impl StartDeviceAuthorization {
    /// A login at the instance with that start URL, by a registered client.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: ClientSecret,
        start_url: StartUrl,
    ) -> Self {
        Self { client_id: client_id.into(), client_secret, start_url }
    }
}

impl StartDeviceAuthorizationResponse {
    /// An authorization, for mocks, to be polled every five seconds.
    pub fn new(
        device_code: DeviceCode,
        user_code: impl Into<String>,
        verification_uri: impl Into<String>,
        expires_in: Duration,
    ) -> Self {
        Self {
            device_code,
            user_code: user_code.into(),
            verification_uri: verification_uri.into(),
            verification_uri_complete: None,
            expires_in,
            interval: DEFAULT_INTERVAL,
        }
    }

    /// The same authorization, with a page that has the user code filled in.
    #[must_use]
    pub fn with_verification_uri_complete(mut self, uri: impl Into<String>) -> Self {
        self.verification_uri_complete = Some(uri.into());
        self
    }

    /// The same authorization, to be polled that often.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The code to poll `CreateToken` with. Secret.
    pub fn device_code(&self) -> &DeviceCode {
        &self.device_code
    }

    /// The code that the user compares or types.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// The page that the user is sent to. An `http` or `https` URL of visible ASCII characters: fit
    /// to be opened, and to be shown.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The same page with the user code filled in, where the service gives one. As fit.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_deref()
    }

    /// How long the codes are good for, from when the answer was made.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// How long to wait between polls: at least a second, five when the service does not say.
    pub fn interval(&self) -> Duration {
        self.interval
    }
}

impl Operation for StartDeviceAuthorization {
    const NAME: &'static str = "StartDeviceAuthorization";
    type Response = StartDeviceAuthorizationResponse;
}

impl OidcOperation for StartDeviceAuthorization {}

impl Wire for StartDeviceAuthorization {
    const SERVICE: Service = Service::Oidc;
    type Answer = StartDeviceAuthorizationResponse;

    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable> {
        let body = Body {
            client_id: &self.client_id,
            client_secret: self.client_secret.expose_secret(),
            start_url: self.start_url.as_str(),
        };
        oidc_request(endpoint, "/device_authorization", &body)
    }

    fn decode(&self, body: &[u8]) -> Result<StartDeviceAuthorizationResponse, DecodeError> {
        let answer: Answer = answer::object(body)?;
        let device_code = DeviceCode::new(Text::required(answer.device_code, "deviceCode")?);
        let verification_uri = Text::required(answer.verification_uri, "verificationUri")?;
        let complete = Text::optional(answer.verification_uri_complete);
        Ok(StartDeviceAuthorizationResponse {
            device_code,
            user_code: Text::required(answer.user_code, "userCode")?,
            verification_uri: page(verification_uri, "verificationUri")?,
            verification_uri_complete: complete
                .map(|uri| page(uri, "verificationUriComplete"))
                .transpose()?,
            expires_in: Integer::lifetime(answer.expires_in, "expiresIn")?,
            interval: match answer.interval.map(Integer::get) {
                Some(seconds @ 1..=600) => Duration::from_secs(seconds.unsigned_abs()),
                _ => DEFAULT_INTERVAL,
            },
        })
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.client_secret.expose_secret()]
    }
}

/// Lets only web pages through: programs hand these to whatever opens a file or URL, and print them.
fn page(uri: String, field: &str) -> Result<String, DecodeError> {
    let web = uri.parse::<Uri>().is_ok_and(|parsed| {
        matches!(parsed.scheme_str(), Some("https" | "http"))
            && parsed.host().is_some_and(|host| !host.is_empty())
    });
    // http::Uri takes what is not ASCII too, among it characters that control a terminal or turn
    // the writing direction.
    if web && uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(uri)
    } else {
        Err(malformed(format!("{field} is not a web page")))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    start_url: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    device_code: Option<Text>,
    user_code: Option<Text>,
    verification_uri: Option<Text>,
    verification_uri_complete: Option<Text>,
    expires_in: Option<Integer>,
    interval: Option<Integer>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_pages_are_for_opening() {
        for uri in
            ["https://device.sso.eu-central-1.amazonaws.com/?user_code=A-B", "http://[::1]:1/"]
        {
            assert_eq!(page(uri.to_owned(), "f"), Ok(uri.to_owned()));
        }
        for uri in [
            "",
            "file:///etc/passwd",
            "-flag",
            "javascript:alert(1)",
            "https://a b",
            "/x",
            "https://a/\u{9b}2J",
            "https://a/?user_code=\u{202e}B-A",
            "https://a/\u{7f}",
        ] {
            assert!(page(uri.to_owned(), "f").is_err(), "{uri}");
        }
    }
}
