//! Reads an error answer: its name, message, request ID, and the time to wait before the next
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

/// The status and the headers of an answer.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// Converts an error answer to an error.
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

/// Returns the error for an answer that should be JSON and is not.
///
/// A successful answer is never quoted, since it may contain the requested secrets in a form that
/// is not recognized.
pub(crate) fn unparseable(head: &Head, body: &[u8], redactor: &Redactor<'_>) -> ServiceError {
    let content_type = head.text(&header::CONTENT_TYPE).unwrap_or("no content type");
    let content_type = redactor.line(content_type);
    let message = if head.status.is_success() {
        format!("{content_type}, {} bytes", body.len())
    } else {
        let text = lossy(body);
        if names_a_secret(&text) {
            format!("{content_type}, not shown because it may contain a secret")
        } else {
            format!("{content_type}: \"{}\"", redactor.page(&text))
        }
    };
    ServiceError::of(ServiceErrorKind::Unparseable).with_message(message)
}

/// Decodes UTF-8 like `String::from_utf8_lossy`, into memory that is cleared.
fn lossy(body: &[u8]) -> Zeroizing<String> {
    // The largest possible size, since a growing string would leave copies in freed memory.
    let mut text = Zeroizing::new(String::with_capacity(body.len() * 3));
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

/// Returns `true` if a text that is not JSON may contain the requested secrets: it contains the
/// name of a secret field, in the spelling of the services or of OAuth.
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
    // The fields are cleared on drop, since the service may quote secrets in them.
    let field = |name: &str| json.as_ref()?.text(name);
    let (oauth, type_name, code) = (field("error"), field("__type"), field("code"));
    let oauth = oauth.as_ref().map(|name| name.as_str());
    // The portal does not use OAuth codes. An answer with one is not from the portal, so its kind
    // depends on the status.
    let oauth_name = oauth.filter(|_| service == Service::Oidc);
    let name = by_header
        .or_else(|| type_name.as_ref().and_then(|name| bare_name(name)))
        .or_else(|| code.as_ref().and_then(|name| bare_name(name)))
        .or(oauth_name);
    let known = name
        .and_then(ServiceErrorKind::from_name)
        .or_else(|| oauth_name.and_then(ServiceErrorKind::from_name));
    let kind = match (service, known) {
        // In an answer of OIDC, `AccessDenied` means that the login was denied. In an answer of the
        // portal, it means that the role is forbidden to the user. A new login would not help.
        (Service::Portal, Some(ServiceErrorKind::AccessDenied)) => ServiceErrorKind::Forbidden,
        (_, Some(kind)) => kind,
        (_, None) => ServiceErrorKind::from_status(service, head.status.as_u16()),
    };
    let mut error = ServiceError::of(kind).with_code(name.map(|name| redactor.line(name)));
    if let Some(message) = field("message").or_else(|| field("Message")) {
        error = error.with_message(redactor.line(&message));
    }
    if let Some(oauth) = oauth {
        error = error.with_oauth_code(redactor.line(oauth));
    }
    if let Some(description) = field("error_description") {
        error = error.with_error_description(redactor.line(&description));
    }
    if let Some(reason) = field("reason") {
        error = error.with_reason(redactor.line(&reason));
    }
    match field("region") {
        Some(region) if kind == ServiceErrorKind::InvalidRequestRegion => {
            let message = error.message().unwrap_or("the region is wrong").to_owned();
            error.with_message(format!("{message} (region {})", redactor.line(&region)))
        }
        _ => error,
    }
}

/// Returns `true` for JSON of any type. JSON that is not an object has no error name, but is not a
/// login page either.
fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(without_bom(body)).is_ok()
}

/// Strips the namespace and the suffix of an error name: returns `UnauthorizedException` for
/// `com.amazonaws.switchboard.portal#UnauthorizedException:http://internal.amazon.com/…`.
fn bare_name(text: &str) -> Option<&str> {
    let name = text.split(':').next().unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or_default().trim();
    (!name.is_empty()).then_some(name)
}

impl Head {
    /// Adds the status, the request ID, and the time to wait.
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

    /// The time to wait before the next request. `x-amz-retry-after` is in milliseconds.
    /// `Retry-After` is in seconds, or a date.
    ///
    /// The wait until a date is counted from the `Date` of the answer, so that this machine's clock
    /// does not matter. Without a `Date` it is counted from this machine's time, and a date in the
    /// past is ignored.
    fn retry_after(&self) -> Option<Duration> {
        if let Some(milliseconds) =
            self.named("x-amz-retry-after").and_then(|text| text.parse().ok())
        {
            return Some(Duration::from_millis(milliseconds));
        }
        let text = self.text(&header::RETRY_AFTER)?;
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number that is too large for `u64` is a long time.
            return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
        }
        let until = rfc2822::parse(text).ok()?.timestamp();
        let wait = |now| Duration::try_from(until.duration_since(now)).ok();
        match self.text(&header::DATE).and_then(|date| rfc2822::parse(date).ok()) {
            Some(date) => Some(wait(date.timestamp()).unwrap_or(Duration::ZERO)),
            None => wait(SystemClock.now()),
        }
    }

    /// The host that a redirect leads to. The path and the query are left out, since they may
    /// contain secrets.
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
