//! The responses to a client: credentials, or an error in the fields that SDKs show.

use std::io;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use sso_provider::CredentialsError;
use sso_types::{AccountId, Credentials};
use zeroize::Zeroizing;

/// The reason that a request gets no credentials.
#[derive(Debug)]
pub(crate) enum Refusal {
    WrongHost,
    WrongMethod,
    WrongToken,
    UnknownPath,
    NoCredentials(Box<CredentialsError>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialsBody<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

/// The body of an error response. It has two spellings of each field: the SDKs for Go and Java read
/// the lower-case fields, the SDK for JavaScript the capitalized ones, and the SDK for Rust either.
#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(rename = "Code")]
    capitalized_code: &'a str,
    #[serde(rename = "Message")]
    capitalized_message: &'a str,
}

pub(crate) fn credentials(credentials: &Credentials) -> Response<Full<Bytes>> {
    let body = json(&CredentialsBody {
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.secret_access_key().expose_secret(),
        token: credentials.session_token().expose_secret(),
        // Whole seconds, because not every SDK accepts fractions.
        expiration: format!("{:.0}", credentials.expires_at()),
        account_id: credentials.account_id().map(AccountId::as_str),
    });
    response(StatusCode::OK, body)
}

pub(crate) fn refusal(refusal: &Refusal) -> Response<Full<Bytes>> {
    let (status, code) = refusal.status_and_code();
    let message = refusal.message();
    let body = json(&ErrorBody {
        code,
        message: &message,
        capitalized_code: code,
        capitalized_message: &message,
    });
    let mut response = response(status, body);
    if matches!(refusal, Refusal::WrongMethod) {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

impl Refusal {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::WrongHost => (StatusCode::MISDIRECTED_REQUEST, "MisdirectedRequest"),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            Self::WrongToken => (StatusCode::FORBIDDEN, "InvalidAuthorizationToken"),
            Self::UnknownPath => (StatusCode::NOT_FOUND, "NotFound"),
            Self::NoCredentials(error) if error.needs_login() => {
                (StatusCode::FORBIDDEN, "LoginRequired")
            }
            Self::NoCredentials(error) if error.is_access_denied() => {
                (StatusCode::FORBIDDEN, "AccessDenied")
            }
            Self::NoCredentials(error) if error.is_transient() => {
                (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
            }
            Self::NoCredentials(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::WrongHost => {
                "the Host header is not the address that this endpoint listens on".to_owned()
            }
            Self::WrongMethod => "this endpoint accepts only GET".to_owned(),
            Self::WrongToken => {
                "the Authorization header does not contain the token of this endpoint; \
                 set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN \
                 to the value that its program gave"
                    .to_owned()
            }
            Self::UnknownPath => "no credentials are served at this path; use the whole URL of \
                 AWS_CONTAINER_CREDENTIALS_FULL_URI"
                .to_owned(),
            // Clients show only the message.
            Self::NoCredentials(error) => error.report(),
        }
    }
}

fn response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Serializes into one buffer of the exact size, which is cleared from memory when it is dropped. A
/// growing buffer would leave copies of the secrets in freed memory.
fn json(value: &impl Serialize) -> Bytes {
    // Serializing structs of strings cannot fail, and neither can these writers.
    let mut length = Length(0);
    let _ = serde_json::to_writer(&mut length, value);
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    let _ = serde_json::to_writer(&mut *json, value);
    Bytes::from_owner(json)
}

/// Counts the bytes that are written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_has_the_exact_length_of_the_json() {
        let value = ["\"AKID\"", "schlüssel\n"];
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &value).unwrap();
        assert_eq!(length.0, json(&value).len());
    }
}
