//! The HTML pages of the loopback listener. They contain no script, and all text is escaped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use ring::digest::{SHA256, digest};

use crate::LoginError;
use crate::callback::Rejection;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;\
                     padding:0 1rem}h1{font-size:1.6rem}";

/// A page with a title and a short text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    status: StatusCode,
    title: &'static str,
    text: String,
}

impl Page {
    pub(crate) fn logged_in(session: &str) -> Self {
        let text = format!("Session: {session}. You can close this window.");
        Self { status: StatusCode::OK, title: "You are logged in", text }
    }

    pub(crate) fn failed(error: &LoginError) -> Self {
        let (title, text) = match error {
            LoginError::Denied => ("The login was denied", "You can close this window."),
            _ => ("The login failed", "The program that started it says why."),
        };
        Self { status: StatusCode::OK, title, text: text.to_owned() }
    }

    pub(crate) fn rejected(rejection: Rejection) -> Self {
        let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let text = "It does not belong to the current login.".to_owned();
        Self { status, title: "This request is not accepted", text }
    }

    pub(crate) fn already_answered() -> Self {
        let text = "The login already has an answer. You can close this window.".to_owned();
        Self { status: StatusCode::CONFLICT, title: "This page was already used", text }
    }

    pub(crate) fn response(&self) -> Response<Full<Bytes>> {
        let (title, text) = (escape(self.title), escape(&self.text));
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <title>{title}</title><style>{STYLE}</style></head>\
             <body><h1>{title}</h1><p>{text}</p></body></html>\n"
        );
        let mut response = Response::new(Full::from(html));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONNECTION, "close"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // The policy allows this style sheet, by its hash, and nothing else.
        let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// Escapes the characters that are special in HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn text_is_escaped_and_the_policy_allows_no_script() {
        let response = Page::logged_in("<script>alert(1)</script>&'\"").response();
        let headers = response.headers().clone();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("inline"), "{policy}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let html = str::from_utf8(&body).unwrap();
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;&quot;"), "{html}");
        assert!(!html.contains("<script"), "{html}");
    }
}
