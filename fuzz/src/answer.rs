//! An HTTP answer made from an input, and a service that returns it.
//!
//! Input: a line with the operation and the status; a line for each header; an empty line; the body.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body::{Body, Frame};
use serde_json::Value;
use sso_http::{RequestBody, ServiceError, ServiceErrorKind};
use tower::Service;

use super::Verdict;
use super::leak::{assert_hidden, shown};

/// The names of the fields that contain secrets.
const SECRETS: [&str; 7] = [
    "secretAccessKey",
    "sessionToken",
    "accessToken",
    "refreshToken",
    "idToken",
    "clientSecret",
    "deviceCode",
];

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) operation: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Parses any input. A line that is not a header is skipped.
    pub(crate) fn new(input: &[u8]) -> Self {
        let (first, mut rest) = line(input);
        let first = String::from_utf8_lossy(first);
        let (operation, status) = first.split_once(' ').unwrap_or((&first, ""));
        let status = status.trim().parse().ok().and_then(|it| StatusCode::from_u16(it).ok());
        let mut headers = HeaderMap::new();
        while !rest.is_empty() {
            let header;
            (header, rest) = line(rest);
            if header.is_empty() {
                break;
            }
            let colon = header.iter().position(|&byte| byte == b':').unwrap_or(header.len());
            let (name, value) = header.split_at(colon);
            let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
            {
                headers.insert(name, value);
            }
        }
        let status = status.unwrap_or(StatusCode::OK);
        Self {
            operation: operation.to_owned(),
            status,
            headers,
            body: Bytes::copy_from_slice(rest),
        }
    }

    /// A service that returns this answer to every request, and records the requests.
    pub(crate) fn service(
        &self,
        asked: &Arc<Mutex<Vec<Uri>>>,
    ) -> impl Service<
        Request<RequestBody>,
        Response = Response<Pieces>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + 'static {
        let answer = Arc::new(self.clone());
        let asked = Arc::clone(asked);
        tower::service_fn(move |request: Request<RequestBody>| {
            let answer = Arc::clone(&answer);
            asked.lock().expect("the lock is not poisoned").push(request.uri().clone());
            async move { Ok(answer.response()) }
        })
    }

    fn response(&self) -> Response<Pieces> {
        let middle = self.body.len() / 2;
        let pieces = [self.body.slice(..middle), self.body.slice(middle..)];
        let mut response = Response::new(Pieces(pieces.into()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }

    /// The body as another JSON parser reads it. `None` if that parser rejects it: it is stricter
    /// about numbers that are too large in fields that the operations ignore.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&String::from_utf8_lossy(&self.body)).ok()
    }

    /// Checks the result of `operation` for this answer. `fits` checks the value of a success.
    pub(crate) fn check<T>(
        &self,
        operation: &str,
        request_secrets: &[&str],
        read: Result<T, ServiceError>,
        fits: impl FnOnce(T),
    ) -> Verdict {
        match read {
            Ok(response) => {
                assert!(self.status.is_success(), "{} is not a success", self.status);
                fits(response);
                Verdict::Accepted
            }
            Err(error) => {
                self.check_error(&error, request_secrets);
                assert_eq!(error.operation(), Some(operation));
                Verdict::Refused
            }
        }
    }

    fn check_error(&self, error: &ServiceError, request_secrets: &[&str]) {
        let shown = everything_shown(error);
        for secret in request_secrets {
            assert!(!shown.contains(secret), "the request's {secret:?} is in {shown:?}");
        }
        assert!(error.to_string().chars().count() < 3000, "an endless message: {error}");
        assert_eq!(error.status(), Some(self.status.as_u16()), "{shown}");
        let kind = error.kind();
        if self.status.is_success() {
            let unusable = [ServiceErrorKind::Malformed, ServiceErrorKind::Unparseable];
            assert!(unusable.contains(&kind), "{shown}");
        } else if self.status.is_redirection() {
            assert_eq!(kind, ServiceErrorKind::Redirected, "{shown}");
        }
        if [429, 500, 502, 503, 504].contains(&self.status.as_u16()) {
            assert!(error.is_transient(), "{shown}");
        }
        assert!(error.may_have_been_sent() && !error.is_timeout(), "{shown}");
        // No error shows the value of a secret field. A login page is quoted, but has no such field.
        if [ServiceErrorKind::Malformed, ServiceErrorKind::Unparseable].contains(&kind) {
            let body = String::from_utf8_lossy(&self.body);
            let input = format!("{} {:?} {body}", self.operation, self.headers);
            for secret in values(&body) {
                assert_hidden(secret, &input, &shown);
            }
        }
    }
}

/// A body that arrives in pieces.
pub(crate) struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

/// Returns the output of a future that is ready at once.
pub(crate) fn at_once<T: Debug>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits, and there is nothing to wait for"),
    }
}

/// The error in every form, with all that it contains of the answer.
fn everything_shown(error: &ServiceError) -> String {
    let parts = [
        error.code(),
        error.message(),
        error.oauth_code(),
        error.error_description(),
        error.reason(),
        error.request_id(),
    ];
    let mut all = shown(error);
    for part in parts.into_iter().flatten() {
        super::leak::assert_printable(part);
        assert!(part.chars().count() <= 500, "too much is quoted: {part:?}");
        all.push_str(part);
    }
    all
}

/// The text of each string value of a secret field.
fn values(body: &str) -> impl Iterator<Item = &str> {
    SECRETS.iter().filter_map(move |name| {
        let (_, after) = body.split_once(&format!("\"{name}\""))?;
        let (value, _) = after.trim_start_matches([' ', ':']).strip_prefix('"')?.split_once('"')?;
        Some(value)
    })
}

fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&byte| byte == b'\n').unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}
