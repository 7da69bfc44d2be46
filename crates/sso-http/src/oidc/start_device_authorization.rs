//! `StartDeviceAuthorization`: begins a login that the user completes in a browser.

use std::time::Duration;

use http::{Request, Uri};
use serde::{Deserialize, Serialize};
use sso_types::{ClientSecret, StartUrl};

use crate::answer::{self, Integer, Text, malformed};
use crate::operation::{DecodeError, NotSendable, Wire, oidc_request};
use crate::service_error_kind::Service;
use crate::{DeviceCode, Endpoint, OidcOperation, Operation, RequestBody};

/// The polling interval if the service does not return one (RFC 8628 section 3.2).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// Begins a device authorization (`POST /device_authorization`, RFC 8628 section 3.1).
#[derive(Debug, Clone)]
pub struct StartDeviceAuthorization {
    client_id: String,
    client_secret: ClientSecret,
    start_url: StartUrl,
}

/// A device authorization that waits for the user.
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
    /// Creates a request for a login of a registered client at the instance with `start_url`.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: ClientSecret,
        start_url: StartUrl,
    ) -> Self {
        Self { client_id: client_id.into(), client_secret, start_url }
    }
}

impl StartDeviceAuthorizationResponse {
    /// Creates an authorization with a polling interval of five seconds, for mocks.
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

    /// Adds the URL of a page with the user code filled in.
    #[must_use]
    pub fn with_verification_uri_complete(mut self, uri: impl Into<String>) -> Self {
        self.verification_uri_complete = Some(uri.into());
        self
    }

    /// Sets the polling interval.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The code for polling with `CreateToken`. Secret.
    pub fn device_code(&self) -> &DeviceCode {
        &self.device_code
    }

    /// The code that the user compares or enters.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// The page that the user opens. An `http` or `https` URL of visible ASCII characters, so that
    /// it is safe to open and to display.
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// The same page with the user code filled in, if the service returns it. It has the same form
    /// as [`verification_uri`](Self::verification_uri).
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.verification_uri_complete.as_deref()
    }

    /// The lifetime of the codes, counted from the time of the response.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// The wait between polls, from 1 s to 600 s. It is 5 s if the service returns no such number.
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
            verification_uri: web_url(verification_uri, "verificationUri")?,
            verification_uri_complete: complete
                .map(|uri| web_url(uri, "verificationUriComplete"))
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

/// Accepts only URLs of web pages, since programs print these URLs and pass them to commands that
/// also open files.
fn web_url(uri: String, field: &str) -> Result<String, DecodeError> {
    let web = uri.parse::<Uri>().is_ok_and(|parsed| {
        matches!(parsed.scheme_str(), Some("https" | "http"))
            && parsed.host().is_some_and(|host| !host.is_empty())
    });
    // http::Uri also accepts non-ASCII text, such as characters that control a terminal or change
    // the writing direction.
    if web && uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(uri)
    } else {
        Err(malformed(format!("{field} is not the URL of a web page")))
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
    fn only_urls_of_web_pages_are_accepted() {
        for uri in
            ["https://device.sso.eu-central-1.amazonaws.com/?user_code=A-B", "http://[::1]:1/"]
        {
            assert_eq!(web_url(uri.to_owned(), "f"), Ok(uri.to_owned()));
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
            assert!(web_url(uri.to_owned(), "f").is_err(), "{uri}");
        }
    }
}
