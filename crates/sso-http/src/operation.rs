//! The traits of an operation, and the encoding that the operations of each service share.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use sso_types::{AccessToken, AccountId, RoleName};
use zeroize::Zeroizing;

use crate::service_error_kind::Service;
use crate::{Endpoint, RequestBody, Timeouts};

/// The header that carries the access token to the portal.
const BEARER_TOKEN: &str = "x-amz-sso_bearer_token";

/// The characters to encode in a query value: all but the unreserved ones (RFC 3986 section 2.3).
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An operation of the SSO portal or of SSO OIDC, with all its parameters.
///
/// Sealed, since the services' models define the operations.
pub trait Operation: Wire<Answer = Self::Response> + Clone + Send + 'static {
    /// The name in the service's model, such as `GetRoleCredentials`.
    const NAME: &'static str;

    /// The answer of the service.
    type Response: Send + 'static;
}

/// An operation of the SSO portal.
pub trait PortalOperation: Operation {}

/// An operation of SSO OIDC.
pub trait OidcOperation: Operation {}

/// The wire format of an operation. It cannot be named outside this crate, which seals
/// [`Operation`].
#[expect(unnameable_types, reason = "it seals Operation")]
pub trait Wire: Sized {
    /// The service that the operation belongs to.
    const SERVICE: Service;

    /// The result of [`Wire::decode`].
    type Answer;

    /// Encodes the HTTP request.
    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable>;

    /// Decodes the body of a successful answer.
    fn decode(&self, body: &[u8]) -> Result<Self::Answer, DecodeError>;

    /// The account and the role that the operation concerns, if any.
    fn subject(&self) -> Option<(AccountId, Option<RoleName>)> {
        None
    }

    /// Timeouts that replace those of the client.
    fn timeouts(&self) -> Option<Timeouts> {
        None
    }

    /// All secrets of the request. They must not appear in an error, even if the answer quotes
    /// them.
    fn secrets(&self) -> Vec<&str>;
}

/// The reason why a request cannot be encoded. Contains no value of the request.
#[derive(Debug)]
#[expect(unnameable_types, reason = "part of what seals Operation")]
pub struct NotSendable(pub(crate) &'static str);

/// The reason why a successful answer cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
#[expect(unnameable_types, reason = "part of what seals Operation")]
pub enum DecodeError {
    /// The answer is not JSON, so it is probably not from the service.
    NotJson,
    /// The answer begins like a JSON object, but is not valid or lacks a required field. The text
    /// is the reason, and contains no value of the answer.
    Malformed(String),
}

/// Builds a request to the portal. Parameters with a value are in the query, and the access token
/// is in a header.
pub(crate) fn portal_request(
    method: Method,
    endpoint: &Endpoint,
    path: &str,
    query: &[(&str, Option<&str>)],
    access_token: &AccessToken,
) -> Result<Request<RequestBody>, NotSendable> {
    let mut path_and_query = path.to_owned();
    let parameters = query.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    for (index, (name, value)) in parameters.enumerate() {
        path_and_query.push(if index == 0 { '?' } else { '&' });
        path_and_query.push_str(name);
        path_and_query.push('=');
        path_and_query.extend(utf8_percent_encode(value, QUERY_VALUE));
    }
    // The allocation is cleared when the last clone of the request is dropped.
    let token = Zeroizing::new(access_token.expose_secret().as_bytes().to_vec());
    let token = Some(token).filter(|token| token.is_ascii());
    let token = token.map(|token| HeaderValue::from_maybe_shared(Bytes::from_owner(token)));
    let Some(Ok(mut token)) = token else {
        return Err(NotSendable(
            "the access token contains a character that is not allowed in a header; log in again",
        ));
    };
    // Keeps the token out of Debug output and of HTTP/2's header table.
    token.set_sensitive(true);
    let mut request = request(method, endpoint, &path_and_query, RequestBody::empty())?;
    request.headers_mut().insert(BEARER_TOKEN, token);
    Ok(request)
}

/// Builds a request to OIDC, with all parameters in a JSON body.
pub(crate) fn oidc_request(
    endpoint: &Endpoint,
    path: &str,
    body: &impl Serialize,
) -> Result<Request<RequestBody>, NotSendable> {
    let body = RequestBody::secret(to_json(body)?);
    let mut request = request(Method::POST, endpoint, path, body)?;
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}

fn request(
    method: Method,
    endpoint: &Endpoint,
    path_and_query: &str,
    body: RequestBody,
) -> Result<Request<RequestBody>, NotSendable> {
    let uri = endpoint
        .join(path_and_query)
        .map_err(|_| NotSendable("its URL would be too long; check the account and role names"))?;
    let mut request = Request::new(body);
    if method == Method::POST && request.body().as_bytes().is_empty() {
        // Some proxies refuse a POST without a Content-Length (411).
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    // Without this header a server may choose any encoding (RFC 9110 section 12.5.3), but this
    // crate does not decode any.
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(request)
}

/// Serializes to JSON. Allocates once, since a growing buffer would leave copies of secrets in
/// freed memory.
fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, NotSendable> {
    const WHY: NotSendable = NotSendable("it cannot be encoded as JSON");
    let mut length = ByteCounter(0);
    serde_json::to_writer(&mut length, value).map_err(|_| WHY)?;
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, value).map_err(|_| WHY)?;
    Ok(json)
}

/// Counts the bytes that are written to it.
struct ByteCounter(usize);

impl std::io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        "https://sso.example.com/base/".parse::<Endpoint>().unwrap().with_origin("a test")
    }

    #[test]
    fn query_values_are_percent_encoded() {
        let request = portal_request(
            Method::GET,
            &endpoint(),
            "/x",
            &[("none", None), ("a", Some("A-z_0.9~")), ("b", Some("ü &=+/?#%@,"))],
            &AccessToken::new("t"),
        )
        .unwrap();
        assert_eq!(
            request.uri(),
            "https://sso.example.com/base/x?a=A-z_0.9~&b=%C3%BC%20%26%3D%2B%2F%3F%23%25%40%2C"
        );
    }

    #[test]
    fn the_token_is_sensitive_and_never_shown() {
        let send = |token: &str| {
            portal_request(Method::GET, &endpoint(), "/x", &[], &AccessToken::new(token))
        };
        let request = send("MARK").unwrap();
        assert!(request.headers()[BEARER_TOKEN].is_sensitive());
        assert!(!format!("{request:?}").contains("MARK"));
        for token in ["MARK\n", "MARK\r\nHost: evil", "MA\0RK", "MA\u{7f}RK", "MA\u{fc}RK"] {
            assert!(!send(token).unwrap_err().0.contains("MARK"));
        }
    }
}
