//! Start URLs on a custom domain, and the endpoint that a start URL selects.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use sso_http::{RequestBody, ResponseBody};
use sso_login::{Flow, Login, LoginError, LoginSession};
use tower::service_fn;

use crate::scene::User;

type Answer = fn(&str, &str) -> (u16, &'static str);

/// Logs in with a device code to a session with this start URL. `answer` is the web server of the
/// custom domain: it gets the method and the URL, and returns the status and `Location`. Returns
/// the requests, and the `startUrl` in the token file.
async fn login(start_url: &str, answer: Answer) -> (Vec<String>, Result<String, LoginError>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let https = service_fn(move |request: Request<RequestBody>| {
        let (method, url) = (request.method().to_string(), request.uri().to_string());
        let body = String::from_utf8_lossy(request.body().as_bytes()).into_owned();
        let sent = if body.contains("startUrl") { format!(" {body}") } else { String::new() };
        let sent = sent.split("\"startUrl\":").nth(1).unwrap_or_default().to_owned();
        seen.lock().unwrap().push(format!("{method} {url} {sent}").trim().to_owned());
        let (status, location, body) = match request.uri().path() {
            "/client/register" => (200, "", r#"{"clientId":"c","clientSecret":"s"}"#),
            "/device_authorization" => (
                200,
                "",
                r#"{"deviceCode":"d","userCode":"A","verificationUri":"https://d.example/","expiresIn":9,"interval":1}"#,
            ),
            "/token" => (200, "", r#"{"accessToken":"a","expiresIn":60}"#),
            _ => {
                let (status, location) = answer(&method, &url);
                (status, location, "")
            }
        };
        let mut response = Response::new(ResponseBody::new(body.as_bytes().to_vec()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if !location.is_empty() {
            response.headers_mut().insert("location", location.parse().unwrap());
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let directory = tempfile::tempdir().unwrap();
    let file = sso_cache::TokenFile::new(directory.path().join("t.json"));
    let session = LoginSession::new(
        "s".parse().unwrap(),
        start_url.parse().unwrap(),
        "us-east-1".parse().unwrap(),
    );
    let login = Login::builder(https, session, file).flow(Flow::DeviceCode).build();
    let outcome = login.run(&User::default()).await;
    let outcome =
        outcome.map(|finished| finished.token().start_url().unwrap_or_default().to_owned());
    let requests = requests.lock().unwrap().clone();
    (requests, outcome)
}

#[tokio::test(start_paused = true)]
async fn a_custom_domain_is_resolved_to_its_portal_and_region() {
    let (requests, outcome) = login("https://sso.example.com/go#/", |method, url| {
        assert_eq!(url, "https://sso.example.com/go");
        match method {
            "HEAD" => (405, ""),
            _ => (302, "https://ssoins-1.portal.eu-west-1.app.aws/start/?x=1#/"),
        }
    })
    .await;
    assert_eq!(outcome.unwrap(), "https://sso.example.com/go#/", "as configured");
    assert_eq!(
        requests,
        [
            "HEAD https://sso.example.com/go",
            "GET https://sso.example.com/go",
            "POST https://oidc.eu-west-1.api.aws/client/register",
            "POST https://oidc.eu-west-1.api.aws/device_authorization \
             \"https://ssoins-1.portal.eu-west-1.app.aws/start\"}",
            "POST https://oidc.eu-west-1.api.aws/token",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_dual_stack_portal_selects_the_dual_stack_endpoint() {
    let (requests, outcome) =
        login("https://ssoins-1.portal.us-east-1.app.aws", |_, _| panic!("not resolved")).await;
    outcome.unwrap();
    assert!(requests[0].starts_with("POST https://oidc.us-east-1.api.aws/"), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn no_request_is_sent_to_resolve_a_start_url_on_a_host_of_aws() {
    let (requests, outcome) =
        login("https://my-sso-portal.awsapps.com/start", |_, _| panic!("not resolved")).await;
    outcome.unwrap();
    assert!(requests[0].starts_with("POST https://oidc.us-east-1.amazonaws.com/"), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn a_start_url_that_does_not_lead_to_aws_is_refused_before_the_registration() {
    for (start_url, answer, reason) in [
        ("https://sso.example.com", (|_, _| (200, "")) as Answer, "does not redirect"),
        ("https://sso.example.com", |_, _| (302, "https://evil.example/start"), "not AWS's"),
        ("https://sso.example.com", |_, _| (302, "http://x.awsapps.com/start"), "not https"),
        ("https://sso.example.com", |_, _| (302, "/start"), "does not redirect to a URL"),
        ("https://sso.example.com", |_, _| (500, "https://x.awsapps.com"), "does not redirect"),
        ("http://sso.example.com", |_, _| panic!("plain http"), "not https"),
        ("sso.example.com/start", |_, _| panic!("no URL"), "not a URL"),
    ] {
        let (requests, outcome) = login(start_url, answer).await;
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(start_url), "{error}");
        assert!(requests.iter().all(|request| !request.starts_with("POST")), "{requests:?}");
    }
}
