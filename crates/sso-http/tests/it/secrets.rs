//! No secret in any error, in any form of showing it, nor in anything that `tracing` is told.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::{self, Write};

use sso_http::{
    AuthorizationCode, CodeVerifier, CreateToken, DeviceCode, RequestBody, ResponseBody,
};
use sso_types::ClientSecret;
use tower::ServiceExt;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Subscriber;
use tracing::{Event, Metadata};

use crate::operations::{get_role_credentials, refresh};
use crate::server::{CREDENTIALS, Reply, Server, json, raw};

/// Writes down everything that happens on a thread that listens, from every target, at every level.
///
/// It is the default of the whole process: `tracing` would else decide on another test's thread that
/// nobody is interested.
struct Everything;

thread_local! {
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

impl Everything {
    /// From here on this thread listens.
    fn listen() {
        let _ = tracing::subscriber::set_global_default(Self);
        HEARD.set(Some(String::new()));
    }

    fn heard() -> String {
        HEARD.take().unwrap()
    }
}

fn write_down(write: impl FnOnce(&mut String)) {
    HEARD.with_borrow_mut(|heard| heard.as_mut().map(write));
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        write_down(|text| {
            write!(text, "\nspan {}", span.metadata().name()).unwrap();
            span.record(&mut Fields(text));
        });
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        write_down(|text| values.record(&mut Fields(text)));
    }

    fn event(&self, event: &Event<'_>) {
        write_down(|text| {
            write!(text, "\n{}", event.metadata().target()).unwrap();
            event.record(&mut Fields(text));
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Everything that an error can be made to show.
fn shown(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, " {error} {error:?}").unwrap();
        source = error.source();
    }
    text
}

/// Answers that quote the secrets that they were sent, and answers with secrets of their own.
fn indiscreet() -> Vec<Reply> {
    let json_body = r#"{"message":"x SENT","error":"SENT","error_description":"SENT y","reason":"SENT","code":"SENT","__type":"SENT"}"#;
    let page = format!("<html><b title='SENT'>{}SENT</b>SENT</html>", "x".repeat(195));
    let quote = |head: &str, body: &str| Reply::Quote(format!("HTTP/1.1 {head}\r\n\r\n{body}"));
    let answer = r#"{"accessToken":"ACCESS-MARK","refreshToken":["REFRESH-MARK"],"roleCredentials":"ACCESS-MARK"}"#;
    vec![
        quote("400 Bad", json_body),
        quote("500 Bad", json_body),
        quote("403 No\r\nx-amzn-errortype: SENT\r\nx-amzn-requestid: SENT", json_body),
        quote("200 OK\r\ncontent-type: SENT", &page),
        quote("502 Bad\r\ncontent-type: text/html", &page),
        quote("401 Bad", "SENT"),
        quote("302 Found\r\nlocation: https://h.example/SENT?SENT", ""),
        quote("200 SENT", "SENT"),
        Reply::Quote("SENT".to_owned()),
        json(200, answer),
        json(200, &answer[..30]),
        Reply::Close(raw(200, &[], answer)[..90].to_vec()),
    ]
}

#[tokio::test]
async fn errors_and_traces_hold_no_secret() {
    Everything::listen();
    let secret = || ClientSecret::new("CLIENT-MARK");
    let mut quoted = 0;
    for reply in indiscreet() {
        let server = Server::start([reply]).await;
        let mut errors = vec![server.portal().oneshot(get_role_credentials()).await.unwrap_err()];
        for request in [
            refresh(),
            CreateToken::device_code("c", secret(), DeviceCode::new("DEVICE-MARK")),
            CreateToken::authorization_code(
                "c",
                secret(),
                AuthorizationCode::new("CODE-MARK"),
                "http://127.0.0.1/",
                CodeVerifier::new("VERIFIER-MARK"),
            ),
        ] {
            let shown = format!("{request:?}");
            assert!(!shown.contains("MARK"), "{shown}");
            errors.push(server.oidc().oneshot(request).await.unwrap_err());
        }
        for error in errors {
            let text = shown(&error);
            assert!(!text.contains("MARK"), "{text}");
            quoted += text.matches("(redacted)").count();
        }
    }
    assert!(quoted > 20, "the quotes were seen, and replaced");
    let server = Server::start([json(200, CREDENTIALS)]).await;
    server.portal().oneshot(get_role_credentials()).await.unwrap();
    let traced = Everything::heard();
    let span = "span call operation=\"GetRoleCredentials\" host=\"127.0.0.1";
    assert!(
        traced.contains(span) && traced.contains("ssocreds::http message=answered status=200"),
        "{traced}"
    );
    for secret in ["MARK", "123456789012", "Read", "SECRET", "SESSION"] {
        assert!(!traced.contains(secret), "{secret} in {traced}");
    }
}

#[test]
fn bodies_show_their_length_only() {
    assert_eq!(format!("{:?}", RequestBody::new(b"MARK".to_vec())), "RequestBody(4 bytes)");
    assert_eq!(format!("{:?}", ResponseBody::new(b"MARK".to_vec())), "ResponseBody(4 bytes)");
}
