//! No error (in any format) and no `tracing` event contains a secret.

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

/// A subscriber that records the events of the threads that called `start`, from every target and
/// at every level.
///
/// It is the default of the whole process, because `tracing` caches the decision of the first
/// thread on whether a subscriber is interested in an event.
struct Recorder;

thread_local! {
    static RECORDED: RefCell<Option<String>> = const { RefCell::new(None) };
}

impl Recorder {
    /// Starts to record the events of this thread.
    fn start() {
        let _ = tracing::subscriber::set_global_default(Self);
        RECORDED.set(Some(String::new()));
    }

    /// Returns the recorded events of this thread.
    fn finish() -> String {
        RECORDED.take().unwrap()
    }
}

fn append(write: impl FnOnce(&mut String)) {
    RECORDED.with_borrow_mut(|recorded| recorded.as_mut().map(write));
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        append(|text| {
            write!(text, "\nspan {}", span.metadata().name()).unwrap();
            span.record(&mut Fields(text));
        });
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        append(|text| values.record(&mut Fields(text)));
    }

    fn event(&self, event: &Event<'_>) {
        append(|text| {
            write!(text, "\n{}", event.metadata().target()).unwrap();
            event.record(&mut Fields(text));
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Returns all messages of an error and its sources, in all formats.
fn shown(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, " {error} {error:?}").unwrap();
        source = error.source();
    }
    text
}

/// Answers that quote the secrets of the request (`SENT`), and answers that contain new secrets.
fn answers_with_secrets() -> Vec<Reply> {
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
async fn errors_and_traces_contain_no_secret() {
    Recorder::start();
    let secret = || ClientSecret::new("CLIENT-MARK");
    let mut quoted = 0;
    for reply in answers_with_secrets() {
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
    assert!(quoted > 20, "too few secrets were quoted and replaced: {quoted}");
    let server = Server::start([json(200, CREDENTIALS)]).await;
    server.portal().oneshot(get_role_credentials()).await.unwrap();
    let traced = Recorder::finish();
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
