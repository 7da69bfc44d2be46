//! The common part of the operations of both services: a name, a request, an answer.

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

/// Unreserved characters (RFC 3986 section 2.3) are not encoded.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One operation of the SSO portal or of SSO OIDC, as a request with everything in it.
///
/// Sealed: the operations are those of the services' models.
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

/// An operation's form on the wire. Private in effect, which seals [`Operation`].
#[expect(unnameable_types, reason = "it seals Operation")]
pub trait Wire: Sized {
    /// Which service.
    const SERVICE: Service;

    /// The result of [`Wire::decode`].
    type Answer;

    /// The request.
    fn encode(&self, endpoint: &Endpoint) -> Result<Request<RequestBody>, NotSendable>;

    /// The body of an answer of success.
    fn decode(&self, body: &[u8]) -> Result<Self::Answer, DecodeError>;

    /// Account and role, where the operation is about one.
    fn subject(&self) -> Option<(AccountId, Option<RoleName>)> {
        None
    }

    /// Time limits in place of the client's.
    fn timeouts(&self) -> Option<Timeouts> {
        None
    }

    /// Every secret of the request: what must not appear in an error, even where the answer quotes
    /// it.
    fn secrets(&self) -> Vec<&str>;
}

/// Why a request cannot be made, without a value of it.
#[derive(Debug)]
#[expect(unnameable_types, reason = "part of what seals Operation")]
pub struct NotSendable(pub(crate) &'static str);

/// Why an answer of success cannot be used.
#[derive(Debug, PartialEq, Eq)]
#[expect(unnameable_types, reason = "part of what seals Operation")]
pub enum DecodeError {
    /// It is not JSON at all: someone else's answer.
    NotJson,
    /// It is JSON, or begins so, and says not what it must; how, without a value of it.
    Malformed(String),
}

/// A request of the portal: in the query the parameters that there are, the access token in its
/// header.
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
    // In memory of its own that is cleared with the last copy of the request.
    let token = Zeroizing::new(access_token.expose_secret().as_bytes().to_vec());
    let token = Some(token).filter(|token| token.is_ascii());
    let token = token.map(|token| HeaderValue::from_maybe_shared(Bytes::from_owner(token)));
    let Some(Ok(mut token)) = token else {
        return Err(NotSendable(
            "the access token holds a character that no header can carry; log in again",
        ));
    };
    // Not shown by Debug, not kept in HTTP/2's header table.
    token.set_sensitive(true);
    let mut request = request(method, endpoint, &path_and_query, RequestBody::empty())?;
    request.headers_mut().insert(BEARER_TOKEN, token);
    Ok(request)
}

/// A request of OIDC: everything in a JSON body.
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
        // Some proxies refuse a POST that does not say how long it is (411).
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    // Without it a server may choose any coding (RFC 9110 section 12.5.3); none is undone here.
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(request)
}

/// JSON in memory of just the right size: a buffer that grows would leave secrets behind it.
fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, NotSendable> {
    const WHY: NotSendable = NotSendable("it cannot be written as JSON");
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value).map_err(|_| WHY)?;
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, value).map_err(|_| WHY)?;
    Ok(json)
}

/// Counts what is written to it.
struct Length(usize);

impl std::io::Write for Length {
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
