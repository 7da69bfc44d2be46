//! Reads an error answer: its name, message, request id, and how long to wait before the next
//! request.

use std::time::Duration;

use http::{HeaderMap, StatusCode, Uri, header};
use jiff::fmt::rfc2822;
use serde::de::IgnoredAny;
use sso_types::{Clock as _, SystemClock};
use zeroize::Zeroizing;

use crate::json_text::{Members, without_bom};
use crate::redact::Redactor;
use crate::service_error_kind::Service;
use crate::{ServiceError, ServiceErrorKind};

/// Everything of an answer but its body.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// The content of an error answer.
pub(crate) fn read(
    service: Service,
    head: &Head,
    body: &[u8],
    redactor: &Redactor<'_>,
) -> ServiceError {
    let error = if head.status.is_redirection() {
        let to = head.location_host();
        ServiceError::of(ServiceErrorKind::Redirected).with_message(
            to.map_or("elsewhere".to_owned(), |host| format!("to {}", redactor.line(&host))),
        )
    } else {
        read_failure(service, head, body, redactor)
    };
    head.annotate(error, redactor)
}

/// The error for an answer that should be JSON and is not.
///
/// An answer of success is never quoted: it may hold the secrets that were asked for, in a form that
/// is not recognized.
pub(crate) fn unparseable(head: &Head, body: &[u8], redactor: &Redactor<'_>) -> ServiceError {
    let content_type = head.text(&header::CONTENT_TYPE).unwrap_or("no content type");
    let content_type = redactor.line(content_type);
    let message = if head.status.is_success() {
        format!("{content_type}, {} bytes", body.len())
    } else {
        let text = lossy(body);
        if names_a_secret(&text) {
            format!("{content_type}, not shown as it may hold a secret")
        } else {
            format!("{content_type}: \"{}\"", redactor.page(&text))
        }
    };
    ServiceError::of(ServiceErrorKind::Unparseable).with_message(message)
}

/// The text, with a sign for each byte that is none, in memory that is cleared.
fn lossy(body: &[u8]) -> Zeroizing<String> {
    // As long as it can get: a string that grows would leave parts behind it.
    let mut text = Zeroizing::new(String::with_capacity(body.len() * 3));
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// Returns whether a text that is not the JSON it should be may still hold the new secrets that were asked
/// for: it names one of the fields that hold them, in the services' spelling or in OAuth's.
fn names_a_secret(text: &str) -> bool {
    const FIELDS: [&str; 7] = [
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "clientsecret",
        "devicecode",
        "secretaccesskey",
        "sessiontoken",
    ];
    let mut bare = Zeroizing::new(String::with_capacity(text.len()));
    bare.extend(text.chars().filter(|it| it.is_alphanumeric()).map(|it| it.to_ascii_lowercase()));
    FIELDS.iter().any(|field| bare.contains(field))
}

fn read_failure(
    service: Service,
    head: &Head,
    body: &[u8],
    redactor: &Redactor<'_>,
) -> ServiceError {
    let by_header = head.named("x-amzn-errortype").and_then(bare_name);
    let json = Members::of(body);
    let blank = body.iter().all(u8::is_ascii_whitespace);
    if by_header.is_none() && json.is_none() && !blank && !is_json(body) {
        return unparseable(head, body, redactor);
    }
    // Whatever the service quotes is cleared again.
    let field = |name: &str| json.as_ref()?.text(name);
    let (oauth, type_name, code) = (field("error"), field("__type"), field("code"));
    let oauth = oauth.as_ref().map(|name| name.as_str());
    // The portal knows no OAuth codes: there it is someone else's word, and the status tells.
    let oauth_name = oauth.filter(|_| service == Service::Oidc);
    let name = by_header
        .or_else(|| type_name.as_ref().and_then(|name| bare_name(name)))
        .or_else(|| code.as_ref().and_then(|name| bare_name(name)))
        .or(oauth_name);
    let known = name
        .and_then(ServiceErrorKind::from_name)
        .or_else(|| oauth_name.and_then(ServiceErrorKind::from_name));
    let kind = match (service, known) {
        // It means that the client may not have a token; the portal's, that the user may not have
        // the role. To log in again would not help.
        (Service::Portal, Some(ServiceErrorKind::AccessDenied)) => ServiceErrorKind::Forbidden,
        (_, Some(kind)) => kind,
        (_, None) => ServiceErrorKind::from_status(service, head.status.as_u16()),
    };
    let mut error = ServiceError::of(kind).with_code(name.map(|name| redactor.line(name)));
    if let Some(message) = field("message").or_else(|| field("Message")) {
        error = error.with_message(redactor.line(&message));
    }
    if let Some(oauth) = oauth {
        error = error.with_error(redactor.line(oauth));
    }
    if let Some(description) = field("error_description") {
        error = error.with_error_description(redactor.line(&description));
    }
    if let Some(reason) = field("reason") {
        error = error.with_reason(redactor.line(&reason));
    }
    match field("region") {
        Some(region) if kind == ServiceErrorKind::InvalidRequestRegion => {
            let message = error.message().unwrap_or("the region is another").to_owned();
            error.with_message(format!("{message} (region {})", redactor.line(&region)))
        }
        _ => error,
    }
}

/// Returns whether it is JSON of any type: what is no object has no name to give, and is no login page either.
fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(without_bom(body)).is_ok()
}

/// A name without its namespace and without what Coral appends: `UnauthorizedException` of
/// `com.amazonaws.switchboard.portal#UnauthorizedException:http://internal.amazon.com/…`.
fn bare_name(text: &str) -> Option<&str> {
    let name = text.split(':').next().unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or_default().trim();
    (!name.is_empty()).then_some(name)
}

impl Head {
    /// Adds what every error of an answer has: status, request id, and how long to wait.
    pub(crate) fn annotate(&self, error: ServiceError, redactor: &Redactor<'_>) -> ServiceError {
        let mut error = error.with_status(self.status.as_u16());
        if let Some(request_id) = self.request_id() {
            error = error.with_request_id(redactor.line(request_id));
        }
        match self.retry_after() {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.named("x-amzn-requestid")
    }

    /// `x-amz-retry-after` is milliseconds, `Retry-After` seconds or a date. The date is taken
    /// relative to the answer's own `Date`, so that this machine's clock does not matter; where there
    /// is none, to that clock, by which a date in the past says nothing.
    fn retry_after(&self) -> Option<Duration> {
        if let Some(milliseconds) =
            self.named("x-amz-retry-after").and_then(|text| text.parse().ok())
        {
            return Some(Duration::from_millis(milliseconds));
        }
        let text = self.text(&header::RETRY_AFTER)?;
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More than there is room for is long all the same.
            return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
        }
        let until = rfc2822::parse(text).ok()?.timestamp();
        let wait = |now| Duration::try_from(until.duration_since(now)).ok();
        match self.text(&header::DATE).and_then(|date| rfc2822::parse(date).ok()) {
            Some(date) => Some(wait(date.timestamp()).unwrap_or(Duration::ZERO)),
            None => wait(SystemClock.now()),
        }
    }

    /// Where a redirect leads; without path and query, which may hold anything.
    fn location_host(&self) -> Option<String> {
        let location: Uri = self.text(&header::LOCATION)?.parse().ok()?;
        Some(location.host()?.to_owned())
    }

    fn text(&self, name: &header::HeaderName) -> Option<&str> {
        self.named(name.as_str())
    }

    fn named(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }
}
